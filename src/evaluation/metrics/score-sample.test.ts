import { describe, expect, it } from 'vitest';
import type { Mask } from '../../tensor/image.ts';
import { encodeRle } from '../../tensor/rle.ts';
import { NOTHING, scoreSample } from './score-sample.ts';

/** Columns x1..x2 − 1 of a picture are in the mask. */
function columns(widthPx: number, heightPx: number, [x1, x2]: readonly [number, number]): Mask {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const x = i % widthPx;
    return x >= x1 && x < x2 ? 1 : 0;
  });
  return { widthPx, heightPx, data };
}

const rleOf = ({ widthPx, heightPx, data }: Mask) =>
  encodeRle({ dtype: 'bool', shape: [heightPx, widthPx], data });

const scoreMasks = (predicted: Mask | null, truth: Mask) =>
  scoreSample({ box: null, mask: predicted && rleOf(predicted) }, { box: null, mask: truth }).mask!;

describe('scoreSample', () => {
  it('counts pixels at three sizes', () => {
    const found = scoreMasks(columns(800, 800, [0, 100]), columns(800, 800, [50, 100]));
    expect(found.native).toEqual({
      intersection: 40_000,
      union: 80_000,
      predicted: 80_000,
      truth: 40_000,
    });
    expect(found['800']).toEqual(found.native);
    // 800 → 480 reads columns 0 2 4 5 7 9 …: 60 of the first 100, 30 of the first 50.
    expect(found['480']).toEqual({
      intersection: 30 * 480,
      union: 60 * 480,
      predicted: 60 * 480,
      truth: 30 * 480,
    });
  });

  it('squashes 512 px as Pillow, which adds up the step', () => {
    // Column 7 of 480 lies at 7.5 · 512/480 = 8: a tie. The sum of rounded steps falls short of it, so that it reads 7, not 8.
    const truthAt480 = (x: number) => {
      const mask = columns(512, 1, [x, x + 1]);
      return scoreMasks(mask, mask)['480'].truth;
    };
    expect(truthAt480(7)).toBe(480);
    expect(truthAt480(8)).toBe(0);
  });

  it('brings a mask of another size to the truth', () => {
    // RRSIS-D: a picture of 801 rows with a mask of 800.
    const { native, '480': squashed } = scoreMasks(
      columns(800, 801, [0, 80]),
      columns(800, 800, [0, 80]),
    );
    expect(native.intersection).toBe(native.union);
    expect(native.truth).toBe(80 * 800);
    expect(squashed.intersection).toBe(48 * 480);
  });

  it('takes nothing for an empty mask, and leaves out what has no truth', () => {
    const truth = columns(8, 4, [0, 2]);
    expect(scoreMasks(null, truth).native).toEqual({
      intersection: 0,
      union: 8,
      predicted: 0,
      truth: 8,
    });
    expect(scoreSample(NOTHING, { box: [1, 2, 3, 4], mask: null })).toEqual({
      box: { predicted: null, truth: [1, 2, 3, 4] },
      mask: null,
    });
  });

  it('refuses a mask that does not decode', () => {
    const mask = { size: [4, 8], counts: '07' } as const;
    const truth = { box: null, mask: columns(8, 4, [0, 2]) };
    expect(() => scoreSample({ box: null, mask }, truth)).toThrow(/RLE/);
  });
});
