/**
 * What the configuration files of a Qwen2.5-VL checkpoint say, checked and in one form.
 *
 * The published config.json has the text model's fields at its top level and `rope_scaling`; newer saves nest them under
 * `text_config` and say `rope_parameters`. Everything after this file sees one `QwenConfig`.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../checkpoint/json-file.ts';
import { ZeroovError } from '../../errors.ts';

export interface TextConfig {
  /** Width of a token. */
  readonly hidden: number;
  readonly layers: number;
  /** Query heads N; `heads / kvHeads` of them share one key and value head. */
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  readonly mlp: number;
  readonly vocab: number;
  readonly eps: number;
  readonly ropeTheta: number;
  /** How many rotary pairs turn with time, row and column; they sum to headWidth / 2. */
  readonly mropeSection: readonly [time: number, row: number, column: number];
  /** Whether the head is the embedding table. */
  readonly tied: boolean;
}

export interface VisionConfig {
  readonly hidden: number;
  readonly depth: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly mlp: number;
  /** Width of an image token: the text model's hidden. */
  readonly out: number;
  /** Side of a patch, px. */
  readonly patch: number;
  /** Frames in a patch; an image is repeated to fill them. */
  readonly temporal: number;
  /** A cell is merge × merge patches and becomes one image token. */
  readonly merge: number;
  /** Side of an attention window, in cells. */
  readonly windowCells: number;
  /** Blocks that attend over the whole image; the others stay in their window. */
  readonly fullAttention: readonly number[];
}

export interface ImageConfig {
  readonly minPixels: number;
  readonly maxPixels: number;
  /** Red, green, blue; of values 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface QwenConfig {
  readonly text: TextConfig;
  readonly vision: VisionConfig;
  readonly image: ImageConfig;
  /** Ids that end the answer. */
  readonly endIds: readonly number[];
}

/** The largest model of the family has 80 layers, is 8192 wide (MLP 29568) and knows 152064 tokens. */
const LIMITS = { layers: 256, width: 65_536, vocab: 1_048_576, side: 1024 } as const;

const width = z.int().min(1).max(LIMITS.width);
const side = z.int().min(1).max(LIMITS.side);
const layers = z.int().min(1).max(LIMITS.layers);
const tokenId = z.int().min(0).max(LIMITS.vocab);
const pixels = z.int().min(1).optional();
const positive = z.number().positive();
const silu = z.literal('silu').default('silu');
const rgb = z.tuple([z.number(), z.number(), z.number()]);

const ropeType = z.enum(['mrope', 'default']).optional();
const ropeSchema = z.object({
  type: ropeType,
  rope_type: ropeType,
  rope_theta: positive.optional(),
  mrope_section: z.tuple([width, width, width]),
});

/** The defaults are those of the reference, which published files lean on. */
const visionSchema = z.object({
  depth: layers,
  hidden_size: width,
  intermediate_size: width,
  num_heads: width,
  out_hidden_size: width,
  in_channels: z.literal(3).default(3),
  patch_size: side.default(14),
  temporal_patch_size: side.default(2),
  spatial_merge_size: side.default(2),
  window_size: side.default(112),
  fullatt_block_indexes: z.array(z.int().min(0)).max(LIMITS.layers),
  hidden_act: silu,
});

const modelSchema = z.object({
  hidden_size: width,
  intermediate_size: width,
  num_hidden_layers: layers,
  num_attention_heads: width,
  num_key_value_heads: width,
  vocab_size: z.int().min(1).max(LIMITS.vocab),
  rms_norm_eps: positive,
  hidden_act: silu,
  rope_theta: positive.optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  tie_word_embeddings: z.boolean().default(false),
  use_sliding_window: z.literal(false).nullish(),
  vision_config: visionSchema,
});
type Model = z.output<typeof modelSchema>;

/** `text_config`, where there is one, holds the text model's fields; whether the head is tied is said beside it. */
const configSchema = z
  .looseObject({ text_config: z.looseObject({}).optional() })
  .transform(({ text_config, ...top }) => ({ ...top, ...text_config, ...tiedOf(top) }))
  .pipe(modelSchema)
  .superRefine((model, context) => {
    for (const message of contradictions(model)) context.addIssue({ code: 'custom', message });
  });

const tiedOf = ({ tie_word_embeddings: tied }: Record<string, unknown>) =>
  tied === undefined ? {} : { tie_word_embeddings: tied };

const preprocessorSchema = z.object({
  min_pixels: pixels,
  max_pixels: pixels,
  /** Newer saves say the same here. */
  size: z.object({ shortest_edge: pixels, longest_edge: pixels }).default({}),
  patch_size: side.default(14),
  temporal_patch_size: side.default(2),
  merge_size: side.default(2),
  image_mean: rgb,
  image_std: rgb.refine((std) => std.every((s) => s > 0), 'expected three numbers above 0'),
});

const generationSchema = z.object({
  eos_token_id: z.union([tokenId.transform((id) => [id]), z.array(tokenId).min(1).max(16)]),
});

/**
 * Reads config.json, preprocessor_config.json and generation_config.json in a checkpoint's folder.
 *
 * @throws CONFIG_ARCHITECTURE for another model_type; CONFIG_INVALID, CHECKPOINT_FILE_MISSING, FILE_TOO_LARGE
 */
export async function readQwenConfig(folder: string): Promise<QwenConfig> {
  const file = join(folder, 'config.json');
  const { model_type: found } = await readJson({
    file,
    schema: z.object({ model_type: z.string().max(80) }),
  });
  if (found !== 'qwen2_5_vl') {
    throw new ZeroovError('CONFIG_ARCHITECTURE', { file, expected: 'a qwen2_5_vl model', found });
  }
  const model = await readJson({ file, schema: configSchema });
  const vision = visionOf(model);
  const image = await readJson({
    file: join(folder, 'preprocessor_config.json'),
    schema: preprocessorSchema
      .refine((p) => p.patch_size === vision.patch, `patch_size: config.json says ${vision.patch}`)
      .refine((p) => p.merge_size === vision.merge, `merge_size: config.json says ${vision.merge}`)
      .refine(
        (p) => p.temporal_patch_size === vision.temporal,
        `temporal_patch_size: config.json says ${vision.temporal}`,
      )
      .transform(imageOf)
      .refine((i) => i.minPixels <= i.maxPixels, 'min_pixels is above max_pixels'),
  });
  const { eos_token_id: endIds } = await readJson({
    file: join(folder, 'generation_config.json'),
    schema: generationSchema,
  });
  return { text: textOf(model), vision, image, endIds };
}

/** What is wrong between fields that are each fine. */
function contradictions(model: Model): string[] {
  const { hidden_size: hidden, num_attention_heads: heads, vision_config: v } = model;
  const rope = model.rope_parameters ?? model.rope_scaling;
  const pairs = rope?.mrope_section.reduce((sum, n) => sum + n, 0);
  const cell = v.patch_size * v.spatial_merge_size;
  const rules: readonly (readonly [boolean, string])[] = [
    [hidden % heads === 0, `hidden_size ${hidden} does not divide by ${heads} heads`],
    [
      heads % model.num_key_value_heads === 0,
      `${heads} heads do not divide by num_key_value_heads ${model.num_key_value_heads}`,
    ],
    [rope != null, 'rope_scaling: expected {type: "mrope", mrope_section}'],
    [
      pairs === undefined || pairs * 2 === hidden / heads,
      `mrope_section sums to ${pairs}, expected half the head width ${hidden / heads}`,
    ],
    [
      (rope?.rope_theta ?? model.rope_theta) !== undefined,
      'rope_theta: expected a number above 0, found none',
    ],
    [
      v.hidden_size % (v.num_heads * 4) === 0,
      `vision_config: hidden_size ${v.hidden_size} does not divide by ${v.num_heads} heads of 4 n`,
    ],
    [
      v.out_hidden_size === hidden,
      `vision_config.out_hidden_size is ${v.out_hidden_size}, hidden_size is ${hidden}`,
    ],
    [
      v.window_size % cell === 0,
      `vision_config.window_size ${v.window_size} does not divide by patch_size · spatial_merge_size ${cell}`,
    ],
    [
      v.fullatt_block_indexes.every((i) => i < v.depth),
      `vision_config.fullatt_block_indexes names a block past the ${v.depth} there are`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, message]) => message);
}

function textOf(model: Model): TextConfig {
  const rope = (model.rope_parameters ?? model.rope_scaling)!;
  return {
    hidden: model.hidden_size,
    layers: model.num_hidden_layers,
    heads: model.num_attention_heads,
    kvHeads: model.num_key_value_heads,
    headWidth: model.hidden_size / model.num_attention_heads,
    mlp: model.intermediate_size,
    vocab: model.vocab_size,
    eps: model.rms_norm_eps,
    ropeTheta: (rope.rope_theta ?? model.rope_theta)!,
    mropeSection: rope.mrope_section,
    tied: model.tie_word_embeddings,
  };
}

function visionOf({ vision_config: vision }: Model): VisionConfig {
  return {
    hidden: vision.hidden_size,
    depth: vision.depth,
    heads: vision.num_heads,
    headWidth: vision.hidden_size / vision.num_heads,
    mlp: vision.intermediate_size,
    out: vision.out_hidden_size,
    patch: vision.patch_size,
    temporal: vision.temporal_patch_size,
    merge: vision.spatial_merge_size,
    windowCells: vision.window_size / (vision.patch_size * vision.spatial_merge_size),
    fullAttention: vision.fullatt_block_indexes,
  };
}

/** Without a word of its own a file has the reference's bounds: 56² and 28²·1280 px. */
function imageOf(file: z.output<typeof preprocessorSchema>): ImageConfig {
  return {
    minPixels: file.min_pixels ?? file.size.shortest_edge ?? 56 * 56,
    maxPixels: file.max_pixels ?? file.size.longest_edge ?? 28 * 28 * 1280,
    mean: file.image_mean,
    std: file.image_std,
  };
}
