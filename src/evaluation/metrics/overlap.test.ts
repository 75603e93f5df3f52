/** The vectors of DATASETS.md §2, which were derived by hand. */
import { describe, expect, it } from 'vitest';
import type { Box } from '../../tensor/image.ts';
import { intersectBoxes, levelOf, overlapOfBoxes, overlapOfMasks } from './overlap.ts';
import { PROFILES } from './profiles.ts';

const { paper, release } = PROFILES;
const masks = (intersection: number, union: number) => ({
  intersection,
  union,
  predicted: union,
  truth: intersection,
});

describe('boxes', () => {
  const cases: { a: Box; b: Box; continuous: [number, number]; inclusive: [number, number] }[] = [
    { a: [0, 0, 9, 9], b: [5, 5, 14, 14], continuous: [16, 146], inclusive: [25, 175] },
    { a: [0, 0, 0, 0], b: [0, 0, 9, 9], continuous: [0, 81], inclusive: [1, 100] },
    { a: [0, 0, 10, 10], b: [0, 0, 10, 5], continuous: [50, 100], inclusive: [66, 121] },
    {
      a: [588, 592, 633, 623],
      b: [588, 592, 632, 622],
      continuous: [1320, 1395],
      inclusive: [1395, 1472],
    },
  ];
  it.each(cases)('$a and $b', ({ a, b, continuous, inclusive }) => {
    const areas = (grown: 0 | 1) => Object.values(intersectBoxes({ found: a, expected: b, grown }));
    expect(areas(0)).toEqual(continuous);
    expect(areas(1)).toEqual(inclusive);
  });

  it('an IoU of one half passes where equality does, and only there', () => {
    const half = { predicted: [0, 0, 10, 5], truth: [0, 0, 10, 10] } as const;
    expect(overlapOfBoxes(half, paper.box).iou).toBe(0.5);
    expect(levelOf(0.5, paper.box)).toBe(3);
    expect(levelOf(0.5, release.box)).toBe(2);
    expect(levelOf(overlapOfBoxes(half, PROFILES['dior-rsvg'].box).iou, { passes: '>' })).toBe(2);
    expect(levelOf(overlapOfBoxes(half, PROFILES['opt-rsvg'].box).iou, { passes: '>=' })).toBe(3);
  });

  it('the released scripts see the last pixel, truncate the truth, and give nothing a pixel', () => {
    // The tight box of the pixels 588..632 × 592..622, whose far edges are 633 and 623.
    const found: Box = [588, 592, 633, 623];
    const { iou } = overlapOfBoxes({ predicted: found, truth: [588, 592, 633, 623] }, release.box);
    expect(iou).toBeCloseTo(0.9476902173913043, 8);
    const truth: Box = [588.9, 592.9, 633.9, 623.9];
    expect(overlapOfBoxes({ predicted: found, truth }, release.box).iou).toBe(iou);
    const nothing = { predicted: null, truth: [0, 0, 9, 9] } as const;
    expect(overlapOfBoxes(nothing, release.box).iou).toBeCloseTo(0.01, 8);
    expect(overlapOfBoxes(nothing, paper.box)).toEqual({ intersection: 0, union: 81, iou: 0 });
  });

  it('a pair without area scores 0', () => {
    const flat = { predicted: null, truth: [3, 3, 3, 9] } as const;
    for (const name of ['paper', 'dior-rsvg', 'opt-rsvg'] as const) {
      expect(overlapOfBoxes(flat, PROFILES[name].box).iou).toBe(0);
    }
  });
});

describe('masks', () => {
  it('the added 1e-6 takes one of two pixels below one half', () => {
    expect(overlapOfMasks(masks(1, 2), paper.mask).iou).toBe(0.5);
    // 1 / fround(2 + 1e-6) = 1 / 2.00000095…, rounded to single precision
    expect(overlapOfMasks(masks(1, 2), release.mask).iou).toBe(Math.fround(0.49999976158142));
  });

  it('single precision lifts 3/10 above its threshold and drops 7/10 below', () => {
    // U + 1e-6 is U in single precision from 64 on; the nearest to 0.3 is 0.3000000119, to 0.7 is 0.6999999881.
    const { iou } = overlapOfMasks(masks(300, 1000), release.mask);
    expect(iou).toBeGreaterThan(0.3);
    expect(levelOf(iou, release.mask)).toBe(1);
    expect(levelOf(overlapOfMasks(masks(700, 1000), release.mask).iou, { passes: '>=' })).toBe(4);
    expect(levelOf(overlapOfMasks(masks(700, 1000), paper.mask).iou, paper.mask)).toBe(5);
  });

  it('two empty masks score 0 in every profile', () => {
    for (const { mask } of [paper, release, PROFILES.native]) {
      expect(overlapOfMasks(masks(0, 0), mask).iou).toBe(0);
    }
  });
});
