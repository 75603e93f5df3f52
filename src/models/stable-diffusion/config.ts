/**
 * The configurations of a Stable Diffusion v1 folder: what is read, and what must be as it is in v1.
 *
 * diffusers has dozens of keys that change what a network computes. Those that the networks here do not follow are
 * listed with the one value they have in this family; any other value is a checkpoint of another kind, and refused.
 * Sources: the configs published with Stable Diffusion v1.4, and the defaults of diffusers 0.40.
 */
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../checkpoint/json-file.ts';
import { ZeroovError } from '../../errors.ts';

/** Bounds are far above what is published; they keep a hostile file from asking for a graph without end. */
const width = z.int().min(1).max(8192);
const depth = z.int().min(1).max(64);
const widths = z.array(width).min(2).max(8);
const epsilon = z.number().positive().max(1);

const pipelineSchema = z.looseObject({
  _class_name: z.string(),
  unet: z.unknown(),
  vae: z.unknown(),
  text_encoder: z.unknown(),
  tokenizer: z.unknown(),
});

const unetSchema = z.looseObject({
  /** Side of the latent the network was trained on: 64 for 512 px. */
  sample_size: z.int().min(8).max(128),
  block_out_channels: widths,
  layers_per_block: depth,
  down_block_types: z.array(z.enum(['CrossAttnDownBlock2D', 'DownBlock2D'])),
  up_block_types: z.array(z.enum(['CrossAttnUpBlock2D', 'UpBlock2D'])),
  cross_attention_dim: width,
  /** The NUMBER of heads, one for all blocks or one for each: the key's name is an old mistake of diffusers. */
  attention_head_dim: z.union([width, z.array(width)]).default(8),
  norm_num_groups: width.default(32),
  norm_eps: epsilon.default(1e-5),
});

const vaeSchema = z.looseObject({
  block_out_channels: widths,
  layers_per_block: depth.default(1),
  norm_num_groups: width.default(32),
  scaling_factor: z.number().positive().default(0.18215),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')),
});

const textEncoderSchema = z.looseObject({
  hidden_size: width,
  intermediate_size: width.max(65536),
  num_attention_heads: width,
  num_hidden_layers: depth,
  max_position_embeddings: width,
  vocab_size: z.int().min(1).max(1_000_000),
  layer_norm_eps: epsilon.default(1e-5),
  hidden_act: z.enum(['quick_gelu', 'gelu']),
});

const schedulerSchema = z.looseObject({
  num_train_timesteps: z.int().min(1).max(100_000).default(1000),
  beta_start: z.number().positive().max(1),
  beta_end: z.number().positive().max(1),
  beta_schedule: z.enum(['linear', 'scaled_linear']),
});

export type UnetConfig = z.output<typeof unetSchema>;
export type VaeConfig = z.output<typeof vaeSchema>;
export type TextEncoderConfig = z.output<typeof textEncoderSchema>;
export type SchedulerConfig = z.output<typeof schedulerSchema>;

export interface StableDiffusionConfig {
  readonly unet: UnetConfig;
  readonly vae: VaeConfig;
  readonly textEncoder: TextEncoderConfig;
  readonly scheduler: SchedulerConfig;
}

/** Keys of which only this value is computed here; a key left out has it by default. */
type Fixed = Readonly<Record<string, string | number | boolean | null>>;

const FIXED_UNET: Fixed = {
  in_channels: 4,
  out_channels: 4,
  use_linear_projection: false, // true in Stable Diffusion 2 and XL
  addition_embed_type: null, // text_time in XL
  transformer_layers_per_block: 1,
  reverse_transformer_layers_per_block: null,
  num_attention_heads: null,
  act_fn: 'silu',
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  mid_block_scale_factor: 1,
  mid_block_only_cross_attention: null,
  only_cross_attention: false,
  dual_cross_attention: false,
  cross_attention_norm: null,
  attention_type: 'default',
  center_input_sample: false,
  flip_sin_to_cos: true,
  freq_shift: 0,
  downsample_padding: 1,
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  encoder_hid_dim: null,
  encoder_hid_dim_type: null,
  class_embed_type: null,
  class_embeddings_concat: false,
  num_class_embeds: null,
  resnet_time_scale_shift: 'default',
  resnet_skip_time_act: false,
  resnet_out_scale_factor: 1,
  time_embedding_type: 'positional',
  time_embedding_dim: null,
  time_embedding_act_fn: null,
  timestep_post_act: null,
  time_cond_proj_dim: null,
};

const FIXED_VAE: Fixed = {
  in_channels: 3,
  latent_channels: 4,
  act_fn: 'silu',
  shift_factor: null,
  latents_mean: null,
  latents_std: null,
  use_quant_conv: true,
  mid_block_add_attention: true,
};

const FIXED_TEXT_ENCODER: Fixed = { model_type: 'clip_text_model' };

const FIXED_SCHEDULER: Fixed = {
  prediction_type: 'epsilon', // v_prediction in Stable Diffusion 2
  trained_betas: null,
  rescale_betas_zero_snr: false,
};

/** Class of each component, by its key in model_index.json: [library, class]. */
const COMPONENTS = {
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL'],
  text_encoder: ['CLIPTextModel'],
  tokenizer: ['CLIPTokenizer', 'CLIPTokenizerFast'],
} as const;

/**
 * Reads and checks the configurations of a diffusers folder.
 *
 * @throws CONFIG_ARCHITECTURE for another pipeline, or a key with a value that v1 does not have; CONFIG_INVALID,
 *   CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE, FILE_TOO_LARGE
 */
export async function readConfig(folder: string): Promise<StableDiffusionConfig> {
  await checkPipeline(join(folder, 'model_index.json'));
  const [unet, vae, textEncoder, scheduler] = await Promise.all([
    readUnetConfig(join(folder, 'unet', 'config.json')),
    readVaeConfig(join(folder, 'vae', 'config.json')),
    readTextEncoderConfig(join(folder, 'text_encoder', 'config.json')),
    read({
      file: join(folder, 'scheduler', 'scheduler_config.json'),
      schema: schedulerSchema,
      fixed: FIXED_SCHEDULER,
    }),
  ]);
  fault(join(folder, 'text_encoder', 'config.json'))(
    textEncoder.hidden_size === unet.cross_attention_dim,
    'hidden_size is not the U-Net’s cross_attention_dim',
  );
  return { unet, vae, textEncoder, scheduler };
}

/** Tokens the text encoder reads and the U-Net attends to: begin, expression, padding with the end token. */
export const TEXT_TOKENS = 77;

/** Heads of each block of the down path, from `attention_head_dim`. */
export function headsOf(config: UnetConfig): readonly number[] {
  const { attention_head_dim: heads, block_out_channels } = config;
  return typeof heads === 'number' ? block_out_channels.map(() => heads) : heads;
}

/** Sides of the latent grids that have cross-attention blocks, largest first: 64, 32, 16 in v1.4. */
export function attentionSides(config: UnetConfig): readonly number[] {
  return config.down_block_types.flatMap((type, i) =>
    type === 'CrossAttnDownBlock2D' ? [config.sample_size / 2 ** i] : [],
  );
}

/** Pixels of a side of the square picture that the networks work on: 512 in v1.4. */
export function imageSidePx({ unet, vae }: StableDiffusionConfig): number {
  return unet.sample_size * 2 ** (vae.block_out_channels.length - 1);
}

async function read<Schema extends z.ZodType<Record<string, unknown>>>(source: {
  file: string;
  schema: Schema;
  fixed: Fixed;
}): Promise<z.output<Schema>> {
  const { file, schema, fixed } = source;
  // What kind of checkpoint it is comes first: it explains a missing or strange key better than the key does.
  const raw = await readJson({ file, schema: z.looseObject({}) });
  for (const [key, value] of Object.entries(fixed)) {
    if (raw[key] === undefined || raw[key] === value) continue;
    throw new ZeroovError('CONFIG_ARCHITECTURE', {
      file,
      expected: `Stable Diffusion v1 (${key} ${JSON.stringify(value)})`,
      found: `a network with ${key} ${JSON.stringify(raw[key])}`,
    });
  }
  return readJson({ file, schema });
}

async function checkPipeline(file: string): Promise<void> {
  const index = await readJson({ file, schema: pipelineSchema });
  const refuse = (found: string) =>
    new ZeroovError('CONFIG_ARCHITECTURE', { file, expected: 'a StableDiffusionPipeline', found });
  if (index._class_name !== 'StableDiffusionPipeline') throw refuse(`a ${index._class_name}`);
  for (const [key, classes] of Object.entries(COMPONENTS)) {
    const component = index[key];
    const name: unknown = Array.isArray(component) ? component[1] : component;
    if (!classes.some((known) => known === name)) {
      throw refuse(`a pipeline whose ${key} is ${JSON.stringify(name)}`);
    }
  }
}

/** The U-Net's config.json alone. @throws as readConfig */
export async function readUnetConfig(file: string): Promise<UnetConfig> {
  const config = await read({ file, schema: unetSchema, fixed: FIXED_UNET });
  const { block_out_channels: channels, down_block_types: down, up_block_types: up } = config;
  const check = fault(file);
  check(down.length === channels.length, 'down_block_types is not as long as block_out_channels');
  const mirrored = down.map((type) => type.replace('Down', 'Up')).reverse();
  check(mirrored.join() === up.join(), 'up_block_types does not mirror down_block_types');
  const halvings = channels.length - 1;
  check(config.sample_size % 2 ** halvings === 0, `sample_size cannot be halved ${halvings} times`);
  const heads = headsOf(config);
  check(
    heads.length === channels.length,
    'attention_head_dim is not as long as block_out_channels',
  );
  for (const [i, width] of channels.entries()) {
    check(
      width % config.norm_num_groups === 0,
      `norm_num_groups does not divide ${width} channels`,
    );
    check(width % heads[i]! === 0, `attention_head_dim (heads) does not divide ${width} channels`);
  }
  return config;
}

async function readVaeConfig(file: string): Promise<VaeConfig> {
  const config = await read({ file, schema: vaeSchema, fixed: FIXED_VAE });
  const { block_out_channels: channels, down_block_types: down, norm_num_groups } = config;
  const check = fault(file);
  check(down.length === channels.length, 'down_block_types is not as long as block_out_channels');
  for (const width of channels) {
    check(width % norm_num_groups === 0, `norm_num_groups does not divide ${width} channels`);
  }
  return config;
}

async function readTextEncoderConfig(file: string): Promise<TextEncoderConfig> {
  const config = await read({ file, schema: textEncoderSchema, fixed: FIXED_TEXT_ENCODER });
  const { hidden_size: width, num_attention_heads: heads, max_position_embeddings } = config;
  const check = fault(file);
  check(width % heads === 0, 'num_attention_heads does not divide hidden_size');
  check(max_position_embeddings === TEXT_TOKENS, `max_position_embeddings is not ${TEXT_TOKENS}`);
  return config;
}

/** Throws CONFIG_INVALID with the reason unless the condition holds. */
function fault(file: string): (holds: boolean, reason: string) => void {
  const name = join(basename(dirname(file)), basename(file));
  return (holds, reason) => {
    if (!holds) throw new ZeroovError('CONFIG_INVALID', { file: name, reason });
  };
}
