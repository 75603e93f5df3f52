import { createHash, type Hash } from 'node:crypto';
import { openRegularFile } from '../../checkpoint/regular-file.ts';

/** Adds the bytes of a file. @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE */
export async function addFile(hash: Hash, path: string): Promise<void> {
  const { handle } = await openRegularFile(path, path);
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk);
  } finally {
    await handle.close();
  }
}

/** sha256 of a file, lower-case hex. @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await addFile(hash, path);
  return hash.digest('hex');
}
