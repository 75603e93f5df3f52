import { describe, expect, it } from 'vitest';
import { randomNormal } from './random-normal.ts';

describe('randomNormal', () => {
  const values = randomNormal(7, 100_000);
  const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length;

  // Moments 0, 1, 0, 3; the bounds are five standard errors of a sample of 10⁵: √(m₂ₖ − mₖ²)/√n · 5.
  it.each([
    [1, 0, 0.016],
    [2, 1, 0.023],
    [3, 0, 0.062],
    [4, 3, 0.155],
  ])('has the normal moment %i', (power, expected, bound) => {
    expect(Math.abs(moment(power) - expected)).toBeLessThan(bound);
  });

  it('has neighbours that do not depend on each other', () => {
    const products = values.slice(1).map((x, i) => x * values[i]!);
    const mean = products.reduce((sum, x) => sum + x, 0) / products.length;
    expect(Math.abs(mean)).toBeLessThan(0.016);
  });

  it('is given by its seed', () => {
    expect(randomNormal(7, 5)).toEqual(values.slice(0, 5));
    expect(randomNormal(8, 5)).not.toEqual(values.slice(0, 5));
  });
});
