import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { ZeroovError } from '../errors.ts';
import { readText } from './regular-file.ts';

const MIB = 1024 * 1024;

/** Largest files of each kind; published ones have a tenth of it at most. */
export const JSON_LIMITS = {
  config: MIB,
  index: 16 * MIB,
  tokenizer: 64 * MIB,
} as const;

/**
 * Reads a JSON file of a checkpoint and checks it against `schema`.
 *
 * @param source.file path; links are followed
 * @param source.limit largest size in bytes, the one for configurations unless given
 * @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE, FILE_TOO_LARGE, and CONFIG_INVALID which says where in the
 *   JSON what was expected
 */
export async function readJson<Schema extends z.ZodType>(source: {
  readonly file: string;
  readonly schema: Schema;
  readonly limit?: number;
}): Promise<z.output<Schema>> {
  const { file, schema, limit = JSON_LIMITS.config } = source;
  const text = await readText({ path: file, checkpoint: dirname(file), limit });
  const result = schema.safeParse(parseJson(file, text));
  if (!result.success)
    throw new ZeroovError('CONFIG_INVALID', { file, reason: sayIssues(result.error) });
  return result.data;
}

function parseJson(file: string, text: string | null): unknown {
  if (text === null) throw new ZeroovError('CONFIG_INVALID', { file, reason: 'it is not UTF-8' });
  try {
    return JSON.parse(text);
  } catch (error) {
    const what = text.startsWith('version https://git-lfs') ? 'a Git LFS pointer' : 'not JSON';
    throw new ZeroovError(
      'CONFIG_INVALID',
      { file, reason: `${basename(file)} is ${what}` },
      { cause: error },
    );
  }
}

/** `vision_config.depth: expected number, received string; …`, at most three. */
function sayIssues(error: z.ZodError): string {
  const said = error.issues.slice(0, 3).map((issue) => {
    const message = issue.message.replace(/^Invalid input: /, '');
    return issue.path.length === 0 ? message : `${z.core.toDotPath(issue.path)}: ${message}`;
  });
  const more = error.issues.length - said.length;
  return said.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
