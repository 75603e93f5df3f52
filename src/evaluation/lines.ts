/** Lines of a text file one by one, whatever its size: by `\n`, a `\r` before it and a byte order mark left out. */
import type { FileHandle } from 'node:fs/promises';
import { decodeUtf8 } from '../checkpoint/regular-file.ts';

/** Where a line lies in its file, in bytes, without its line break. */
export interface Place {
  readonly position: number;
  readonly length: number;
}

export interface Line extends Place {
  /** Counted from 1. */
  readonly number: number;
  /** Null for bytes that are no UTF-8, and for a line above the limit. */
  readonly text: string | null;
}

/** A mask of 64 megapixels with a run at every other pixel takes less. */
const MAX_BYTES = 128 * 2 ** 20;
const NEWLINE = 0x0a;

/** All lines that are not blank; the handle stays open. */
export async function* readLines(handle: FileHandle): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  let position = 0;
  let number = 1;
  const stream = handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 2 ** 20 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      const line = lineOf(rest.subarray(start, end), { number, position: position + start });
      if (line) yield line;
      number += 1;
      start = end + 1;
    }
    position += start;
    rest = rest.subarray(start);
    if (rest.length > MAX_BYTES) {
      yield { number, position, length: rest.length, text: null };
      return;
    }
  }
  const last = lineOf(rest, { number, position });
  if (last) yield last;
}

function lineOf(bytes: Buffer, at: { number: number; position: number }): Line | null {
  const text = decodeLine(bytes);
  return text === '' ? null : { ...at, length: bytes.length, text };
}

/** Without what surrounds the JSON of a line; null where it is no UTF-8. */
export function decodeLine(bytes: Buffer): string | null {
  return (
    decodeUtf8(bytes)
      ?.replace(/^\ufeff/, '')
      .trim() ?? null
  );
}
