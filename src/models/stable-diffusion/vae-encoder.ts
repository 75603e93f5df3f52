/**
 * The encoder half of the VAE: a picture → the mean of its latent distribution, scaled as the U-Net was trained.
 *
 * Reference: AutoencoderKL of diffusers.
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { attention, conv2d, groupNorm, linear } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import type { VaeConfig } from './config.ts';
import { resnet } from './resnet.ts';

const LATENT_CHANNELS = 4;
/** Not in the config: every group norm of this VAE has it. */
const EPS = 1e-6;

/** Input `image` [1, 3, S, S] in −1..1; output `latent` [1, 4, S/8, S/8] for the four blocks of v1. */
export function buildVaeEncoder(
  { config, sidePx }: { config: VaeConfig; sidePx: number },
  source: TensorSource,
): BuiltGraph {
  const { block_out_channels: channels, layers_per_block, norm_num_groups: groups } = config;
  const norm = { groups, eps: EPS };
  const graph = new Graph('VAE encoder');
  const root = new Scope(graph, source);
  const at = root.at('encoder');

  const image = graph.input('image', [1, 3, sidePx, sidePx]);
  let from = channels[0]!;
  let x = conv2d(image, at.at('conv_in'), { from: 3, to: from, kernel: 3 }); // (1, C, S, S)
  for (const [i, to] of channels.entries()) {
    const block = at.at('down_blocks', i);
    for (let j = 0; j < layers_per_block; j += 1) {
      x = resnet(x, block.at('resnets', j), { from, to, ...norm }); // (1, to, H, W)
      from = to;
    }
    if (i < channels.length - 1) x = halve(x, block.at('downsamplers.0.conv'), to); // (1, to, H/2, W/2)
  }

  const middle = { from, to: from, ...norm };
  x = resnet(x, at.at('mid_block.resnets.0'), middle);
  x = selfAttention(x, at.at('mid_block.attentions.0'), { width: from, groups });
  x = resnet(x, at.at('mid_block.resnets.1'), middle);

  x = groupNorm(x, at.at('conv_norm_out'), { width: from, ...norm }).silu();
  const moments = { from: 2 * LATENT_CHANNELS, to: 2 * LATENT_CHANNELS }; // mean, then log variance
  x = conv2d(x, at.at('conv_out'), { from, to: moments.from, kernel: 3 });
  x = conv2d(x, root.at('quant_conv'), { ...moments, kernel: 1 }); // (1, 8, H, W)
  const latent = x.slice(1, 0, LATENT_CHANNELS).times(config.scaling_factor); // (1, 4, H, W)
  const side = sidePx / 2 ** (channels.length - 1);
  graph.output('latent', latent, [1, LATENT_CHANNELS, side, side]);
  return graph.build();
}

/** (1, C, H, W) → (1, C, H/2, W/2); zeros go to the bottom and the right only, unlike in the U-Net. */
function halve(x: Value, at: Scope, width: number): Value {
  return conv2d(x, at, { from: width, to: width, kernel: 3, stride: 2, pads: [0, 0, 1, 1] });
}

/** One head over all positions: (1, C, H, W) → (1, C, H, W). */
function selfAttention(
  x: Value,
  at: Scope,
  { width, groups }: { width: number; groups: number },
): Value {
  const [query, key, value, out] = at.has('query.weight')
    ? ['query', 'key', 'value', 'proj_attn'] // as published
    : ['to_q', 'to_k', 'to_v', 'to_out.0']; // newer saves
  const square = { from: width, to: width };
  const normal = groupNorm(x, at.at('group_norm'), { width, groups, eps: EPS });
  const tokens = normal.reshape(width, -1).transpose(1, 0); // (T, C), T = H·W
  const q = linear(tokens, at.at(query), square);
  const k = linear(tokens, at.at(key), square);
  const v = linear(tokens, at.at(value), square);
  const seen = attention({ q, k, v }, { heads: 1, headWidth: width });
  const y = linear(seen, at.at(out), square).transpose(1, 0); // (C, T)
  return x.plus(x.graph.op('Reshape', [y, x.graph.op('Shape', [x])])); // (1, C, H, W)
}
