/**
 * What the configuration files of a SAM checkpoint say, checked and in one form.
 *
 * The layout is that of transformers (facebook/sam-vit-base, -large, -huge); the defaults are the reference's, which published
 * files lean on. Sizes are free: nothing knows of 1024 px or of 64² cells.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../checkpoint/json-file.ts';
import { ZeroovError } from '../../errors.ts';

export interface ImageEncoderConfig {
  /** Width of a token. */
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  readonly mlp: number;
  /** Channels of the embedding. */
  readonly out: number;
  /** Side of the square picture, px. */
  readonly imageSide: number;
  /** Side of a patch, px. */
  readonly patch: number;
  /** Patches along a side: imageSide / patch. */
  readonly grid: number;
  /** Side of an attention window, in patches; 0: every layer sees the whole picture. */
  readonly window: number;
  /** Layers that see the whole picture; the others stay in their window. */
  readonly globalLayers: readonly number[];
  readonly qkvBias: boolean;
  readonly absolutePositions: boolean;
  readonly relativePositions: boolean;
  readonly eps: number;
}

export interface PromptEncoderConfig {
  /** Width of a token, in the decoder too. */
  readonly hidden: number;
  /** Rows of the position matrix: sines and cosines of as many waves fill a token. */
  readonly waves: number;
  readonly grid: number;
  /** Channels that a rough mask is brought to on its way to `hidden`. */
  readonly maskChannels: number;
  readonly eps: number;
}

export interface MaskDecoderConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlp: number;
  readonly eps: number;
  /** Candidates for each prompt; one more mask token stands before theirs. */
  readonly candidates: number;
  readonly iouDepth: number;
  readonly iouHidden: number;
}

export interface SamConfig {
  readonly imageEncoder: ImageEncoderConfig;
  readonly promptEncoder: PromptEncoderConfig;
  readonly maskDecoder: MaskDecoderConfig;
  /** Red, green, blue; of values 0..1. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** ViT-H is 1280 wide (MLP 5120), has 32 layers and 64 patches along a side. */
const LIMITS = { layers: 256, width: 65_536, side: 16_384 } as const;

/** Cross-attention in the mask decoder is half as wide as the tokens: of any other rate the reference heeds only a part. */
export const CROSS_DOWNSAMPLE = 2;

const width = z.int().min(1).max(LIMITS.width);
const side = z.int().min(1).max(LIMITS.side);
const layers = z.int().min(1).max(LIMITS.layers);
const eps = z.number().positive().default(1e-6);
const gelu = z.literal('gelu').default('gelu');
const rgb = z.tuple([z.number(), z.number(), z.number()]);
const yes = z.literal(true).default(true);

const visionSchema = z.object({
  hidden_size: width.default(768),
  output_channels: width.default(256),
  num_hidden_layers: layers.default(12),
  num_attention_heads: width.default(12),
  num_channels: z.literal(3).default(3),
  image_size: side.default(1024),
  patch_size: side.default(16),
  hidden_act: gelu,
  layer_norm_eps: eps,
  qkv_bias: z.boolean().default(true),
  mlp_ratio: z.number().positive().max(64).default(4),
  mlp_dim: width.nullish(),
  use_abs_pos: z.boolean().default(true),
  use_rel_pos: z.boolean().default(true),
  window_size: z.int().min(0).max(LIMITS.side).default(14),
  global_attn_indexes: z.array(z.int().min(0)).max(LIMITS.layers).default([2, 5, 8, 11]),
  num_pos_feats: width.default(128),
});

const promptSchema = z.object({
  hidden_size: width.default(256),
  image_size: side.default(1024),
  patch_size: side.default(16),
  mask_input_channels: width.multipleOf(4).default(16),
  num_point_embeddings: z.literal(4).default(4),
  hidden_act: gelu,
  layer_norm_eps: eps,
});

const decoderSchema = z.object({
  hidden_size: width.multipleOf(8).default(256),
  hidden_act: z.literal('relu').default('relu'),
  mlp_dim: width.default(2048),
  num_hidden_layers: layers.default(2),
  num_attention_heads: width.default(8),
  attention_downsample_rate: z.literal(CROSS_DOWNSAMPLE).default(CROSS_DOWNSAMPLE),
  num_multimask_outputs: z.int().min(1).max(16).default(3),
  iou_head_depth: z.int().min(2).max(LIMITS.layers).default(3),
  iou_head_hidden_dim: width.default(256),
  layer_norm_eps: eps,
});

const modelSchema = z
  .object({
    vision_config: visionSchema.prefault({}),
    prompt_encoder_config: promptSchema.prefault({}),
    mask_decoder_config: decoderSchema.prefault({}),
  })
  .superRefine((model, context) => {
    for (const message of contradictions(model)) context.addIssue({ code: 'custom', message });
  });
type Model = z.output<typeof modelSchema>;

const preprocessorSchema = z.object({
  do_resize: yes,
  do_rescale: yes,
  do_normalize: yes,
  do_pad: yes,
  resample: z.literal(2).default(2), // Pillow's bilinear
  rescale_factor: z.literal(1 / 255).default(1 / 255),
  size: z.object({ longest_edge: side }),
  pad_size: z.object({ height: side, width: side }),
  image_mean: rgb,
  image_std: rgb.refine((std) => std.every((s) => s > 0), 'expected three numbers above 0'),
});

/**
 * Reads config.json and preprocessor_config.json in a checkpoint's folder.
 *
 * @throws CONFIG_ARCHITECTURE for another model_type; CONFIG_INVALID, CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE,
 *   FILE_TOO_LARGE
 */
export async function readSamConfig(folder: string): Promise<SamConfig> {
  const file = join(folder, 'config.json');
  const { model_type: type = 'none' } = await readJson({
    file,
    schema: z.object({ model_type: z.string().max(80).optional() }),
  });
  if (type !== 'sam') {
    const expected = 'SAM 1 (model_type sam, e.g. facebook/sam-vit-base, -large or -huge)';
    throw new ZeroovError('CONFIG_ARCHITECTURE', { file, expected, found: `model_type ${type}` });
  }
  const model = await readJson({ file, schema: modelSchema });
  const imageSide = model.vision_config.image_size;
  const { image_mean: mean, image_std: std } = await readJson({
    file: join(folder, 'preprocessor_config.json'),
    schema: preprocessorSchema.refine(
      ({ size, pad_size: pad }) =>
        [size.longest_edge, pad.height, pad.width].every((px) => px === imageSide),
      `size and pad_size: config.json says ${imageSide}`,
    ),
  });
  return { ...configOf(model), mean, std };
}

/** What is wrong between fields that are each fine. */
function contradictions(model: Model): string[] {
  const { vision_config: v, prompt_encoder_config: p, mask_decoder_config: d } = model;
  const inner = d.hidden_size / CROSS_DOWNSAMPLE;
  const rules: readonly (readonly [boolean, string])[] = [
    [
      v.hidden_size % v.num_attention_heads === 0,
      `vision_config: hidden_size ${v.hidden_size} does not divide by ${v.num_attention_heads} heads`,
    ],
    [
      v.image_size % v.patch_size === 0,
      `vision_config: image_size ${v.image_size} does not divide by patch_size ${v.patch_size}`,
    ],
    [
      v.global_attn_indexes.every((i) => i < v.num_hidden_layers),
      `vision_config.global_attn_indexes names a layer past the ${v.num_hidden_layers} there are`,
    ],
    [
      p.image_size === v.image_size && p.patch_size === v.patch_size,
      'prompt_encoder_config: image_size and patch_size are not those of vision_config',
    ],
    [
      [v.output_channels, p.hidden_size, 2 * v.num_pos_feats].every((n) => n === d.hidden_size),
      'output_channels, 2 · num_pos_feats and the hidden_size of prompt encoder and mask decoder differ',
    ],
    [
      inner % d.num_attention_heads === 0,
      `mask_decoder_config: hidden_size / ${CROSS_DOWNSAMPLE} = ${inner} does not divide by ${d.num_attention_heads} heads`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, message]) => message);
}

function configOf(model: Model): Omit<SamConfig, 'mean' | 'std'> {
  const { vision_config: v, prompt_encoder_config: p, mask_decoder_config: d } = model;
  const grid = v.image_size / v.patch_size;
  return {
    imageEncoder: {
      hidden: v.hidden_size,
      layers: v.num_hidden_layers,
      heads: v.num_attention_heads,
      headWidth: v.hidden_size / v.num_attention_heads,
      mlp: v.mlp_dim ?? Math.trunc(v.hidden_size * v.mlp_ratio),
      out: v.output_channels,
      imageSide: v.image_size,
      patch: v.patch_size,
      grid,
      window: v.window_size,
      globalLayers: v.global_attn_indexes,
      qkvBias: v.qkv_bias,
      absolutePositions: v.use_abs_pos,
      relativePositions: v.use_rel_pos,
      eps: v.layer_norm_eps,
    },
    promptEncoder: {
      hidden: p.hidden_size,
      waves: v.num_pos_feats,
      grid,
      maskChannels: p.mask_input_channels,
      eps: p.layer_norm_eps,
    },
    maskDecoder: {
      hidden: d.hidden_size,
      layers: d.num_hidden_layers,
      heads: d.num_attention_heads,
      mlp: d.mlp_dim,
      eps: d.layer_norm_eps,
      candidates: d.num_multimask_outputs,
      iouDepth: d.iou_head_depth,
      iouHidden: d.iou_head_hidden_dim,
    },
  };
}
