/** What tells one checkpoint from another, wherever it lies and whenever it was copied there. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { z } from 'zod';
import { locateCheckpoint } from '../../checkpoint/locate.ts';
import {
  type FileIdentity,
  fileError,
  openRegularFile,
  readBytes,
} from '../../checkpoint/regular-file.ts';
import type { UsedCheckpoints } from '../../pipeline/grounder.ts';
import { addFile, hashFile } from './hash-file.ts';

export const CHECKPOINT_IDENTITY = z.strictObject({
  /** The folder or hub id it was asked for by; another name for the same bytes is the same checkpoint. */
  label: z.string(),
  weights: z.array(
    z.strictObject({
      bytes: z.int().min(0),
      /** Of the whole file; of files above 1 GB that are not in the hub's cache, of `SAMPLES` parts of it (`sampled`). */
      sha256: z.string(),
      sampled: z.literal(true).optional(),
    }),
  ),
  /** sha256 over the names and bytes of every other file that is read: configurations, tokenizers, templates. */
  settings: z.string(),
});
export type CheckpointIdentity = z.infer<typeof CHECKPOINT_IDENTITY>;

/** Hashing 16 GB takes longer than it helps: other weights differ everywhere. */
const WHOLE_UP_TO = 1e9;
const SAMPLES = 256;
const SAMPLE_BYTES = 65_536;
const SETTINGS = ['.json', '.txt', '.jinja'];

/** @throws CHECKPOINT_UNREADABLE, CHECKPOINT_FILE_MISSING */
export async function identify({
  label,
  files,
}: NonNullable<UsedCheckpoints['vlm']>): Promise<CheckpointIdentity> {
  const weights = [];
  for (const file of files) weights.push(await identifyWeights(file));
  const { folder } = await locateCheckpoint(label);
  return { label, weights, settings: await hashSettings(folder) };
}

async function identifyWeights(file: FileIdentity): Promise<CheckpointIdentity['weights'][number]> {
  const { size: bytes, path, sha256 } = file;
  if (sha256) return { bytes, sha256 };
  if (bytes <= WHOLE_UP_TO) return { bytes, sha256: await hashFile(path) };
  const hash = createHash('sha256');
  const { handle } = await openRegularFile(path, path);
  try {
    // The first part holds the header, the last ends with the file.
    for (let i = 0; i < SAMPLES; i += 1) {
      const position = Math.floor(((bytes - SAMPLE_BYTES) * i) / (SAMPLES - 1));
      hash.update(await readBytes(handle, { position, length: SAMPLE_BYTES }));
    }
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest('hex'), sampled: true };
}

async function hashSettings(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError({ path: folder, checkpoint: folder, error });
  });
  const hash = createHash('sha256');
  for (const name of names.filter(isSetting).sort()) {
    hash.update(`${name}\n`);
    await addFile(hash, join(folder, name));
  }
  return hash.digest('hex');
}

/** Hidden files are those of programs that fetched the checkpoint. */
function isSetting(name: string): boolean {
  return SETTINGS.includes(extname(name)) && !/(^|[\\/])\./.test(name);
}
