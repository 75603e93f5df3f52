import { describe, expect, it } from 'vitest';
import { selectSamples } from './select-samples.ts';

describe('the samples of a run', () => {
  it('are all, or the first', () => {
    expect(selectSamples(4, { limit: null, sample: null })).toEqual([0, 1, 2, 3]);
    expect(selectSamples(4, { limit: 2, sample: null })).toEqual([0, 1]);
    expect(selectSamples(4, { limit: 9, sample: null })).toEqual([0, 1, 2, 3]);
  });

  it('at random are distinct, in order, and the same for the same seed', () => {
    const chosen = selectSamples(1000, { limit: 100, sample: 7 });
    expect(new Set(chosen).size).toBe(100);
    expect(chosen).toEqual(chosen.toSorted((a, b) => a - b));
    expect(selectSamples(1000, { limit: 100, sample: 7 })).toEqual(chosen);
    expect(selectSamples(1000, { limit: 100, sample: 8 })).not.toEqual(chosen);
    // From all of them: the mean of 100 of 0..999 has a standard error of 29.
    expect(Math.abs(chosen.reduce((sum, i) => sum + i, 0) / 100 - 499.5)).toBeLessThan(120);
  });

  it('at random need a number', () => {
    const refusal = expect.objectContaining({ code: 'OPTION_INVALID' });
    expect(() => selectSamples(4, { limit: null, sample: 1 })).toThrow(refusal);
  });
});
