/**
 * The two-way transformer of SAM's mask decoder: prompt tokens look at the picture, the picture looks back.
 *
 * Reference: SamTwoWayTransformer of transformers. B counts prompts, T tokens of a prompt, S = g² cells of the picture. The
 * picture is the same for all prompts until it has looked back once, and (1, S, C) until then.
 */
import type { Value } from '../../graph/graph.ts';
import { layerNorm } from '../../graph/layers.ts';
import type { Scope } from '../../graph/scope.ts';
import { CROSS_DOWNSAMPLE, type MaskDecoderConfig } from './config.ts';

/** ε of the norm after the last attention; no configuration has it. */
const FINAL_EPS = 1e-5;

export interface TwoWay {
  /** (B, T, C) */
  readonly tokens: Value;
  /** (1, S, C) or (B, S, C) */
  readonly picture: Value;
}

/** `places` (1, S, C) says where each cell of the picture is; tokens know their own from the start. */
export function twoWayTransformer(
  { tokens: given, picture: embedded, places }: TwoWay & { readonly places: Value },
  at: Scope,
  config: MaskDecoderConfig,
): TwoWay {
  let tokens = given;
  let picture = embedded;
  for (let i = 0; i < config.layers; i += 1) {
    const layer: Layer = { at: at.at('layers', i), config, asked: given, places, isFirst: i === 0 };
    ({ tokens, picture } = twoWayLayer({ tokens, picture }, layer));
  }
  const seen = attend(
    { q: tokens.plus(given), k: picture.plus(places), v: picture },
    at.at('final_attn_token_to_image'),
    { ...config, downsample: CROSS_DOWNSAMPLE },
  );
  const norm = { width: config.hidden, eps: FINAL_EPS };
  return { tokens: layerNorm(tokens.plus(seen), at.at('layer_norm_final_attn'), norm), picture };
}

interface Layer {
  readonly at: Scope;
  readonly config: MaskDecoderConfig;
  /** The tokens as they were given: every query is reminded of them. */
  readonly asked: Value;
  readonly places: Value;
  readonly isFirst: boolean;
}

function twoWayLayer({ tokens, picture }: TwoWay, layer: Layer): TwoWay {
  const { at, config, asked, places, isFirst } = layer;
  const norm = { width: config.hidden, eps: config.eps };
  const cross = { ...config, downsample: CROSS_DOWNSAMPLE };
  const self = (q: Value) =>
    attend({ q, k: q, v: tokens }, at.at('self_attn'), { ...config, downsample: 1 });
  // The first layer's tokens are what was asked, and are replaced by what they see in each other.
  let t = isFirst ? self(tokens) : tokens.plus(self(tokens.plus(asked)));
  t = layerNorm(t, at.at('layer_norm1'), norm);

  const toPicture = { q: t.plus(asked), k: picture.plus(places), v: picture };
  t = t.plus(attend(toPicture, at.at('cross_attn_token_to_image'), cross));
  t = layerNorm(t, at.at('layer_norm2'), norm);

  const inner = project(t, at.at('mlp.lin1'), { from: config.hidden, to: config.mlp }).relu();
  t = t.plus(project(inner, at.at('mlp.lin2'), { from: config.mlp, to: config.hidden }));
  t = layerNorm(t, at.at('layer_norm3'), norm);

  const toTokens = { q: picture.plus(places), k: t.plus(asked), v: t };
  const back = picture.plus(attend(toTokens, at.at('cross_attn_image_to_token'), cross)); // (B, S, C)
  return { tokens: t, picture: layerNorm(back, at.at('layer_norm4'), norm) };
}

/** softmax(q·kᵀ/√D)·v with projections of its own: q (B, T, C), k and v (B, S, C) → (B, T, C). B may be 1 in some of them. */
function attend(
  { q, k, v }: { q: Value; k: Value; v: Value },
  at: Scope,
  { hidden, heads, downsample }: { hidden: number; heads: number; downsample: number },
): Value {
  const inner = hidden / downsample;
  const split = (x: Value, key: string) =>
    project(x, at.at(key), { from: hidden, to: inner })
      .reshape(0, -1, heads, inner / heads)
      .transpose(0, 2, 1, 3); // (B, N, T, D)
  const queries = split(q, 'q_proj').times(1 / Math.sqrt(inner / heads));
  const scores = queries.matmul(split(k, 'k_proj').transpose(0, 1, 3, 2)); // (B, N, T, S)
  const seen = scores.softmax().matmul(split(v, 'v_proj')); // (B, N, T, D)
  const joined = seen.transpose(0, 2, 1, 3).reshape(0, -1, inner);
  return project(joined, at.at('out_proj'), { from: inner, to: hidden });
}

/** (B, T, from) → (B, T, to) */
export function project(x: Value, at: Scope, { from, to }: { from: number; to: number }): Value {
  const weight = at.weight('weight', [to, from]).transpose(1, 0);
  return x.matmul(weight).plus(at.weight('bias', [to]));
}
