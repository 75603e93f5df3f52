import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRle, decodeRuns, encodeRle, encodeRuns } from './rle.ts';
import type { Tensor } from './tensor.ts';

const mask = (rows: string[]): Tensor<'bool'> => ({
  dtype: 'bool',
  shape: [rows.length, rows[0]!.length],
  data: Uint8Array.from(rows.join(''), Number),
});

/** 1 at the given [y, x] pixels of an h × w mask. */
function pixels(h: number, w: number, ones: [y: number, x: number][]): Tensor<'bool'> {
  const data = new Uint8Array(h * w);
  for (const [y, x] of ones) data[y * w + x] = 1;
  return { dtype: 'bool', shape: [h, w], data };
}

// DATASETS.md §4, examples A to E: equal to pycocotools byte for byte.
const column = (x: number, ys: number[]) => ys.map((y) => [y, x] as [number, number]);
const EXAMPLES: [name: string, mask: Tensor<'bool'>, counts: string][] = [
  ['A', mask(['010', '110', '011']), '11121N'],
  ['B', mask(['00000', '01110', '01110', '00000']), '5220003'],
  ['C', mask(['10', '00', '00']), '015'],
  ['D', pixels(6, 8, [...column(2, [0, 1, 2, 3, 4, 5]), [3, 5], ...column(7, [0, 1])]), '<6?KI1L'],
  ['E', pixels(800, 800, []), 'PPac0'],
  ['E, full', mask(['111', '111']), '06'],
];

describe('COCO RLE', () => {
  it.each(EXAMPLES)('worked example %s', (_, tensor, counts) => {
    expect(encodeRle(tensor)).toEqual({ size: tensor.shape, counts });
    const decoded = decodeRle({ size: tensor.shape as [number, number], counts });
    expect(decoded.shape).toEqual(tensor.shape);
    expect(Buffer.compare(decoded.data, tensor.data)).toBe(0);
  });

  it('worked example F: a 45 × 31 box in 800 × 800', () => {
    const ys = Array.from({ length: 31 }, (_, i) => 592 + i);
    const box = Array.from({ length: 45 }, (_, i) => column(588 + i, ys)).flat();
    const { counts } = encodeRle(pixels(800, 800, box));
    expect(counts.length).toBe(100);
    expect(counts.startsWith('`n[>o0Qh0')).toBe(true);
    expect(decodeRuns(counts).slice(0, 4)).toEqual([470992, 31, 769, 31]);
  });

  it('codes single values and a list as stated', () => {
    const texts = { 15: '?', 16: '`0', 31: 'o0', 32: 'P1', 511: 'o?', 512: 'P`0', 1023: 'oo0' };
    for (const [value, text] of Object.entries(texts)) {
      expect(encodeRuns([Number(value)])).toBe(text);
      expect(decodeRuns(text)).toEqual([Number(value)]);
    }
    expect(encodeRuns([1000000, 5, 31, 16])).toBe('Pb`n05o0;');
  });

  it('brings any mask back', () => {
    const masks = fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
      .chain(([h, w]) =>
        fc
          .array(fc.constantFrom(0, 1), { minLength: h * w, maxLength: h * w })
          .map((bits): Tensor<'bool'> => {
            return { dtype: 'bool', shape: [h, w], data: Uint8Array.from(bits) };
          }),
      );
    fc.assert(
      fc.property(masks, (tensor) => {
        expect(decodeRle(encodeRle(tensor))).toEqual(tensor);
      }),
    );
  });

  it.each([
    ['runs that do not fill the size', [3, 3], '015'],
    ['a string that ends inside a number', [3, 2], '01P'],
    ['a character outside the alphabet', [3, 2], '01 5'],
    ['a negative run', [3, 2], '01O'],
    ['a number of seven groups', [3, 2], 'PPPPPP1'],
    ['a size of zero', [0, 2], ''],
    ['a size of 2^30 pixels', [32768, 32768], 'PPPPP1'],
  ] as [string, [number, number], string][])('refuses %s', (_, size, counts) => {
    expect(() => decodeRle({ size, counts })).toThrow(
      expect.objectContaining({ code: 'RLE_INVALID' }),
    );
  });
});
