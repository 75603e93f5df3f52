import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ZeroovError } from '../errors.ts';

/** What tells one state of a file from another, without reading it. */
export interface FileIdentity {
  /** The name it has in the checkpoint, e.g. `model-00001-of-00002.safetensors`. */
  readonly name: string;
  /** Real path: no part of it is a link. */
  readonly path: string;
  readonly dev: number;
  readonly inode: number;
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
  /** Known without reading for blobs of the hub cache, which are named by it. */
  readonly sha256?: string;
}

export interface OpenFile {
  readonly handle: FileHandle;
  readonly identity: FileIdentity;
}

/** The code of a failed system call, e.g. `ENOENT`; any other failure is a bug and is thrown on. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  throw error;
}

/**
 * Opens `path` for reading, links resolved first; the identity is that of the opened file, not of the path.
 * Never waits (a named pipe would) and never follows a link put in place after resolving.
 *
 * @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE (permissions, a loop of links, not a regular file)
 */
export async function openRegularFile(path: string, checkpoint: string): Promise<OpenFile> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(path);
    handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile())
      throw new ZeroovError('CHECKPOINT_UNREADABLE', {
        file: path,
        reason: 'it is not a regular file',
      });
    const { dev, ino: inode, size, mtimeMs } = stats;
    const blob = basename(real);
    const sha256 = /^[0-9a-f]{64}$/.test(blob) ? blob : undefined;
    return {
      handle,
      identity: { name: basename(path), path: real, dev, inode, size, mtimeMs, sha256 },
    };
  } catch (error) {
    await handle?.close();
    if (error instanceof ZeroovError) throw error;
    throw fileError({ path, checkpoint, error });
  }
}

/** The error of the table for a system call that failed on `path`. */
export function fileError(failed: {
  path: string;
  checkpoint: string;
  error: unknown;
}): ZeroovError {
  const { path, checkpoint, error } = failed;
  const code = systemCode(error);
  if (code !== 'ENOENT')
    return new ZeroovError('CHECKPOINT_UNREADABLE', { file: path, reason: code }, { cause: error });
  const fields = { file: basename(path), checkpoint, hint: 'get the checkpoint again' };
  return new ZeroovError('CHECKPOINT_FILE_MISSING', fields, { cause: error });
}

/** `length` bytes from `position` on, or fewer when the file ends before. */
export async function readBytes(
  handle: FileHandle,
  range: { position: number; length: number },
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(range.length);
  let filled = 0;
  while (filled < range.length) {
    const { bytesRead } = await handle.read(
      bytes,
      filled,
      range.length - filled,
      range.position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** The whole of a small file as UTF-8, or null when it is not UTF-8. @throws FILE_TOO_LARGE and those of opening */
export async function readText(file: {
  path: string;
  checkpoint: string;
  limit: number;
}): Promise<string | null> {
  const { handle, identity } = await openRegularFile(file.path, file.checkpoint);
  try {
    if (identity.size > file.limit)
      throw new ZeroovError('FILE_TOO_LARGE', {
        file: file.path,
        bytes: identity.size,
        limit: file.limit,
      });
    return decodeUtf8(await readBytes(handle, { position: 0, length: identity.size }));
  } finally {
    await handle.close();
  }
}

/** Strict: a byte that is no UTF-8 gives null; a byte order mark stays (and is no JSON). */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Throws CHECKPOINT_CHANGED unless the path still leads to the same file in the same state. */
export async function assertUnchanged(identity: FileIdentity): Promise<void> {
  const changed = (what: string): ZeroovError =>
    new ZeroovError('CHECKPOINT_CHANGED', { file: identity.path, what });
  const now = await stat(identity.path).catch((error: unknown) => {
    throw changed(`${systemCode(error)}: it is gone`);
  });
  if (now.dev !== identity.dev || now.ino !== identity.inode)
    throw changed('another file took its place');
  if (now.size !== identity.size) throw changed(`it had ${identity.size} bytes, now ${now.size}`);
  if (now.mtimeMs !== identity.mtimeMs) throw changed('it was written to');
}
