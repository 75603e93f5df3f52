import { describe, expect, it } from 'vitest';
import { chooseDataset } from './evaluate-dataset.ts';
import type { EvaluateFlags } from './evaluate-flags.ts';

const choose = (flags: Partial<EvaluateFlags>) =>
  chooseDataset('synthetic', { scenes: 1, size: 64, ...flags } as EvaluateFlags);

describe('scenes made on the spot', () => {
  it('are those of the kinds that are asked for', async () => {
    const { dataset, scenes } = await choose({ stage: 'd', kinds: ['position'] });
    expect(scenes?.kinds).toEqual(['position']);
    expect(new Set(dataset.samples.map(({ kind }) => kind))).toEqual(new Set(['position']));
  });

  it('refuse a kind that is not said of their stage', async () => {
    await expect(choose({ stage: 'a', kinds: ['colour', 'size'] })).rejects.toThrow(
      '--kinds: expected kinds of stage a: category, colour, function, got size',
    );
  });
});
