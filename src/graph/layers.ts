/**
 * The layers that networks are made of, each reading its weights from the scope it is given.
 *
 * Tokens are (T, C), without a batch axis: one image, one expression. Feature maps are (1, C, H, W), as Conv wants them.
 * Names and layouts of the weights are PyTorch's, since that is what the checkpoints hold.
 */
import type { Value } from './graph.ts';
import type { Scope } from './scope.ts';

/** (T, from) → (T, to): x·weightᵀ + bias. */
export function linear(
  x: Value,
  at: Scope,
  { from, to, bias = true }: { from: number; to: number; bias?: boolean },
): Value {
  return x.gemm(at.weight('weight', [to, from]), bias ? at.weight('bias', [to]) : undefined);
}

export interface ConvShape {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Zeros around the image: [top, left, bottom, right]. Default: what keeps the size at stride 1. */
  readonly pads?: readonly [top: number, left: number, bottom: number, right: number];
  readonly bias?: boolean;
}

/** (1, from, H, W) → (1, to, H′, W′). */
export function conv2d(x: Value, at: Scope, shape: ConvShape): Value {
  const { from, to, kernel, stride = 1, bias = true } = shape;
  const same = (kernel - 1) / 2;
  const weight = at.weight('weight', [to, from, kernel, kernel]);
  return x.graph.op('Conv', bias ? [x, weight, at.weight('bias', [to])] : [x, weight], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: shape.pads ?? [same, same, same, same],
  });
}

/** (T, C) → (T, C), each row to mean 0 and variance 1, then scaled and shifted. */
export function layerNorm(x: Value, at: Scope, { width, eps }: NormShape): Value {
  const scale = at.weight('weight', [width]);
  const attributes = { axis: -1, epsilon: { float: eps } };
  return x.graph.op('LayerNormalization', [x, scale, at.weight('bias', [width])], attributes);
}

/** (T, C) → (T, C): x / √(mean x² + ε) · weight. Written as onnxruntime's fusion expects it. */
export function rmsNorm(x: Value, at: Scope, { width, eps }: NormShape): Value {
  const { graph } = x;
  const meanSquare = graph.op('Pow', [x, graph.scalar(2)]).mean([-1], true);
  const root = graph.op('Sqrt', [meanSquare.plus(eps)]);
  return x.over(root).times(at.weight('weight', [width]));
}

export interface NormShape {
  readonly width: number;
  readonly eps: number;
}

export interface GroupNormShape extends NormShape {
  readonly groups: number;
}

/**
 * (1, C, H, W) → (1, C, H, W): each group of channels to mean 0 and variance 1, then scaled and shifted by channel.
 *
 * Sums go over rows of pixels first, then over those sums: onnxruntime adds up in float32 one after another, and over the
 * 10⁶ numbers of a VAE's group (InstanceNormalization) that loses three digits.
 */
export function groupNorm(x: Value, at: Scope, { width, groups, eps }: GroupNormShape): Value {
  const { graph } = x;
  const byGroup = (v: Value) => v.reshape(groups, -1);
  const count = graph.op('Size', [x]).cast('float32').over(groups); // C/groups·H·W
  const mean = byGroup(x.mean([-1])).mean([-1], true); // (groups, 1)
  const centred = graph.op('Reshape', [byGroup(x).minus(mean), graph.op('Shape', [x])]); // (1, C, H, W)
  const squares = graph.op('ReduceSumSquare', [centred, graph.ints([-1])], { keepdims: 0 }); // (1, C, H)
  const variance = byGroup(squares).sum([-1], true).over(count); // (groups, 1)
  const deviation = graph.op('Sqrt', [variance.plus(eps)]);
  const scale = byGroup(at.weight('weight', [width]))
    .over(deviation)
    .reshape(width, 1, 1);
  return centred.times(scale).plus(at.weight('bias', [width]).reshape(width, 1, 1));
}

/** down(silu(gate x) · up x): (T, width) → (T, width). */
export function swiglu(
  x: Value,
  at: Scope,
  { width, hidden, bias = false }: { width: number; hidden: number; bias?: boolean },
): Value {
  const gate = linear(x, at.at('gate_proj'), { from: width, to: hidden, bias }).silu();
  const up = linear(x, at.at('up_proj'), { from: width, to: hidden, bias });
  return linear(gate.times(up), at.at('down_proj'), { from: hidden, to: width, bias });
}

/** value · gelu(gate), both halves of one projection: (T, width) → (T, hidden). */
export function geglu(
  x: Value,
  at: Scope,
  { width, hidden }: { width: number; hidden: number },
): Value {
  const [value, gate] = linear(x, at, { from: width, to: 2 * hidden }).split(-1, 2);
  return value!.times(gate!.gelu());
}

/** Rotary positions, "rotate half": x (N, T, D), cos and sin (T, D) → (N, T, D). */
export function rotate(
  x: Value,
  { cos, sin, width }: { cos: Value; sin: Value; width: number },
): Value {
  const first = x.slice(-1, 0, width / 2);
  const second = x.slice(-1, width / 2, width);
  return x.times(cos).plus(second.neg().concat([first], -1).times(sin));
}

/** (T, N·D) → (N, T, D). */
export function splitHeads(x: Value, heads: number, headWidth: number): Value {
  return x.reshape(-1, heads, headWidth).transpose(1, 0, 2);
}

/** (N, T, D) → (T, N·D). */
export function joinHeads(x: Value, width: number): Value {
  return x.transpose(1, 0, 2).reshape(-1, width);
}

export interface AttentionShape {
  readonly heads: number;
  readonly headWidth: number;
  /** Added to the scores, broadcast to (1, N, T, S): 0 or a large negative number where a key is hidden. */
  readonly bias?: Value;
}

export interface FusedAttentionShape extends AttentionShape {
  /** Tokens are sequences of that many, one after the other, that do not see each other; default one sequence. */
  readonly length?: number;
}

/**
 * softmax(q·kᵀ/√D + bias)·v, nothing recorded: q (T, N·D), k and v (S, N·D) → (T, N·D).
 *
 * onnxruntime's fused operator: it never holds all of (N, T, S) in memory where there is no bias.
 */
export function attention(
  { q, k, v }: { q: Value; k: Value; v: Value },
  { heads, headWidth, bias, length }: FusedAttentionShape,
): Value {
  const width = heads * headWidth;
  const batched = (x: Value) => (length ? x.reshape(-1, length, width) : x.reshape(1, -1, width)); // (B, T, N·D)
  const others = [batched(k), batched(v), undefined, undefined, bias];
  return batched(q)
    .microsoft('MultiHeadAttention', bias ? others : others.slice(0, 2), { num_heads: heads })
    .reshape(-1, width);
}
