/**
 * Qwen2.5-VL's vision tower: patches in, one token of the language model's width out for every cell of 2 × 2 patches.
 *
 * Most blocks attend within windows, a few over the whole image. No (T, T) matrix is ever in memory: windows are batched,
 * whole-image attention is the runtime's fused operator. T counts patches, in merge-group order (see preprocess.ts).
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { attention, linear, rmsNorm, rotate, swiglu } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { VisionConfig } from './config.ts';
import { type Grid, visionRotary } from './positions.ts';
import { slotsOf, windowPlan } from './windows.ts';

/** ε of the tower's norms; no configuration has it. */
const EPS = 1e-6;

/**
 * Inputs: `patches` (T, 3·temporal·patch²), `cos`, `sin` (T, 1, D), and the window plan `slots` (W·S), `places` (T),
 * `bias` (W, 1, S, S). Output: `embeddings` (T/4, out), image tokens in row-major order. Float32 but for int64 indices.
 *
 * @throws TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE
 */
export function buildVision(config: VisionConfig, source: TensorSource): BuiltGraph {
  const { hidden, depth, headWidth, out, patch, temporal, merge } = config;
  const graph = new Graph('vision');
  const root = new Scope(graph, source);
  const at = root.at(root.has('model.visual.merger.ln_q.weight') ? 'model.visual' : 'visual');

  const pixels = 3 * temporal * patch ** 2;
  const patches = graph.input('patches', ['T', pixels]);
  const slots = slotsOf(config);
  const tokens: Tokens = {
    cos: graph.input('cos', ['T', 1, headWidth]),
    sin: graph.input('sin', ['T', 1, headWidth]),
    slots: graph.input('slots', ['W·S'], 'int64'),
    places: graph.input('places', ['T'], 'int64'),
    bias: graph.input('bias', ['W', 1, slots, slots]),
  };

  const kernel = at.weight('patch_embed.proj.weight', [hidden, 3, temporal, patch, patch]);
  let x = patches.gemm(kernel.reshape(hidden, pixels)); // (T, hidden)
  for (let i = 0; i < depth; i += 1) x = block(x, at.at('blocks', i), { config, tokens, index: i });

  const merger = at.at('merger');
  const wide = merge ** 2 * hidden;
  x = rmsNorm(x, merger.at('ln_q'), { width: hidden, eps: EPS }).reshape(-1, wide); // (T/4, 4·hidden)
  x = linear(x, merger.at('mlp', 0), { from: wide, to: wide }).gelu();
  x = linear(x, merger.at('mlp', 2), { from: wide, to: out }); // (T/4, out)
  graph.output('embeddings', x, ['T/4', out]);
  return graph.build();
}

/** What every block knows of the tokens, besides their values. */
interface Tokens {
  readonly cos: Value;
  readonly sin: Value;
  readonly slots: Value;
  readonly places: Value;
  readonly bias: Value;
}

interface BlockOptions {
  readonly config: VisionConfig;
  readonly tokens: Tokens;
  readonly index: number;
}

/** (T, hidden) → (T, hidden) */
function block(x: Value, at: Scope, { config, tokens, index }: BlockOptions): Value {
  const { hidden, heads, headWidth, mlp, fullAttention } = config;
  const { cos, sin } = tokens;
  const norm = { width: hidden, eps: EPS };
  const normal = rmsNorm(x, at.at('norm1'), norm);
  const qkv = linear(normal, at.at('attn', 'qkv'), { from: hidden, to: 3 * hidden });
  const [q, k, v] = qkv.split(-1, 3); // (T, N·D) each
  const turned = (t: Value) =>
    rotate(t.reshape(-1, heads, headWidth), { cos, sin, width: headWidth }).reshape(-1, hidden);
  const parts = { q: turned(q!), k: turned(k!), v: v! };
  const seen = fullAttention.includes(index)
    ? attention(parts, { heads, headWidth })
    : windowAttention(parts, { config, tokens });
  x = x.plus(linear(seen, at.at('attn', 'proj'), { from: hidden, to: hidden }));
  const second = rmsNorm(x, at.at('norm2'), norm);
  return x.plus(swiglu(second, at.at('mlp'), { width: hidden, hidden: mlp, bias: true }));
}

/** Each patch sees those of its window: (T, N·D) → (W, S, N·D), attended to, and back. */
function windowAttention(
  { q, k, v }: { q: Value; k: Value; v: Value },
  { config, tokens }: Omit<BlockOptions, 'index'>,
): Value {
  const { heads, headWidth } = config;
  const { slots, places, bias } = tokens;
  const windows = { q: q.gather(slots), k: k.gather(slots), v: v.gather(slots) }; // (W·S, N·D)
  const length = slotsOf(config);
  return attention(windows, { heads, headWidth, bias, length }).gather(places);
}

/** All inputs of the graph for patches (T, 3·temporal·patch²) of a grid of that many rows and columns of patches. */
export function visionInputs(
  patches: Tensor<'float32'>,
  { grid, config }: { grid: Grid; config: VisionConfig },
): Record<string, Tensor> {
  return { patches, ...visionRotary(grid, config), ...windowPlan(grid, config) };
}
