/**
 * (x − min x)/(max x − min x), 0..1: METHOD.md's mm(x). A constant input has no range and becomes all zeros.
 */
export function normalizeMinMax(values: Float32Array | Float64Array): Float32Array {
  const { min, max } = rangeOf(values);
  const range = max - min;
  if (!(range > 0)) return new Float32Array(values.length);
  return Float32Array.from(values, (value) => (value - min) / range);
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Least and largest value; of an empty input +∞ and −∞. */
export function rangeOf(values: Float32Array | Float64Array): Range {
  let [min, max] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** Index of the largest value, the first of equals; −1 for an empty input. NaN is never largest. */
export function argmax(values: Float32Array): number {
  let best = -1;
  let largest = -Infinity;
  for (let i = 0; i < values.length; i += 1) {
    if (values[i]! > largest || (best === -1 && values[i] === -Infinity)) {
      largest = values[i]!;
      best = i;
    }
  }
  return best;
}
