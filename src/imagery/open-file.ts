import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { humanBytes, ZeroovError } from '../errors.ts';

/** Of a picture that is read as a whole: twice what 64 MPx of uncompressed RGBA take. */
const MAX_WHOLE_BYTES = 512 * 2 ** 20;

export interface OpenPicture {
  readonly handle: FileHandle;
  readonly stats: Stats;
}

/** `https://…`, `s3://…`, GDAL's `/vsicurl/…`; a drive letter is no scheme. */
const ADDRESS = /^([a-z][a-z0-9+.-]+:\/\/|\/vsi[a-z0-9_]+\/)/i;

/**
 * Opens a picture's file once: what is read later is this file, whatever its path leads to by then. Links are followed.
 * Anything but a regular file is refused without waiting for it.
 *
 * @throws IMAGE_REMOTE, IMAGE_NOT_FOUND, IMAGE_NOT_A_FILE, IMAGE_UNREADABLE
 */
export async function openFile(path: string): Promise<OpenPicture> {
  if (ADDRESS.test(path)) throw new ZeroovError('IMAGE_REMOTE', { path });
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
  let handle: FileHandle;
  try {
    handle = await open(path, flags);
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ZeroovError('IMAGE_NOT_FOUND', { path });
    if (code === 'ENXIO') throw new ZeroovError('IMAGE_NOT_A_FILE', { path, kind: 'socket' });
    throw new ZeroovError('IMAGE_UNREADABLE', { path, reason: code }, { cause });
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, stats };
  await handle.close();
  throw new ZeroovError('IMAGE_NOT_A_FILE', { path, kind: kindOf(stats) });
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'device';
  return 'special file';
}

/** Whether nobody wrote to the file since it was opened. That its path leads elsewhere by now does not matter. */
export async function isUnchanged({ handle, stats }: OpenPicture): Promise<boolean> {
  const now = await handle.stat();
  return now.size === stats.size && now.mtimeMs === stats.mtimeMs;
}

/** @throws IMAGE_TOO_LARGE for a file that is not to be read as a whole */
export function checkWholeSize(path: string, bytes: number): void {
  if (bytes <= MAX_WHOLE_BYTES) return;
  const [actual, limit] = [humanBytes(bytes), humanBytes(MAX_WHOLE_BYTES)];
  throw new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
}
