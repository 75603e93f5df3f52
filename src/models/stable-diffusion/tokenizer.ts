import { join } from 'node:path';
import { z } from 'zod';
import { JSON_LIMITS, readJson } from '../../checkpoint/json-file.ts';
import { readText } from '../../checkpoint/regular-file.ts';
import { ZeroovError } from '../../errors.ts';
import { type ClipBpe, clipBpe } from '../../text/clip-bpe.ts';
import { TEXT_TOKENS } from './config.ts';

const token = z.union([z.string(), z.looseObject({ content: z.string() })]).optional();
const configSchema = z.looseObject({ pad_token: token });

/**
 * The tokenizer of a diffusers folder: `tokenizer/vocab.json` and `merges.txt`.
 *
 * @throws TOKENIZER_UNSUPPORTED, CONFIG_INVALID, CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE, FILE_TOO_LARGE
 */
export async function openTokenizer(folder: string): Promise<ClipBpe> {
  const file = (name: string) => join(folder, 'tokenizer', name);
  const limit = JSON_LIMITS.tokenizer;
  const path = file('merges.txt');
  const [config, vocab, merges] = await Promise.all([
    readJson({ file: file('tokenizer_config.json'), schema: configSchema }),
    readJson({ file: file('vocab.json'), schema: z.unknown(), limit }),
    readText({ path, checkpoint: folder, limit }),
  ]);
  if (merges === null) {
    throw new ZeroovError('TOKENIZER_UNSUPPORTED', { file: path, reason: 'it is not UTF-8' });
  }
  const pad = config.pad_token;
  const padToken = typeof pad === 'object' ? pad.content : pad;
  const vocabFile = 'tokenizer/vocab.json';
  return clipBpe({ vocab, merges, file: vocabFile, padToken, length: TEXT_TOKENS });
}
