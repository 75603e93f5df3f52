/** Codecs at their edges; that they read what GDAL writes is tested in tiff-picture.test.ts. */
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeDeflate } from './decode-deflate.ts';
import { decodeLerc } from './decode-lerc.ts';
import { decodeLzw } from './decode-lzw.ts';
import { decodePackbits } from './decode-packbits.ts';
import { decodeJpeg, decodeWebp } from './decode-picture.ts';
import { decodeZstd } from './decode-zstd.ts';

/** LZW codes of the given widths, most significant bit first. */
function lzw(codes: readonly (readonly [code: number, bits: number])[]): Uint8Array {
  const bits = codes.map(([code, width]) => code.toString(2).padStart(width, '0')).join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g)!;
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}

/** A GiB of zeros as LZW: after a clear, each code is the one that it defines, one zero longer than the last. */
function lzwBomb(): Uint8Array {
  const codes: [number, number][] = [[256, 9]];
  const widthOf = (next: number) => (next < 511 ? 9 : next < 1023 ? 10 : next < 2047 ? 11 : 12);
  codes.push([0, 9]);
  for (let next = 258; next < 4095; next += 1) codes.push([next, widthOf(next)]);
  return lzw(codes);
}

/** A Zstandard frame of `blocks` blocks that each repeat one zero 128 KiB. RFC 8878: window of 128 KiB, no sizes, no sum. */
function zstdZeros(blocks: number): Uint8Array {
  const block = (last: boolean) => {
    const header = ((2 ** 17) << 3) | (1 << 1) | Number(last);
    return [header & 255, (header >> 8) & 255, (header >> 16) & 255, 0];
  };
  const all = Array.from({ length: blocks }, (_, i) => block(i === blocks - 1)).flat();
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, ...all]);
}

const out = (bytes: number) => new Uint8Array(bytes);
const page = { widthPx: 16, heightPx: 16, bands: 3 };

describe('a block that unpacks to more than fits is stopped there', () => {
  const BOMBS: readonly [string, (target: Uint8Array) => number | Promise<number>][] = [
    ['deflate', (target) => decodeDeflate(deflateSync(Buffer.alloc(2 ** 24)), target)],
    ['LZW', (target) => decodeLzw(lzwBomb(), target)],
    ['PackBits', (target) => decodePackbits(Uint8Array.from([0x81, 7, 0x81, 7]), target)],
    ['Zstandard', (target) => decodeZstd(zstdZeros(8192), target)],
    [
      'LERC in deflate',
      (target) =>
        decodeLerc(deflateSync(Buffer.alloc(2 ** 24)), target, { ...page, type: 1, packing: 1 }),
    ],
  ];
  it.each(BOMBS)('%s', async (_, decode) => {
    await expect((async () => decode(out(200)))()).rejects.toMatchObject({ kind: 'overflow' });
  });

  it('and one that fills it to the last byte is not', async () => {
    expect(decodeDeflate(deflateSync(Buffer.alloc(200, 3)), out(200))).toBe(200);
    expect(decodePackbits(Uint8Array.from([0x81, 7]), out(128))).toBe(128);
    expect(
      decodeLzw(
        lzw([
          [256, 9],
          [65, 9],
          [258, 9],
          [257, 9],
        ]),
        out(3),
      ),
    ).toBe(3);
    expect(await decodeZstd(zstdZeros(2), out(2 ** 18))).toBe(2 ** 18);
  });
});

describe('a damaged block is one', () => {
  it.each<[string, (target: Uint8Array) => number | Promise<number>]>([
    ['deflate cut short', (t) => decodeDeflate(deflateSync(Buffer.alloc(99)).subarray(0, -6), t)],
    ['no deflate', (t) => decodeDeflate(Uint8Array.of(1, 2, 3), t)],
    [
      'LZW that starts with an entry',
      (t) =>
        decodeLzw(
          lzw([
            [256, 9],
            [258, 9],
          ]),
          t,
        ),
    ],
    [
      'LZW that runs ahead',
      (t) =>
        decodeLzw(
          lzw([
            [256, 9],
            [65, 9],
            [300, 9],
          ]),
          t,
        ),
    ],
    ['PackBits without its byte', (t) => decodePackbits(Uint8Array.of(0xff), t)],
    ['PackBits without its bytes', (t) => decodePackbits(Uint8Array.of(5, 1, 2), t)],
    [
      'no Zstandard',
      (t) =>
        decodeZstd(
          Uint8Array.from({ length: 40 }, (_, i) => i),
          t,
        ),
    ],
    ['no LERC', (t) => decodeLerc(out(80), t, { ...page, type: 1, packing: 0 })],
    ['no JPEG', (t) => decodeJpeg(out(80), t, { ...page, tables: null, ycbcr: true })],
    ['no WebP', (t) => decodeWebp(out(80), t, page)],
  ])('%s', async (_, decode) => {
    await expect((async () => decode(out(768)))()).rejects.toMatchObject({ kind: 'damaged' });
  });

  it('and neither does a Zstandard frame that is cut hang', async () => {
    const whole = zstdZeros(3);
    for (let length = 1; length < whole.length; length += 1) {
      const cut = decodeZstd(whole.subarray(0, length), out(2 ** 19));
      await expect(cut).rejects.toMatchObject({ kind: 'damaged' });
    }
  });
});

describe('LZW', () => {
  it('reads the example of TIFF 6.0: 7 7 7 8 8 7 7 6 6 as 256 7 258 8 8 258 6 6 257', () => {
    const codes = [256, 7, 258, 8, 8, 258, 6, 6, 257].map((code) => [code, 9] as const);
    const target = out(9);
    expect(decodeLzw(lzw(codes), target)).toBe(9);
    expect([...target]).toEqual([7, 7, 7, 8, 8, 7, 7, 6, 6]);
  });
});
