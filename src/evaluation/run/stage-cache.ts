/** RUN/evidence: a file a sample, so that K, τ, α, interaction and order can be tried again without a network. */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { systemCode } from '../../checkpoint/regular-file.ts';
import { writing } from '../../checkpoint/writing.ts';
import { ZeroovError } from '../../errors.ts';
import { decodeEvidence, type StoredSample } from './evidence-codec.ts';

/** More than any sample needs: eight resolutions of two groups take 17 MB. */
const LARGEST = 256 * 2 ** 20;

/** The file of the sample at `position` in the dataset's order. */
export function evidenceFile(run: string, position: number): string {
  return join(run, 'evidence', `${`${position}`.padStart(6, '0')}.gz`);
}

export async function hasEvidence(run: string, position: number): Promise<boolean> {
  return stat(evidenceFile(run, position)).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

/** Puts encoded evidence in place at once. @throws OUTPUT_WRITE */
export async function writeEvidence(file: string, encoded: Buffer): Promise<void> {
  const packed = await promisify(gzip)(encoded, { level: 1 });
  await writing(file, async () => {
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(`${file}.part`, packed, { flush: true });
    await rename(`${file}.part`, file);
  });
}

/** @throws RUN_EVIDENCE where there is none, or it is damaged */
export async function readEvidence(file: string): Promise<StoredSample> {
  const refuse = (reason: string, cause: unknown) =>
    new ZeroovError('RUN_EVIDENCE', { file, reason }, { cause });
  const packed = await readFile(file).catch((cause: unknown) => {
    const code = systemCode(cause);
    throw refuse(code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`, cause);
  });
  const encoded = await promisify(gunzip)(packed, { maxOutputLength: LARGEST }).catch(
    (cause: unknown) => {
      throw refuse('is damaged: remove it', cause);
    },
  );
  const sample = decodeEvidence(encoded);
  if (!sample) throw refuse('is not what this version of zeroov writes: remove it', undefined);
  return sample;
}
