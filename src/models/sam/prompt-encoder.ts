/**
 * SAM's prompt encoder, part of the decoder's graph: points and box corners → one token each, a rough mask → one vector for
 * each cell of the image embedding.
 *
 * Reference: SamPromptEncoder of transformers.
 */
import type { Value } from '../../graph/graph.ts';
import { conv2d, layerNorm } from '../../graph/layers.ts';
import type { Scope } from '../../graph/scope.ts';
import { float32 } from '../../tensor/tensor.ts';
import type { PromptEncoderConfig } from './config.ts';

/** What a prompt's token says of its place, as the `kinds` input of the decoder. */
export const KINDS = { padding: 0, negative: 1, positive: 2, topLeft: 3, bottomRight: 4 } as const;

/** Where the matrix lies that places are multiplied with: a checkpoint has one for pictures, one for prompts, or one for both. */
const MATRICES = {
  picture: ['shared_image_embedding', 'prompt_encoder.shared_embedding'],
  prompts: ['prompt_encoder.shared_embedding', 'shared_image_embedding'],
} as const;

/** Places (…, 2) as x, y in −1..1 over SAM's square → (…, C): sines, then cosines of random waves. */
export function embedPlaces(
  places: Value,
  root: Scope,
  { waves, of }: { waves: number; of: keyof typeof MATRICES },
): Value {
  const { graph } = places;
  const key = 'positional_embedding';
  const [own, other] = MATRICES[of].map((path) => root.at(path)) as [Scope, Scope];
  const matrix = (own.has(key) ? own : other).weight(key, [2, waves]);
  const phases = places.matmul(matrix).times(2 * Math.PI); // (…, waves)
  return graph.op('Sin', [phases]).concat([graph.op('Cos', [phases])], -1);
}

/** (g², 2): the centres of the cells of the image embedding, row by row. */
export function cellCentres(grid: number): Float32Array {
  const centre = (i: number) => (2 * (i + 0.5)) / grid - 1;
  return Float32Array.from({ length: 2 * grid * grid }, (_, i) => {
    const cell = i >> 1;
    return centre(i % 2 === 0 ? cell % grid : Math.floor(cell / grid));
  });
}

/** Places (B, P, 2) and their kinds (B, P) → (B, P, C). A padding token has no place. */
export function embedPrompts(
  { places, kinds }: { places: Value; kinds: Value },
  root: Scope,
  config: PromptEncoderConfig,
): Value {
  const { hidden, waves } = config;
  const { graph } = places;
  const at = root.at('prompt_encoder');
  const points = [0, 1, 2, 3].map((i) => at.weight(`point_embed.${i}.weight`, [1, hidden]));
  const table = at.weight('not_a_point_embed.weight', [1, hidden]).concat(points, 0); // in the order of KINDS
  const placed = graph.constant(float32([5, 1], Float32Array.of(0, 1, 1, 1, 1)));
  const position = embedPlaces(places, root, { waves, of: 'prompts' }); // (B, P, C)
  return table.gather(kinds).plus(position.times(placed.gather(kinds)));
}

/** Without a rough mask: (1, C). */
export function embedNoMask(root: Scope, { hidden }: PromptEncoderConfig): Value {
  return root.at('prompt_encoder').weight('no_mask_embed.weight', [1, hidden]);
}

/** Logits (B, 1, 4·g, 4·g) → (B, g², C). */
export function embedMasks(logits: Value, root: Scope, config: PromptEncoderConfig): Value {
  const { hidden, maskChannels, grid, eps } = config;
  const at = root.at('prompt_encoder.mask_embed');
  const few = maskChannels / 4;
  const halve = { kernel: 2, stride: 2, pads: [0, 0, 0, 0] } as const;
  let x = conv2d(logits, at.at('conv1'), { from: 1, to: few, ...halve }); // (B, few, 2·g, 2·g)
  x = normChannels(x, at.at('layer_norm1'), { width: few, eps }).gelu();
  x = conv2d(x, at.at('conv2'), { from: few, to: maskChannels, ...halve }); // (B, many, g, g)
  x = normChannels(x, at.at('layer_norm2'), { width: maskChannels, eps }).gelu();
  x = conv2d(x, at.at('conv3'), { from: maskChannels, to: hidden, kernel: 1 }); // (B, C, g, g)
  return x.transpose(0, 2, 3, 1).reshape(-1, grid * grid, hidden);
}

/** Layer norm over the channels of (B, C, H, W). */
function normChannels(x: Value, at: Scope, norm: { width: number; eps: number }): Value {
  return layerNorm(x.transpose(0, 2, 3, 1), at, norm).transpose(0, 3, 1, 2);
}
