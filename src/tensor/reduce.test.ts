import { expect, it } from 'vitest';
import { argmax, normalizeMinMax } from './reduce.ts';

it('normalizeMinMax brings the smallest to 0 and the largest to 1', () => {
  expect([...normalizeMinMax(Float32Array.of(-2, 0, 6))]).toEqual([0, 0.25, 1]);
});

it('normalizeMinMax makes a constant input zeros, never NaN', () => {
  expect([...normalizeMinMax(Float32Array.of(5, 5))]).toEqual([0, 0]);
});

it('argmax is the first of equals, skips NaN, and is −1 for nothing', () => {
  expect(argmax(Float32Array.of(1, 7, 3, 7))).toBe(1);
  expect(argmax(Float32Array.of(Number.NaN, -1, -3))).toBe(1);
  expect(argmax(Float32Array.of(-Infinity, -Infinity))).toBe(0);
  expect(argmax(new Float32Array())).toBe(-1);
});
