import { type FileHandle, open, rm } from 'node:fs/promises';
import { ZeroovError } from '../errors.ts';

/**
 * Makes a file and writes it; when that fails, the file is gone again. A file that is there already stays as it is.
 *
 * @throws OUTPUT_WRITE
 */
export async function newFile(
  path: string,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await withReason(path, () => open(path, 'wx'));
  let isComplete = false;
  try {
    await withReason(path, async () => {
      await write(file);
      await file.sync();
    });
    isComplete = true;
  } finally {
    await file.close();
    if (!isComplete) await rm(path, { force: true });
  }
}

/** A failed system call becomes OUTPUT_WRITE. */
async function withReason<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
    if (cause instanceof ZeroovError || code === undefined) throw cause;
    throw new ZeroovError('OUTPUT_WRITE', { path, reason: code }, { cause });
  }
}
