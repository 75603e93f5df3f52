/**
 * SAM's image encoder: a picture → one vector for each of its patches. Most layers attend within windows, a few over the
 * whole picture.
 *
 * Reference: SamVisionEncoder of transformers. T counts patches, row by row: T = grid².
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { attention, conv2d, layerNorm, linear } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { float32, int64 } from '../../tensor/tensor.ts';
import type { ImageEncoderConfig } from './config.ts';
import { relativeAttention } from './relative-attention.ts';
import { windowPlan } from './windows.ts';

/** ε of the neck's norms; no configuration has it. */
const NECK_EPS = 1e-6;

/** Input `pixels` [1, 3, S, S]; output `features` [1, C, g, g]. @throws TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE */
export function buildImageEncoder(config: ImageEncoderConfig, source: TensorSource): BuiltGraph {
  const { hidden, layers, imageSide, patch, grid, out } = config;
  const graph = new Graph('image encoder');
  const at = new Scope(graph, source).at('vision_encoder');

  const pixels = graph.input('pixels', [1, 3, imageSide, imageSide]);
  const patches = conv2d(pixels, at.at('patch_embed.projection'), {
    from: 3,
    to: hidden,
    kernel: patch,
    stride: patch,
    pads: [0, 0, 0, 0],
  }); // (1, hidden, g, g)
  let x = patches.reshape(hidden, -1).transpose(1, 0); // (T, hidden)
  if (config.absolutePositions) {
    x = x.plus(at.weight('pos_embed', [1, grid, grid, hidden]).reshape(-1, hidden));
  }
  for (let i = 0; i < layers; i += 1) {
    const side = config.globalLayers.includes(i) || config.window === 0 ? grid : config.window;
    x = layer(x, at.at('layers', i), { config, side });
  }
  graph.output('features', neck(x, at.at('neck'), config), [1, out, grid, grid]);
  return graph.build();
}

interface LayerOptions {
  readonly config: ImageEncoderConfig;
  /** Side of the squares that attention stays in: the window, or the whole grid. */
  readonly side: number;
}

/** (T, hidden) → (T, hidden) */
function layer(x: Value, at: Scope, { config, side }: LayerOptions): Value {
  const { hidden, mlp, eps } = config;
  const norm = { width: hidden, eps };
  const seen = selfAttention(layerNorm(x, at.at('layer_norm1'), norm), at.at('attn'), {
    config,
    side,
  });
  x = x.plus(seen);
  const y = layerNorm(x, at.at('layer_norm2'), norm);
  const inner = linear(y, at.at('mlp.lin1'), { from: hidden, to: mlp }).gelu(); // (T, mlp)
  return x.plus(linear(inner, at.at('mlp.lin2'), { from: mlp, to: hidden }));
}

/** (T, hidden) → (T, hidden) */
function selfAttention(x: Value, at: Scope, { config, side }: LayerOptions): Value {
  const { hidden, heads, headWidth, grid, qkvBias } = config;
  const { graph } = x;
  const plan = side === grid ? undefined : windowPlan({ grid, side });
  // A patch beyond the grid is zero before its projection.
  const padded = plan ? x.concat([graph.constant(float32([1, hidden]))], 0) : x;
  let qkv = linear(padded, at.at('qkv'), { from: hidden, to: 3 * hidden, bias: qkvBias });
  if (plan) qkv = qkv.gather(graph.constant(int64([plan.slots.length], plan.slots))); // (W·S, 3·hidden)
  const [q, k, v] = qkv.split(-1, 3) as [Value, Value, Value]; // (W·S, N·D) each
  const squares = plan?.windows ?? 1;
  const seen = config.relativePositions
    ? relativeAttention({ q, k, v }, at, { heads, headWidth, squares, side })
    : attention({ q, k, v }, { heads, headWidth, length: side ** 2 });
  const back = plan ? seen.gather(graph.constant(int64([grid ** 2], plan.places))) : seen; // (T, hidden)
  return linear(back, at.at('proj'), { from: hidden, to: hidden });
}

/** (T, hidden) → (1, C, g, g) */
function neck(x: Value, at: Scope, { hidden, out, grid }: ImageEncoderConfig): Value {
  const norm = { width: out, eps: NECK_EPS };
  const picture = (tokens: Value) => tokens.transpose(1, 0).reshape(1, out, grid, grid);
  const narrow = x.gemm(at.weight('conv1.weight', [out, hidden, 1, 1]).reshape(out, hidden)); // (T, C)
  const y = picture(layerNorm(narrow, at.at('layer_norm1'), norm));
  const z = conv2d(y, at.at('conv2'), { from: out, to: out, kernel: 3, bias: false });
  const tokens = z.reshape(out, -1).transpose(1, 0); // (T, C)
  return picture(layerNorm(tokens, at.at('layer_norm2'), norm));
}
