/**
 * SAM's mask decoder with its prompt encoder: the embedding of a picture and prompts → candidate masks, and how good the
 * network thinks they are. A second prompt costs this graph alone.
 *
 * Reference: SamMaskDecoder of transformers. B counts prompts, P their points and corners, T tokens, S = g² cells.
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { layerNorm } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { float32 } from '../../tensor/tensor.ts';
import type { MaskDecoderConfig, SamConfig } from './config.ts';
import {
  cellCentres,
  embedMasks,
  embedNoMask,
  embedPlaces,
  embedPrompts,
} from './prompt-encoder.ts';
import { project, twoWayTransformer } from './two-way-transformer.ts';

/** ε of the norm between the two upscalings; no configuration has it. */
const UPSCALE_EPS = 1e-6;

/** Whether the prompts bring rough masks: these need an input and layers of their own. */
export type MaskPrompts = 'without masks' | 'with masks';

/**
 * Inputs: `features` [1, C, g, g], `places` [B, P, 2] (x, y in −1..1 over SAM's square), `kinds` int64 [B, P] (KINDS), and
 * `masks` [B, 1, 4·g, 4·g] where prompts bring them. Outputs: `logits` [B, M, 4·g, 4·g], `scores` [B, M].
 *
 * @throws TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE
 */
export function buildMaskDecoder(
  { config, prompts }: { config: SamConfig; prompts: MaskPrompts },
  source: TensorSource,
): BuiltGraph {
  const { promptEncoder, maskDecoder } = config;
  const { hidden, candidates } = maskDecoder;
  const { grid, waves } = promptEncoder;
  const graph = new Graph(`mask decoder, prompts ${prompts}`);
  const root = new Scope(graph, source);
  const at = root.at('mask_decoder');

  const features = graph.input('features', [1, hidden, grid, grid]);
  const places = graph.input('places', ['B', 'P', 2]);
  const kinds = graph.input('kinds', ['B', 'P'], 'int64');
  const dense =
    prompts === 'with masks'
      ? embedMasks(graph.input('masks', ['B', 1, 4 * grid, 4 * grid]), root, promptEncoder)
      : embedNoMask(root, promptEncoder);
  const cells = graph.constant(float32([1, grid ** 2, 2], cellCentres(grid)));
  const asked = embedPrompts({ places, kinds }, root, promptEncoder); // (B, P, C)
  const { tokens, picture } = twoWayTransformer(
    {
      tokens: withOutputTokens(asked, at, maskDecoder), // (B, T, C)
      picture: features.reshape(1, hidden, -1).transpose(0, 2, 1).plus(dense), // (1 or B, S, C)
      places: embedPlaces(cells, root, { waves, of: 'picture' }), // (1, S, C)
    },
    at.at('transformer'),
    maskDecoder,
  );

  const drawn = draw({ tokens, picture }, at, { ...maskDecoder, grid });
  graph.output('logits', drawn, ['B', candidates, 4 * grid, 4 * grid]);
  graph.output('scores', score(tokens, at, maskDecoder), ['B', candidates]);
  return graph.build();
}

/** Before the prompt's tokens one that gathers the scores, and one for each mask: (B, P, C) → (B, T, C). */
function withOutputTokens(
  asked: Value,
  at: Scope,
  { hidden, candidates }: MaskDecoderConfig,
): Value {
  const { graph } = asked;
  const own = at
    .weight('iou_token.weight', [1, hidden])
    .concat([at.weight('mask_tokens.weight', [candidates + 1, hidden])], 0);
  const batch = graph.op('Shape', [asked], { start: 0, end: 1 });
  const shape = batch.concat([graph.ints([candidates + 2, hidden])], 0);
  return graph.op('Expand', [own, shape]).concat([asked], 1);
}

/** Each mask token, made a filter, reads its mask off the picture, four times as fine: → (B, M, 4·g, 4·g). */
function draw(
  { tokens, picture }: { tokens: Value; picture: Value },
  at: Scope,
  { hidden, candidates, grid }: MaskDecoderConfig & { readonly grid: number },
): Value {
  const [half, narrow] = [hidden / 4, hidden / 8];
  let fine = unfold(picture, at.at('upscale_conv1'), { from: hidden, to: half }); // (B, S·4, C/4)
  fine = layerNorm(fine, at.at('upscale_layer_norm'), { width: half, eps: UPSCALE_EPS }).gelu();
  fine = unfold(fine, at.at('upscale_conv2'), { from: half, to: narrow }).gelu(); // (B, S·16, C/8)
  const filters = Array.from({ length: candidates }, (_, i) => {
    const token = tokens.slice(1, i + 2, i + 3); // (B, 1, C); the token before these is for single-mask output
    const shape = { from: hidden, hidden, to: narrow, depth: 3 };
    return feedForward(token, at.at('output_hypernetworks_mlps', i + 1), shape);
  });
  const [first, ...others] = filters;
  const masks = first!.concat(others, 1).matmul(fine.transpose(0, 2, 1)); // (B, M, S·16)
  return masks
    .reshape(-1, candidates, grid, grid, 2, 2, 2, 2) // row, column; then twice: row and column within
    .transpose(0, 1, 2, 4, 6, 3, 5, 7)
    .reshape(-1, candidates, 4 * grid, 4 * grid);
}

/**
 * A transposed convolution of 2 × 2 with stride 2: each cell becomes four, (B, S, from) → (B, S·4, to). The four stay
 * together, row by row, so that no picture is rearranged before the masks are drawn.
 */
function unfold(x: Value, at: Scope, { from, to }: { from: number; to: number }): Value {
  const weight = at
    .weight('weight', [from, to, 2, 2])
    .transpose(0, 2, 3, 1)
    .reshape(from, 4 * to);
  return x
    .matmul(weight)
    .reshape(0, -1, to)
    .plus(at.weight('bias', [to]));
}

/** The estimated IoU of each mask: (B, T, C) → (B, M). */
function score(
  tokens: Value,
  at: Scope,
  { hidden, iouHidden, iouDepth, candidates }: MaskDecoderConfig,
): Value {
  const shape = { from: hidden, hidden: iouHidden, to: candidates + 1, depth: iouDepth };
  const scores = feedForward(tokens.slice(1, 0, 1), at.at('iou_prediction_head'), shape); // (B, 1, M + 1)
  return scores.slice(2, 1, candidates + 1).reshape(-1, candidates);
}

/** `depth` linear layers with relu between them. */
function feedForward(
  x: Value,
  at: Scope,
  { from, hidden, to, depth }: { from: number; hidden: number; to: number; depth: number },
): Value {
  let y = project(x, at.at('proj_in'), { from, to: hidden }).relu();
  for (let i = 0; i < depth - 2; i += 1) {
    y = project(y, at.at('layers', i), { from: hidden, to: hidden }).relu();
  }
  return project(y, at.at('proj_out'), { from: hidden, to });
}
