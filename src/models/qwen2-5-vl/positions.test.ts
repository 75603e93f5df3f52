import { describe, expect, it } from 'vitest';
import type { TextConfig, VisionConfig } from './config.ts';
import { mergeGroupOrder, promptPositions, textRotary, visionRotary } from './positions.ts';

describe('promptPositions', () => {
  it('gives the image three axes and goes on after the longest of them', () => {
    // 2 text tokens, an image of 2 × 3 tokens, 2 text tokens: written out from MODELS.md's rule.
    const { positions, next } = promptPositions({
      before: 2,
      grid: { height: 2, width: 3 },
      after: 2,
    });
    expect(positions).toEqual([
      [0, 1, 2, 2, 2, 2, 2, 2, 5, 6],
      [0, 1, 2, 2, 2, 3, 3, 3, 5, 6],
      [0, 1, 2, 3, 4, 2, 3, 4, 5, 6],
    ]);
    expect(next).toBe(7);
  });

  it('goes on after the height where that is longer', () => {
    expect(promptPositions({ before: 1, grid: { height: 5, width: 2 }, after: 1 }).next).toBe(7);
  });

  it('counts on where the scheme is sequential', () => {
    const grid = { height: 2, width: 2 };
    const { positions, next } = promptPositions({
      before: 1,
      grid,
      after: 1,
      scheme: 'sequential',
    });
    expect(positions).toEqual(Array(3).fill([0, 1, 2, 3, 4, 5]));
    expect(next).toBe(6);
  });
});

describe('textRotary', () => {
  it('turns each section of pairs with its own axis, both halves alike', () => {
    const config = {
      headWidth: 8,
      mropeSection: [1, 1, 2],
      ropeTheta: 1e4,
    } as unknown as TextConfig;
    const { cos, sin } = textRotary([[2], [3], [5]], config);
    // theta^(−2i/8) = 1, 0.1, 0.01, 0.001
    const angles = [2 * 1, 3 * 0.1, 5 * 0.01, 5 * 0.001];
    const expected = [...angles, ...angles];
    expect(cos.shape).toEqual([1, 8]);
    for (const [i, angle] of expected.entries()) {
      expect(cos.data[i]).toBeCloseTo(Math.cos(angle), 6);
      expect(sin.data[i]).toBeCloseTo(Math.sin(angle), 6);
    }
  });
});

describe('visionRotary', () => {
  it('turns half of the pairs with the row and half with the column', () => {
    const config = { headWidth: 8, merge: 2 } as VisionConfig;
    const { cos, sin } = visionRotary({ height: 2, width: 4 }, config);
    expect(cos.shape).toEqual([8, 1, 8]);
    // The 7th patch in merge-group order is row 1, column 2; 10000^(−2i/4) = 1, 0.01.
    const angles = [1 * 1, 1 * 0.01, 2 * 1, 2 * 0.01];
    for (const [i, angle] of [...angles, ...angles].entries()) {
      expect(cos.data[6 * 8 + i]).toBeCloseTo(Math.cos(angle), 6);
      expect(sin.data[6 * 8 + i]).toBeCloseTo(Math.sin(angle), 6);
    }
  });
});

describe('mergeGroupOrder', () => {
  it('keeps the patches of a cell together', () => {
    expect([...mergeGroupOrder({ height: 4, width: 4 }, 2)]).toEqual([
      0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15,
    ]);
  });
});
