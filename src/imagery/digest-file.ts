import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Up to `wholeBytes` a file is hashed as a whole, in a second or two; of a longer one as much as holds the directories. */
const LIMITS = { wholeBytes: 2 ** 30, endBytes: 32 * 2 ** 20 };
const CHUNK_BYTES = 2 ** 20;

export interface FileDigest {
  /** Lower-case hex. */
  readonly sha256: string;
  /** What was hashed: the file, or its first and last 32 MiB and its size as eight bytes, low byte first. */
  readonly sha256Of: 'file' | 'ends and size';
}

/** The digest of an open file of `size` bytes. */
export async function digestFile(
  handle: FileHandle,
  size: number,
  { wholeBytes, endBytes } = LIMITS,
): Promise<FileDigest> {
  const hash = createHash('sha256');
  if (size <= wholeBytes) {
    await addBytes(hash, handle, { from: 0, to: size });
    return { sha256: hash.digest('hex'), sha256Of: 'file' };
  }
  await addBytes(hash, handle, { from: 0, to: Math.min(size, endBytes) });
  await addBytes(hash, handle, { from: Math.max(0, size - endBytes), to: size });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(size));
  return { sha256: hash.update(length).digest('hex'), sha256Of: 'ends and size' };
}

async function addBytes(
  hash: Hash,
  handle: FileHandle,
  { from, to }: { from: number; to: number },
): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = from; at < to; ) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK_BYTES, to - at), at);
    // Cut short meanwhile: the file's times tell.
    if (bytesRead === 0) return;
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
}
