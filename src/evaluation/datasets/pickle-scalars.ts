/** The numbers, strings and bytes of a pickle, each read from where the machine stands. */
import { type Machine, refuse } from './pickle-machine.ts';

export function take(m: Machine, length: number): Buffer {
  if (length > m.bytes.length - m.at) throw refuse(m, 'the file ends in the middle of a value');
  m.at += length;
  return m.bytes.subarray(m.at - length, m.at);
}

export const unsigned = (m: Machine, length: number): number =>
  take(m, length).readUIntLE(0, length);

/** A length of eight bytes; one beyond 2^53 is beyond the file as well. */
export const length8 = (m: Machine): number => Number(take(m, 8).readBigUInt64LE());

/** Up to the next line feed, which is not part of it. */
export function line(m: Machine): string {
  const end = m.bytes.indexOf(0x0a, m.at);
  if (end < 0) throw refuse(m, 'the file ends in the middle of a line');
  const text = m.bytes.toString('latin1', m.at, end);
  m.at = end + 1;
  return text;
}

export function whole(m: Machine, text: string): number {
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw refuse(m, `${JSON.stringify(text.slice(0, 40))} is no whole number below 2^53`);
}

/** `00` and `01` are how protocol 0 writes booleans. */
export function readInt(m: Machine): number | boolean {
  const text = line(m);
  return text === '00' ? false : text === '01' ? true : whole(m, text);
}

/** Little-endian two's complement of `length` bytes. */
export function readLong(m: Machine, length: number): number {
  const hex = Buffer.from(take(m, length)).reverse().toString('hex', 0, 8);
  const value = length === 0 ? 0 : Number(BigInt.asIntN(8 * length, BigInt(`0x${hex}`)));
  if (length <= 8 && Number.isSafeInteger(value)) return value;
  throw refuse(m, 'a whole number is beyond 2^53');
}

export function readFloat(m: Machine): number {
  const text = line(m);
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw refuse(m, `${JSON.stringify(text.slice(0, 40))} is no number`);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function readUtf8(m: Machine, length: number): string {
  const bytes = take(m, length);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) throw refuse(m, 'a string is not UTF-8');
    throw cause;
  }
}

/** `raw-unicode-escape`: latin-1 with \uXXXX and \UXXXXXXXX. */
export function readEscaped(m: Machine): string {
  return line(m).replace(/\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|.)/g, (same, short, long) => {
    const point = Number.parseInt(short ?? long, 16);
    if (Number.isNaN(point)) return same;
    if (point > 0x10ffff) throw refuse(m, `${same} is no character`);
    return String.fromCodePoint(point);
  });
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** A string as Python 2's `repr` writes it. */
export function readQuoted(m: Machine): string {
  const [, , inner] = /^(['"])(.*)\1$/s.exec(line(m)) ?? [];
  if (inner === undefined) throw refuse(m, 'a string has no quotes around it');
  return inner.replace(/\\(?:x([\da-f]{2})|([0-7]{1,3})|(.))/gis, (_, hex, octal, character) => {
    if (character !== undefined) return ESCAPES[character] ?? character;
    return String.fromCharCode(hex ? Number.parseInt(hex, 16) : Number.parseInt(octal, 8) & 255);
  });
}
