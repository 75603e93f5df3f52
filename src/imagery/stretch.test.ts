import { describe, expect, it } from 'vitest';
import { parseStretch, rangeOfPercentiles, toByte } from './stretch.ts';

describe('parseStretch', () => {
  it('reads percentiles and "none"', () => {
    expect(parseStretch('2,98')).toEqual({ low: 2, high: 98 });
    expect(parseStretch('none')).toBe('none');
  });

  it.each(['', '2', '98,2', '2,2', '-1,50', '2,101', '1,2,3', 'a,b'])('refuses "%s"', (text) => {
    const refused = {
      code: 'OPTION_INVALID',
      fields: expect.objectContaining({ option: '--stretch', got: text }),
    };
    expect(() => parseStretch(text)).toThrow(expect.objectContaining(refused));
  });
});

describe('rangeOfPercentiles', () => {
  it('lies between values as numpy’s: percentile([7, 1, 3, 5], [25, 90]) is [2.5, 6.4]', () => {
    const range = rangeOfPercentiles(Float32Array.of(7, 1, 3, 5), { low: 25, high: 90 });
    expect(range.min).toBeCloseTo(2.5);
    expect(range.max).toBeCloseTo(6.4);
  });

  it('has a width also where all values are the same, or there are none', () => {
    const percentiles = { low: 2, high: 98 };
    expect(rangeOfPercentiles(Float32Array.of(9, 9), percentiles)).toEqual({ min: 9, max: 10 });
    expect(rangeOfPercentiles(Float32Array.of(), percentiles)).toEqual({ min: 0, max: 1 });
  });
});

describe('toByte', () => {
  it('makes the range 0..255, what is outside its ends, and NaN 0', () => {
    const range = { min: 100, max: 355 };
    const bytes = [99, 100, 227.4, 355, 400, Number.NaN].map((value) => toByte(value, range));
    expect(bytes).toEqual([0, 0, 127, 255, 255, 0]);
  });
});
