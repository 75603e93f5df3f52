import { ZeroovError } from '../errors.ts';
import type { Range } from '../tensor/reduce.ts';

/**
 * How numbers become bytes: as they are (below 0 is 0, above 255 is 255), or so that two percentiles of each band over the
 * whole scene become 0 and 255.
 */
export type Stretch = 'none' | { readonly low: number; readonly high: number };

/** What QGIS calls a cumulative cut: bright clouds and dark borders do not use up the range. */
export const PERCENTILES = { low: 2, high: 98 } as const;

/** `none` or two percentiles: `2,98`. @throws OPTION_INVALID */
export function parseStretch(text: string): Stretch {
  if (text === 'none') return text;
  const [low = Number.NaN, high = Number.NaN, ...more] = text.split(',').map(Number);
  if (low >= 0 && low < high && high <= 100 && more.length === 0) return { low, high };
  const expected = '"none" or two percentiles from 0 to 100, e.g. 2,98';
  throw new ZeroovError('OPTION_INVALID', { option: '--stretch', expected, got: text });
}

/**
 * The numbers that become 0 and 255. `values` stand for the scene without what has no data; they are sorted in place.
 * Percentiles lie between two values as numpy's do. A band of one value, or none, gets a range of 1.
 */
export function rangeOfPercentiles(
  values: Float32Array,
  { low, high }: Exclude<Stretch, 'none'>,
): Range {
  values.sort();
  const [min, max] = [percentile(values, low), percentile(values, high)];
  return max > min ? { min, max } : { min, max: min + 1 };
}

function percentile(sorted: Float32Array, percent: number): number {
  const position = (percent / 100) * (sorted.length - 1);
  const [below, above] = [Math.floor(position), Math.ceil(position)];
  const [a, b] = [sorted[below] ?? 0, sorted[above] ?? 0];
  return a + (b - a) * (position - below);
}

/** One number as a byte; NaN is 0. */
export function toByte(value: number, { min, max }: Range): number {
  const byte = Math.round(((value - min) / (max - min)) * 255);
  return byte > 255 ? 255 : byte > 0 ? byte : 0;
}
