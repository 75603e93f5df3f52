import { humanBytes, ZeroovError } from '../../errors.ts';
import type { ByteSource } from './byte-source.ts';
import { TAG_NAMES, type TagName, type Tags, type TagValue } from './tags.ts';
import type { TiffLimits } from './tiff-limits.ts';

/** How the numbers of a file are written, and where its first directory is. */
export interface TiffHeader {
  readonly littleEndian: boolean;
  /** BigTIFF: 64-bit offsets and counts. */
  readonly big: boolean;
  readonly first: number;
}

/** One image file directory (IFD): the tags of a page, an overview or a mask. */
export interface Directory {
  readonly offset: number;
  readonly tags: Tags;
  /** Where the next one is; 0 after the last. */
  readonly next: number;
}

/** What all directories of a file read from and may still take. */
export interface DirectoryReader {
  readonly source: ByteSource;
  readonly header: TiffHeader;
  readonly limits: TiffLimits;
  /** Bytes of tags read so far. */
  tagBytes: number;
}

/** @throws TIFF_BAD_LAYOUT */
export function readHeader(source: ByteSource): TiffHeader {
  const start = view(source, 0, 8);
  const littleEndian = start.getUint8(0) === 0x49;
  const big = start.getUint16(2, littleEndian) === 43;
  if (!big) return { littleEndian, big, first: start.getUint32(4, littleEndian) };
  if (start.getUint32(4, littleEndian) !== (littleEndian ? 8 : 8 << 16)) {
    throw badLayout(source, 'its BigTIFF header is not one');
  }
  return { littleEndian, big, first: offset64(source, view(source, 8, 8), 0, littleEndian) };
}

/**
 * Reads one directory: its entries in one piece, then the values of the tags that are known. Each count and offset is
 * checked against the file and the limits before a byte is read or held for it. Of a tag given twice the first counts.
 *
 * @throws TIFF_BAD_LAYOUT, IMAGE_TOO_LARGE
 */
export function readDirectory(reader: DirectoryReader, offset: number): Directory {
  const { source, header, limits } = reader;
  const sizes = header.big
    ? { count: 8, entry: 20, pointer: 8 }
    : { count: 2, entry: 12, pointer: 4 };
  const head = view(source, offset, sizes.count);
  const count = header.big
    ? offset64(source, head, 0, header.littleEndian)
    : head.getUint16(0, header.littleEndian);
  if (count > limits.tags) throw tooLarge(source, `${count} tags in a page`, `${limits.tags}`);
  const body = view(source, offset + sizes.count, count * sizes.entry + sizes.pointer);
  const tags = new Map<TagName, TagValue>();
  for (let i = 0; i < count; i += 1) {
    const at = i * sizes.entry;
    const name = TAG_NAMES.get(body.getUint16(at, header.littleEndian));
    if (name && !tags.has(name)) tags.set(name, readValue(reader, name, { body, at }));
  }
  return { offset, tags, next: pointer(reader, body, count * sizes.entry) };
}

interface Type {
  readonly bytes: number;
  readonly get?: (view: DataView, at: number, littleEndian: boolean) => number;
}

/** TIFF's field types; those without `get` stay bytes. Signed and rational ones belong to no tag that is read. */
const TYPES: Readonly<Record<number, Type>> = {
  1: { bytes: 1 },
  2: { bytes: 1 },
  3: { bytes: 2, get: (v, at, le) => v.getUint16(at, le) },
  4: { bytes: 4, get: (v, at, le) => v.getUint32(at, le) },
  7: { bytes: 1 },
  11: { bytes: 4, get: (v, at, le) => v.getFloat32(at, le) },
  12: { bytes: 8, get: (v, at, le) => v.getFloat64(at, le) },
  13: { bytes: 4, get: (v, at, le) => v.getUint32(at, le) },
  // Above 2^53 neighbours fall together, far outside any file, so that the check against the file refuses them.
  16: { bytes: 8, get: (v, at, le) => Number(v.getBigUint64(at, le)) },
  18: { bytes: 8, get: (v, at, le) => Number(v.getBigUint64(at, le)) },
};

function readValue(
  reader: DirectoryReader,
  name: TagName,
  { body, at }: { body: DataView; at: number },
): TagValue {
  const { source, header, limits } = reader;
  const { littleEndian } = header;
  const type = TYPES[body.getUint16(at + 2, littleEndian)];
  const count = header.big
    ? offset64(source, body, at + 4, littleEndian)
    : body.getUint32(at + 4, littleEndian);
  if (!type) throw badLayout(source, `tag ${name} is of a type it cannot have`);
  const length = count * type.bytes;
  const field = at + (header.big ? 12 : 8);
  const inline = length <= (header.big ? 8 : 4);
  const start = inline ? 0 : pointer(reader, body, field);
  if (start + length > source.size) throw badLayout(source, `tag ${name} lies outside the file`);
  reader.tagBytes += length;
  if (reader.tagBytes > limits.tagBytes) {
    const [actual, limit] = [humanBytes(reader.tagBytes), humanBytes(limits.tagBytes)];
    throw tooLarge(source, `${actual} of tags`, limit);
  }
  const bytes = inline
    ? new DataView(body.buffer, body.byteOffset + field, length)
    : view(source, start, length);
  if (!type.get) return new Uint8Array(bytes.buffer, bytes.byteOffset, length).slice();
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 1) numbers[i] = type.get(bytes, i * type.bytes, littleEndian);
  return numbers;
}

function pointer({ source, header }: DirectoryReader, from: DataView, at: number): number {
  if (!header.big) return from.getUint32(at, header.littleEndian);
  return offset64(source, from, at, header.littleEndian);
}

function offset64(source: ByteSource, from: DataView, at: number, littleEndian: boolean): number {
  const value = Number(from.getBigUint64(at, littleEndian));
  if (value > source.size) throw badLayout(source, `it points to byte ${value}, after its end`);
  return value;
}

function view(source: ByteSource, at: number, length: number): DataView {
  if (at + length > source.size) throw badLayout(source, `byte ${at} of a page is after its end`);
  const bytes = source.read(at, length);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}

export function badLayout({ path }: ByteSource, reason: string): ZeroovError {
  return new ZeroovError('TIFF_BAD_LAYOUT', { path, reason });
}

export function tooLarge({ path }: ByteSource, actual: string, limit: string): ZeroovError {
  return new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
}
