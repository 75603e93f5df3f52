import { readSync } from 'node:fs';
import { ZeroovError } from '../../errors.ts';

/** The bytes of one file, which stays the same however often it is read. */
export interface ByteSource {
  /** As the user gave it, for errors. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `at` on. @throws IMAGE_DECODE when the file ends before */
  read(at: number, length: number): Uint8Array;
}

export function bufferSource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    read(at, length) {
      if (at + length > bytes.length) throw ended(path);
      return bytes.subarray(at, at + length);
    },
  };
}

/** Reads an open file by its descriptor, so that no other file can take its place. */
export function fileSource(path: string, file: { fd: number; size: number }): ByteSource {
  return {
    path,
    size: file.size,
    read(at, length) {
      if (at + length > file.size) throw ended(path);
      const bytes = new Uint8Array(length);
      for (let filled = 0; filled < length; ) {
        const count = readSync(file.fd, bytes, filled, length - filled, at + filled);
        if (count === 0) throw ended(path);
        filled += count;
      }
      return bytes;
    },
  };
}

const ended = (path: string) =>
  new ZeroovError('IMAGE_DECODE', { path, reason: 'the end is missing' });
