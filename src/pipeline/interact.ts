/**
 * How the diffusion model's structure and the VLM's relevance make one attention map (Tab. 3 of the paper).
 *
 * A (N, N) is the structure: row i is what pixel i attends to, rows sum to 1. c (N) is the relevance on the same grid.
 * Every strategy is one or a few matrix-vector products, its result brought to 0..1 at the end.
 */
import { normalizeMinMax, rangeOf } from '../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { Interaction, MethodOptions } from './presets.ts';

/** Sums are kept in float64: Aⁿc is nearly constant, and what is left of it after min and max must be more than rounding. */
type Vector = Float32Array | Float64Array;

/** Values [N] of any range, from A [N, N] and c [N] in 0..1. */
type Strategy = (
  structure: Float32Array,
  relevance: Float32Array,
  options: Pick<MethodOptions, 'power'>,
) => Vector;

/** Where relevance counts as an anchor (DiffPNG). */
const ANCHOR_THRESHOLD = 0.4;

const STRATEGIES: Record<Interaction, Strategy> = {
  /** ⟨A_i, c⟩/‖A_i‖: dividing by ‖c‖ as well changes nothing once the result is brought to 0..1. */
  cosine: (A, c) =>
    times(A, c).map((dot, i) => dot / (norm(A.subarray(i * c.length, (i + 1) * c.length)) || 1)),
  weighted: transposeTimes,
  multiplicative: times,
  anchor: (A, c) =>
    transposeTimes(
      A,
      c.map((x) => (x > ANCHOR_THRESHOLD ? 1 : 0)),
    ),
  exponential: (A, c, { power }) => {
    let s: Vector = c;
    for (let i = 0; i < power; i += 1) s = times(A, s);
    return s;
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
  const c = float32(relevance.shape, normalizeMinMax(relevance.data));
  const s = associate(structure, options.interaction === 'anchor' ? c : relevance, options);
  return float32(relevance.shape, toUnitRange(s, options));
}

/** The same before it is brought to 0..1, so that what several pictures give can be compared. [N] */
export function associate(
  structure: Float32Tensor,
  relevance: Float32Tensor,
  options: Pick<MethodOptions, 'interaction' | 'power'>,
): Vector {
  return STRATEGIES[options.interaction](structure.data, relevance.data, options);
}

/** mm(s); `weighted` as the release's code does it, with its ε. */
export function toUnitRange(
  s: Vector,
  { interaction }: Pick<MethodOptions, 'interaction'>,
): Float32Array {
  if (interaction !== 'weighted') return normalizeMinMax(s);
  const length = norm(s) + 1e-6;
  const { min, max } = rangeOf(s);
  const range = (max - min) / length + 1e-6;
  return Float32Array.from(s, (x) => (x - min) / length / range);
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
