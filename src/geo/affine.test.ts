import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Affine, affineFromTags, apply, invert, resample, shift } from './affine.ts';
import type { NoGeoref } from './no-georef.ts';
import { affineFromWorldFile, toWorldFile } from './world-file.ts';

const reason = (result: Affine | NoGeoref): string =>
  'noGeoref' in result ? result.noGeoref : `no reason: ${result}`;
const north: Affine = [0.5, 0, 1000, 0, -0.25, 2000];

describe('affineFromTags', () => {
  const modelPixelScale = [0.5, 0.25, 0];

  it('takes the tie point as the corner of its pixel', () => {
    const tags = { modelPixelScale, modelTiepoint: [0, 0, 0, 1000, 2000, 0] };
    expect(affineFromTags(tags, 'area')).toEqual(north);
  });

  it('steps back from a tie point inside the picture', () => {
    const tags = { modelPixelScale, modelTiepoint: [10, 20, 0, 1005, 1995, 0] };
    expect(affineFromTags(tags, 'area')).toEqual(north);
  });

  it('shifts PixelIsPoint by half a pixel: the tie point is the centre of pixel 0, 0', () => {
    const tags = { modelPixelScale, modelTiepoint: [0, 0, 0, 1000, 2000, 0] };
    const affine = affineFromTags(tags, 'point') as Affine;
    expect(apply(affine, [0.5, 0.5])).toEqual([1000, 2000]);
  });

  it('reads a rotated and a south-up matrix', () => {
    const modelTransformation = [3, 4, 0, 7, 4, -3, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1];
    expect(affineFromTags({ modelTransformation }, 'area')).toEqual([3, 4, 7, 4, -3, 8]);
    const southUp = [1, 0, 0, 7, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1];
    expect(affineFromTags({ modelTransformation: southUp }, 'area')).toEqual([1, 0, 7, 0, 1, 8]);
  });

  it('takes a negative scale for north-up, as GDAL does', () => {
    const tags = { modelPixelScale: [0.5, -0.25, 0], modelTiepoint: [0, 0, 0, 1000, 2000, 0] };
    expect(affineFromTags(tags, 'area')).toEqual(north);
  });

  it.each([
    ['nothing', {}, /no tie point/],
    ['ground control points', { modelTiepoint: Array(24).fill(1) }, /ground control points/],
    ['a scale of 0', { modelPixelScale: [0, 1], modelTiepoint: [0, 0, 0, 1, 1, 0] }, /singular/],
    ['NaN', { modelPixelScale: [1, 1], modelTiepoint: [0, 0, 0, Number.NaN, 1, 0] }, /not finite/],
    ['parallel axes', { modelTransformation: [1, 2, 0, 0, 2, 4, 0, 0] }, /singular/],
    ['an overflow', { modelTransformation: [1e200, 0, 0, 0, 0, 1e200, 0, 0] }, /singular/],
  ])('refuses %s', (_, tags, expected) => {
    expect(reason(affineFromTags(tags, 'area'))).toMatch(expected);
  });
});

describe('an affine', () => {
  const side = fc.double({ min: -1e3, max: 1e3, noNaN: true });

  it('comes back through its inverse', () => {
    fc.assert(
      fc.property(fc.tuple(side, side, side, side, side, side), side, side, (six, x, y) => {
        fc.pre(Math.abs(six[0] * six[4] - six[1] * six[3]) > 1);
        const [column, row] = apply(invert(six), apply(six, [x, y]));
        expect(Math.hypot(column - x, row - y)).toBeLessThan(1e-3);
      }),
    );
  });

  it('covers the same ground with other pixels, and from another corner', () => {
    const half = resample(north, { widthPx: 64, heightPx: 32 }, { widthPx: 32, heightPx: 8 });
    expect(apply(half, [32, 8])).toEqual(apply(north, [64, 32]));
    expect(apply(shift(north, [3, 4]), [1, 1])).toEqual(apply(north, [4, 5]));
  });
});

describe('a world file', () => {
  it('holds the centre of the top-left pixel', () => {
    // Esri's definition: a, d, b, e, and x and y of the centre of the upper left pixel.
    const affine = affineFromWorldFile('0.5\n0\n0\n-0.25\n1000.25\n1999.875\n');
    expect(affine).toEqual(north);
  });

  it('is written so that it reads back the same', () => {
    const rotated: Affine = [3, 4, 7, 4, -3, 8];
    expect(affineFromWorldFile(toWorldFile(rotated))).toEqual(rotated);
    expect(toWorldFile(north)).toBe('0.5\n0\n0\n-0.25\n1000.25\n1999.875\n');
  });

  it.each([
    ['1\n0\n0\n1\n5', /5 words/],
    ['1 0 0 x 5 6', /six numbers/],
    ['0\n0\n0\n0\n5\n6', /singular/],
    ['<html></html>', /expected six numbers/],
  ])('refuses %j', (text, expected) => {
    expect(reason(affineFromWorldFile(text))).toMatch(expected);
  });
});
