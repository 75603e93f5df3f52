import { describe, expect, it } from 'vitest';
import type { Mask } from '../tensor/image.ts';
import { encodeRle } from '../tensor/rle.ts';
import { type Proposal, vote } from './proposal-vote.ts';

const row = (text: string): Mask => {
  const data = Uint8Array.from(text, (pixel) => (pixel === '#' ? 1 : 0));
  return { widthPx: data.length, heightPx: 1, data };
};
const proposal = (text: string, predictedIou = 0.9): Proposal => {
  const { data } = row(text);
  const areaPx = data.reduce((sum, pixel) => sum + pixel, 0);
  return {
    mask: encodeRle({ dtype: 'bool', shape: [1, data.length], data }),
    areaPx,
    predictedIou,
  };
};

describe('vote', () => {
  const mask = row('#####.....'); // |M| = 5

  it('takes a part that lies inside the mask, and a whole that holds the mask', () => {
    const part = proposal('.##.......'); // 2/2 of P
    const whole = proposal('##########'); // 5/10 of P, 5/5 of M
    const { union, voted } = vote(mask, [part, whole]);
    expect(voted).toEqual([part, whole]);
    expect(union.data).toEqual(row('##########').data);
  });

  it('leaves out what agrees in 0.6 exactly, by either measure', () => {
    const ofProposal = proposal('..###..##.'); // 3/5 of P, 3/5 of M
    expect(vote(mask, [ofProposal]).voted).toEqual([]);
    const more = proposal('.####...##'); // 4/6 of P, 4/5 of M
    expect(vote(mask, [ofProposal, more]).union.data).toEqual(row('.####...##').data);
  });

  it('gives an empty union where nothing agrees', () => {
    const { union, voted } = vote(mask, [proposal('......####')]);
    expect(voted).toEqual([]);
    expect(union.data.every((pixel) => pixel === 0)).toBe(true);
  });
});
