/**
 * How the diffusion model's structure and the VLM's relevance make one attention map (Tab. 3 of the paper).
 *
 * A (N, N) is the structure: row i is what pixel i attends to, rows sum to 1. c (N) is the relevance on the same grid.
 * Every strategy is one or a few matrix-vector products, its result brought to 0..1.
 */
import { normalizeMinMax } from '../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { Interaction, MethodOptions } from './presets.ts';

/** Sums are kept in float64: Aⁿc is nearly constant, and what is left of it after min and max must be more than rounding. */
type Vector = Float32Array | Float64Array;

type Strategy = (
  structure: Float32Array,
  relevance: Float32Array,
  options: Pick<MethodOptions, 'power'>,
) => Float32Array;

/** Where relevance counts as an anchor (DiffPNG). */
const ANCHOR_THRESHOLD = 0.4;

const STRATEGIES: Record<Interaction, Strategy> = {
  cosine: (A, c) => {
    const length = norm(c);
    const dots = times(A, c);
    return normalizeMinMax(
      dots.map(
        (dot, i) => dot / (norm(A.subarray(i * c.length, (i + 1) * c.length)) * length || 1),
      ),
    );
  },
  weighted: (A, c) => {
    const s = transposeTimes(A, c);
    const length = norm(s) + 1e-6;
    const unit = s.map((x) => x / length);
    const min = unit.reduce((least, x) => Math.min(least, x), Infinity);
    const shifted = unit.map((x) => x - min);
    const max = shifted.reduce((most, x) => Math.max(most, x), 0) + 1e-6;
    return Float32Array.from(shifted, (x) => x / max);
  },
  multiplicative: (A, c) => normalizeMinMax(times(A, c)),
  anchor: (A, c) => {
    const anchors = normalizeMinMax(c).map((x) => (x > ANCHOR_THRESHOLD ? 1 : 0));
    return normalizeMinMax(transposeTimes(A, anchors));
  },
  exponential: (A, c, { power }) => {
    let s: Vector = c;
    for (let i = 0; i < power; i += 1) s = times(A, s);
    return normalizeMinMax(s);
  },
};

/**
 * Attention A_CS from structure A_S [N, N] and relevance A_C [h, w], N = h·w.
 * @returns [h, w], 0..1
 */
export function interact(
  structure: Float32Tensor,
  relevance: Float32Tensor,
  options: Pick<MethodOptions, 'interaction' | 'power'>,
): Float32Tensor {
  const strategy = STRATEGIES[options.interaction];
  return float32(relevance.shape, strategy(structure.data, relevance.data, options));
}

/** A·c */
function times(A: Float32Array, c: Vector): Float64Array {
  const n = c.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let sum = 0;
    for (let j = 0; j < n; j += 1) sum += A[i * n + j]! * c[j]!;
    out[i] = sum;
  }
  return out;
}

/** Aᵀ·c, row by row as A lies in memory. */
function transposeTimes(A: Float32Array, c: Vector): Float64Array {
  const n = c.length;
  const sums = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const weight = c[i]!;
    if (weight === 0) continue;
    for (let j = 0; j < n; j += 1) sums[j]! += A[i * n + j]! * weight;
  }
  return sums;
}

function norm(x: Vector): number {
  let sum = 0;
  for (const value of x) sum += value * value;
  return Math.sqrt(sum);
}
