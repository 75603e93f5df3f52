/**
 * The U-Net: a noisy latent, its noise level and the expression → the noise in it, and, on request, where each place
 * of the picture looks while it is denoised.
 *
 * Reference: UNet2DConditionModel of diffusers, as Stable Diffusion v1 configures it. Shapes are those at 512 px.
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { attention, conv2d, geglu, groupNorm, layerNorm, linear } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { float32 } from '../../tensor/tensor.ts';
import { headsOf, TEXT_TOKENS, type UnetConfig } from './config.ts';
import { mappedAttention } from './mapped-attention.ts';
import { checkRecord, type MapRecord, MapRecorder, type Recording } from './recorded-maps.ts';
import { resnet } from './resnet.ts';

const LATENT_CHANNELS = 4;

/** (1, width, side, side), and what was known of it when it was made. */
interface FeatureMap {
  readonly x: Value;
  readonly width: number;
  readonly side: number;
}

/** What every block is given beside its features. */
interface Context {
  readonly config: UnetConfig;
  readonly time: { readonly activated: Value; readonly width: number };
  /** (77, C), the expression. */
  readonly text: Value;
  /** undefined in the middle, where nothing is recorded. */
  readonly maps: MapRecorder | undefined;
}

/**
 * Inputs: `latent` [1, 4, S, S], `timestep` [1] (0..999), `text` [77, C].
 *
 * Outputs: `noise` [1, 4, S, S]; with `record` also `self_R` [n, n] for each resolution R (mean over heads and over the
 * layers of the down and up paths, reduced to the working grid; rows are queries) and `cross_16` [256, 77].
 *
 * @throws OPTION_INVALID, TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE
 */
export function buildUnet(
  { config, record }: { config: UnetConfig; record?: MapRecord },
  source: TensorSource,
): BuiltGraph {
  if (record) checkRecord(record, config);
  const {
    block_out_channels: channels,
    sample_size: S,
    cross_attention_dim,
    layers_per_block,
  } = config;
  const graph = new Graph('U-Net');
  const root = new Scope(graph, source);
  const heads = headsOf(config);
  const last = channels.length - 1;

  const latent = graph.input('latent', [1, LATENT_CHANNELS, S, S]);
  const timestep = graph.input('timestep', [1]);
  const text = graph.input('text', [TEXT_TOKENS, cross_attention_dim]);
  const maps = new MapRecorder(record);
  const time = timeEmbedding(timestep, root.at('time_embedding'), channels[0]!);
  const context: Context = { config, time, text, maps };

  const first = { from: LATENT_CHANNELS, to: channels[0]!, kernel: 3 };
  let h: FeatureMap = { x: conv2d(latent, root.at('conv_in'), first), width: first.to, side: S }; // (1, 320, 64, 64)
  const skips = [h];
  for (const [i, width] of channels.entries()) {
    const at = root.at('down_blocks', i);
    for (let j = 0; j < layers_per_block; j += 1) {
      h = residual(h, at.at('resnets', j), { width, context });
      if (config.down_block_types[i] === 'CrossAttnDownBlock2D') {
        h = transformer(h, at.at('attentions', j), { heads: heads[i]!, context });
      }
      skips.push(h);
    }
    if (i < last) {
      h = halve(h, at.at('downsamplers.0.conv')); // 64² → 32² → 16² → 8²
      skips.push(h);
    }
  }

  const middle = { ...context, maps: undefined };
  const at = root.at('mid_block'); // (1, 1280, 8, 8)
  h = residual(h, at.at('resnets.0'), { width: h.width, context });
  h = transformer(h, at.at('attentions.0'), { heads: heads[last]!, context: middle });
  h = residual(h, at.at('resnets.1'), { width: h.width, context });

  for (const [i, width] of channels.toReversed().entries()) {
    const at = root.at('up_blocks', i);
    for (let j = 0; j <= layers_per_block; j += 1) {
      h = residual(join(h, skips.pop()!), at.at('resnets', j), { width, context });
      if (config.up_block_types[i] === 'CrossAttnUpBlock2D') {
        h = transformer(h, at.at('attentions', j), { heads: heads[last - i]!, context });
      }
    }
    if (i < last) h = double(h, at.at('upsamplers.0.conv')); // 8² → 16² → 32² → 64²
  }

  const norm = { width: h.width, groups: config.norm_num_groups, eps: config.norm_eps };
  const out = groupNorm(h.x, root.at('conv_norm_out'), norm).silu();
  const noise = conv2d(out, root.at('conv_out'), { from: h.width, to: LATENT_CHANNELS, kernel: 3 });
  graph.output('noise', noise, [1, LATENT_CHANNELS, S, S]);
  maps.declareOutputs(graph);
  return graph.build();
}

/** t (1) → silu of its embedding (1, 4C): cos t·f and sin t·f for C/2 frequencies f from 1 down to 1/10000, two layers. */
function timeEmbedding(t: Value, at: Scope, width: number): Context['time'] {
  const half = width / 2;
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10000) * i) / half),
  );
  const angles = t.reshape(1, 1).times(t.graph.constant(float32([1, half], frequencies))); // (1, C/2)
  const [cos, sin] = [t.graph.op('Cos', [angles]), t.graph.op('Sin', [angles])];
  const wave = cos.concat([sin], 1); // (1, C)
  const hidden = linear(wave, at.at('linear_1'), { from: width, to: 4 * width }).silu();
  const embedding = linear(hidden, at.at('linear_2'), { from: 4 * width, to: 4 * width });
  return { activated: embedding.silu(), width: 4 * width };
}

/** (1, C, H, W) → (1, width, H, W). */
function residual(
  { x, width: from, side }: FeatureMap,
  at: Scope,
  { width, context }: { width: number; context: Context },
): FeatureMap {
  const { config, time } = context;
  const { norm_num_groups: groups, norm_eps: eps } = config;
  return { x: resnet(x, at, { from, to: width, groups, eps, time }), width, side };
}

/** Every pixel a token: they look at each other, then at the expression. (1, C, H, W) → (1, C, H, W). */
function transformer(
  h: FeatureMap,
  at: Scope,
  { heads, context }: { heads: number; context: Context },
): FeatureMap {
  const { x, width, side } = h;
  const pointwise = { from: width, to: width, kernel: 1 };
  const norm = { width, groups: context.config.norm_num_groups, eps: 1e-6 };
  const inner = conv2d(groupNorm(x, at.at('norm'), norm), at.at('proj_in'), pointwise);
  const tokens = inner.reshape(width, -1).transpose(1, 0); // (T, C), T = H·W
  const seen = block(tokens, at.at('transformer_blocks.0'), { heads, width, side, context });
  const map = seen.transpose(1, 0).reshape(1, width, side, side); // (1, C, H, W)
  return { x: x.plus(conv2d(map, at.at('proj_out'), pointwise)), width, side };
}

interface BlockShape {
  readonly heads: number;
  readonly width: number;
  readonly side: number;
  readonly context: Context;
}

/** (T, C) → (T, C). */
function block(x: Value, at: Scope, { heads, width, side, context }: BlockShape): Value {
  const { config, text, maps } = context;
  const norm = (key: string, y: Value) => layerNorm(y, at.at(key), { width, eps: 1e-5 });

  const y = norm('norm1', x);
  const toPicture = { heads, width, toWidth: width, recording: maps?.self(side) };
  x = x.plus(attend({ from: y, to: y }, at.at('attn1'), toPicture));

  const z = norm('norm2', x);
  const toWidth = config.cross_attention_dim;
  const toText = { heads, width, toWidth, recording: maps?.cross(side) };
  x = x.plus(attend({ from: z, to: text }, at.at('attn2'), toText));

  const hidden = geglu(norm('norm3', x), at.at('ff.net.0.proj'), { width, hidden: 4 * width }); // (T, 4C)
  return x.plus(linear(hidden, at.at('ff.net.2'), { from: 4 * width, to: width }));
}

interface AttendShape {
  readonly heads: number;
  readonly width: number;
  /** Channels of what is looked at. */
  readonly toWidth: number;
  readonly recording: Recording | undefined;
}

/** Queries of `from` (T, C), keys and values of `to` (S, toWidth) → (T, C). */
function attend({ from, to }: { from: Value; to: Value }, at: Scope, shape: AttendShape): Value {
  const { heads, width, toWidth, recording } = shape;
  const q = linear(from, at.at('to_q'), { from: width, to: width, bias: false }); // (T, C)
  const k = linear(to, at.at('to_k'), { from: toWidth, to: width, bias: false }); // (S, C)
  const v = linear(to, at.at('to_v'), { from: toWidth, to: width, bias: false });
  const size = { heads, headWidth: width / heads };
  const toOut = (seen: Value) => linear(seen, at.at('to_out.0'), { from: width, to: width });
  if (!recording) return toOut(attention({ q, k, v }, size));
  const { out, map } = mappedAttention({ q, k, v }, { ...size, ...recording });
  recording.add(map);
  return toOut(out);
}

/** (1, C, H, W) → (1, C, H/2, W/2). */
function halve({ x, width, side }: FeatureMap, at: Scope): FeatureMap {
  const shape = { from: width, to: width, kernel: 3, stride: 2 };
  return { x: conv2d(x, at, shape), width, side: side / 2 };
}

/** (1, C, H, W) → (1, C, 2H, 2W): each pixel four times, then smoothed. */
function double({ x, width, side }: FeatureMap, at: Scope): FeatureMap {
  const twice = x.graph.constant(float32([4], Float32Array.of(1, 1, 2, 2)));
  const shape = {
    mode: 'nearest',
    nearest_mode: 'floor',
    coordinate_transformation_mode: 'asymmetric',
  };
  const large = x.graph.op('Resize', [x, undefined, twice], shape);
  return { x: conv2d(large, at, { from: width, to: width, kernel: 3 }), width, side: 2 * side };
}

/** (1, C, H, W) and (1, C′, H, W) → (1, C + C′, H, W). */
function join(h: FeatureMap, skip: FeatureMap): FeatureMap {
  return { x: h.x.concat([skip.x], 1), width: h.width + skip.width, side: h.side };
}
