import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { ZeroovError } from '../errors.ts';
import type { HubFile } from './hub-listing.ts';
import { type Hub, hubGet, unreachable } from './hub-request.ts';
import { writing } from './writing.ts';

/** A connection that breaks off after some bytes is followed by another, up to so many for one file. */
const MAX_CONNECTIONS = 50;

export interface BlobDownload {
  readonly id: string;
  readonly commit: string;
  readonly file: HubFile;
  /** Where the blob goes; until it is whole and checked it is `<target>.incomplete`. */
  readonly target: string;
  readonly signal?: AbortSignal;
  /** Called with the bytes that are there, those of an earlier run included. */
  readonly onReceived: (bytes: number) => void;
}

/**
 * Downloads one file, going on where an earlier run stopped, and checks its content before it gets its name.
 *
 * @throws HUB_CHECKSUM, HUB_NOT_FOUND, HUB_UNAUTHORIZED, HUB_UNREACHABLE, CANCELLED, OUTPUT_WRITE
 */
export async function downloadBlob(hub: Hub, download: BlobDownload): Promise<void> {
  const { file, target } = download;
  const incomplete = `${target}.incomplete`;
  const got = await writing(incomplete, async () => {
    const handle = await open(incomplete, 'a');
    try {
      const hash = await fetchAll(hub, { ...download, handle, incomplete });
      await handle.sync();
      return hash;
    } finally {
      await handle.close();
    }
  });
  if (got !== file.checksum.hex) {
    await rm(incomplete, { force: true });
    const expected = file.checksum.hex;
    throw new ZeroovError('HUB_CHECKSUM', { file: file.path, expected, got });
  }
  await writing(target, () => rename(incomplete, target));
}

/** What lies in the incomplete file so far. */
interface Arrived {
  bytes: number;
  hash: Hash;
}

interface Fetching extends BlobDownload {
  readonly handle: FileHandle;
  readonly incomplete: string;
}

/** Appends until the file is whole; returns its checksum. */
async function fetchAll(hub: Hub, fetching: Fetching): Promise<string> {
  const { file, onReceived, signal } = fetching;
  const arrived = await takeUp(fetching);
  onReceived(arrived.bytes);
  for (let connections = 1; arrived.bytes < file.bytes; connections += 1) {
    const response = await request(hub, { ...fetching, from: arrived.bytes });
    if (arrived.bytes > 0 && response.status !== 206) await startAgain(fetching, arrived);
    const before = arrived.bytes;
    const error = await append({ ...fetching, response, arrived });
    if (arrived.bytes > file.bytes) return 'of more bytes than listed';
    const goOn = arrived.bytes > before && connections < MAX_CONNECTIONS && !signal?.aborted;
    const reason = `the connection ended after ${arrived.bytes} of ${file.bytes} bytes of ${file.path}`;
    if (arrived.bytes < file.bytes && !goOn) throw unreachable(hub, { error, reason, signal });
  }
  return arrived.hash.digest('hex');
}

/** What an earlier run left; nothing when it is more than the file has. */
async function takeUp(fetching: Fetching): Promise<Arrived> {
  const { file, handle, incomplete } = fetching;
  const arrived: Arrived = { bytes: (await handle.stat()).size, hash: newHash(file) };
  if (arrived.bytes > file.bytes) await startAgain(fetching, arrived);
  else for await (const chunk of createReadStream(incomplete)) arrived.hash.update(chunk);
  return arrived;
}

async function startAgain(fetching: Fetching, arrived: Arrived): Promise<void> {
  await fetching.handle.truncate(0);
  arrived.bytes = 0;
  arrived.hash = newHash(fetching.file);
}

/** Git hashes a small file after its kind and length; LFS files have the sha256 of their bytes. */
function newHash(file: HubFile): Hash {
  if (file.checksum.kind === 'sha256') return createHash('sha256');
  return createHash('sha1').update(`blob ${file.bytes}\0`);
}

/** The file from byte `from` on (status 206), or all of it (200) where the server does not do ranges. */
async function request(hub: Hub, wanted: Fetching & { from: number }): Promise<Response> {
  const { id, commit, file, from, signal } = wanted;
  const path = `/${id}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
  const response = await hubGet(hub, { id, path, headers, signal });
  const range = response.headers.get('content-range') ?? '';
  if (response.status === 200 || range.startsWith(`bytes ${from}-`)) return response;
  await response.body?.cancel();
  throw unreachable(hub, { reason: `it sends another part of ${file.path} than was asked for` });
}

/** Writes a body as it comes; returns why it broke off, if it did. */
async function append(body: Fetching & { response: Response; arrived: Arrived }): Promise<unknown> {
  const { response, arrived, handle, file, onReceived } = body;
  const reader = response.body?.getReader();
  while (reader !== undefined) {
    const part = await reader.read().catch((error: unknown) => ({ value: undefined, error }));
    if (part.value === undefined) return 'error' in part ? part.error : undefined;
    arrived.bytes += part.value.length;
    if (arrived.bytes > file.bytes) return reader.cancel();
    arrived.hash.update(part.value);
    await handle.appendFile(part.value);
    onReceived(arrived.bytes);
  }
  return undefined;
}
