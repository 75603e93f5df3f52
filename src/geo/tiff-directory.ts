/** A tag of a TIFF directory, as written: numbers by their type, or text. */
export type TiffTag = readonly [
  id: number,
  type: 'short' | 'long' | 'long8' | 'double' | 'ascii',
  values: readonly number[] | string,
];

/** TIFF's number of each type, and the bytes of one value. */
const TYPES = {
  ascii: { code: 2, bytes: 1 },
  short: { code: 3, bytes: 2 },
  long: { code: 4, bytes: 4 },
  double: { code: 12, bytes: 8 },
  long8: { code: 16, bytes: 8 },
} as const;

/** Classic TIFF has 32-bit offsets, BigTIFF 64-bit ones. Sizes: header, count of entries, an entry, its value field. */
const FORMATS = {
  classic: { header: 8, count: 2, entry: 12, field: 4 },
  big: { header: 16, count: 8, entry: 20, field: 8 },
} as const;
export type TiffFormat = keyof typeof FORMATS;

/** Text is Latin-1, so that a character is a byte, and ends in NUL. */
const lengthOf = (values: TiffTag[2]) => values.length + (typeof values === 'string' ? 1 : 0);

/** Values that do not fit into their entry follow the directory, each at an even place. */
function outsideBytes([, type, values]: TiffTag, format: TiffFormat): number {
  const bytes = lengthOf(values) * TYPES[type].bytes;
  return bytes <= FORMATS[format].field ? 0 : bytes + (bytes % 2);
}

/** What a directory and its values take. */
export function directoryBytes(tags: readonly TiffTag[], format: TiffFormat): number {
  const { count, entry, field } = FORMATS[format];
  const outside = tags.reduce((sum, tag) => sum + outsideBytes(tag, format), 0);
  return count + entry * tags.length + field + outside;
}

/** The first bytes of a little-endian file whose first directory lies at `directoryAt`. */
export function encodeHeader(format: TiffFormat, directoryAt: number): Uint8Array {
  const bytes = new Uint8Array(FORMATS[format].header);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, format === 'big' ? 43 : 42, 0]);
  if (format === 'big') {
    view.setUint16(4, 8, true);
    view.setBigUint64(8, BigInt(directoryAt), true);
  } else view.setUint32(4, directoryAt, true);
  return bytes;
}

/**
 * A directory with its values, little-endian. Tags are put in the order that TIFF asks for.
 *
 * @param at where in the file it will lie
 * @param next where the next directory lies, 0 for none
 */
export function encodeDirectory(
  tags: readonly TiffTag[],
  place: { readonly format: TiffFormat; readonly at: number; readonly next: number },
): Uint8Array {
  const { format, at, next } = place;
  const { count, entry, field } = FORMATS[format];
  const bytes = new Uint8Array(directoryBytes(tags, format));
  const view = new DataView(bytes.buffer);
  writeNumber(view, 0, count, tags.length);
  let outside = count + entry * tags.length + field;
  [...tags]
    .sort(([a], [b]) => a - b)
    .forEach((tag, i) => {
      const [id, type, values] = tag;
      const start = count + entry * i;
      view.setUint16(start, id, true);
      view.setUint16(start + 2, TYPES[type].code, true);
      writeNumber(view, start + 4, field, lengthOf(values));
      const size = outsideBytes(tag, format);
      const valueAt = start + 4 + field;
      if (size > 0) writeNumber(view, valueAt, field, at + outside);
      writeValues(view, size > 0 ? outside : valueAt, tag);
      outside += size;
    });
  writeNumber(view, count + entry * tags.length, field, next);
  return bytes;
}

function writeValues(view: DataView, at: number, [, type, values]: TiffTag): void {
  const { bytes } = TYPES[type];
  const numbers = typeof values === 'string' ? Buffer.from(values, 'latin1') : values;
  numbers.forEach((value, i) => {
    if (type === 'double') view.setFloat64(at + bytes * i, value, true);
    else writeNumber(view, at + bytes * i, bytes, value);
  });
}

function writeNumber(view: DataView, at: number, bytes: number, value: number): void {
  if (bytes === 8) view.setBigUint64(at, BigInt(value), true);
  else if (bytes === 4) view.setUint32(at, value, true);
  else if (bytes === 2) view.setUint16(at, value, true);
  else view.setUint8(at, value);
}
