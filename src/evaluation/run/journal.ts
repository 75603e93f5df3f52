/**
 * The journal of a run: a line for every sample that is done, only ever appended to, so that a run that was cut off
 * anywhere goes on where it stopped.
 *
 * A line is `crc32 bytes json`: the checksum (8 hexadecimal digits) and the length in bytes of the JSON behind them. A line
 * that is not whole was torn by a crash or a full disk, or is damaged: it is never parsed, its sample is done again.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, truncate } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readBytes, systemCode } from '../../checkpoint/regular-file.ts';
import { writing } from '../../checkpoint/writing.ts';
import { ZeroovError } from '../../errors.ts';

export interface JournalLine {
  readonly value: unknown;
  /** Where its JSON lies in the file, in bytes. */
  readonly position: number;
  readonly length: number;
}

const NEWLINE = 0x0a;
/** Checksum, space, length, space. */
const HEAD = /^([0-9a-f]{8}) (\d{1,10}) /;
const LONGEST_HEAD = 20;

/** The line of a value, with its line break. */
export function encodeLine(value: unknown): Buffer {
  const json = JSON.stringify(value);
  return Buffer.from(`${checksumOf(json)} ${Buffer.byteLength(json)} ${json}\n`);
}

/** Every line of a journal in order, null for one that is not whole; none where there is no file. */
export async function* readJournal(path: string): AsyncGenerator<JournalLine | null> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  for await (const chunk of chunksOf(path)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      yield decodeLine(rest.subarray(start, end), position + start);
      start = end + 1;
    }
    position += start;
    rest = rest.subarray(start);
  }
  if (rest.length > 0) yield null;
}

/** Cuts off what a crash left behind the last whole line. @throws OUTPUT_WRITE */
export async function cutTornTail(path: string): Promise<void> {
  let end = 0;
  let torn = false;
  for await (const line of readJournal(path)) {
    if (line) end = line.position + line.length + 1;
    torn = line === null;
  }
  if (torn) await writing(path, () => truncate(path, end));
}

/** Appends a value in one write, and waits until it is on the disk. @throws OUTPUT_WRITE */
export async function appendLine(path: string, value: unknown): Promise<void> {
  const line = encodeLine(value);
  await writing(path, async () => {
    const handle = await open(path, 'a');
    try {
      const { bytesWritten } = await handle.write(line);
      if (bytesWritten < line.length) {
        throw new ZeroovError('OUTPUT_WRITE', { path, reason: 'the disk is full' });
      }
      await handle.datasync();
    } finally {
      await handle.close();
    }
  });
}

/** The value at a place that `readJournal` told. */
export async function readLineAt(
  handle: FileHandle,
  { position, length }: Pick<JournalLine, 'position' | 'length'>,
): Promise<unknown> {
  return JSON.parse((await readBytes(handle, { position, length })).toString());
}

function decodeLine(line: Buffer, position: number): JournalLine | null {
  const head = HEAD.exec(line.toString('latin1', 0, LONGEST_HEAD));
  if (!head) return null;
  const json = line.subarray(head[0].length);
  if (json.length !== Number(head[2]) || checksumOf(json) !== head[1]) return null;
  return {
    value: JSON.parse(json.toString()),
    position: position + head[0].length,
    length: json.length,
  };
}

function checksumOf(json: string | Buffer): string {
  return crc32(json).toString(16).padStart(8, '0');
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
