/**
 * SAM as published (facebook/sam-vit-base, -large, -huge): the configuration files, and every tensor's name and shape. Written from
 * MODELS.md and the reference's defaults, not from the graph code, so that each checks the other.
 */

const PROMPT_ENCODER = {
  hidden_act: 'gelu',
  hidden_size: 256,
  image_embedding_size: 64,
  image_size: 1024,
  layer_norm_eps: 1e-6,
  mask_input_channels: 16,
  num_point_embeddings: 4,
  patch_size: 16,
};

const MASK_DECODER = {
  attention_downsample_rate: 2,
  hidden_act: 'relu',
  hidden_size: 256,
  iou_head_depth: 3,
  iou_head_hidden_dim: 256,
  layer_norm_eps: 1e-6,
  mlp_dim: 2048,
  num_attention_heads: 8,
  num_hidden_layers: 2,
  num_multimask_outputs: 3,
};

const VISION = {
  attention_dropout: 0,
  hidden_act: 'gelu',
  image_size: 1024,
  initializer_range: 1e-10,
  layer_norm_eps: 1e-6,
  num_channels: 3,
  num_pos_feats: 128,
  output_channels: 256,
  patch_size: 16,
  qkv_bias: true,
  use_abs_pos: true,
  use_rel_pos: true,
  window_size: 14,
};

const COMMON = {
  architectures: ['SamModel'],
  initializer_range: 0.02,
  mask_decoder_config: MASK_DECODER,
  model_type: 'sam',
  prompt_encoder_config: PROMPT_ENCODER,
  torch_dtype: 'float32',
};

/** config.json. */
export const PUBLISHED_SAM = {
  base: {
    ...COMMON,
    vision_config: {
      ...VISION,
      hidden_size: 768,
      mlp_dim: 3072,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      global_attn_indexes: [2, 5, 8, 11],
    },
  },
  large: {
    ...COMMON,
    vision_config: {
      ...VISION,
      hidden_size: 1024,
      mlp_dim: 4096,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      global_attn_indexes: [5, 11, 17, 23],
    },
  },
  huge: {
    ...COMMON,
    vision_config: {
      ...VISION,
      hidden_size: 1280,
      mlp_dim: 5120,
      num_hidden_layers: 32,
      num_attention_heads: 16,
      global_attn_indexes: [7, 15, 23, 31],
    },
  },
} as const;

export type SamSize = keyof typeof PUBLISHED_SAM;

/** preprocessor_config.json. */
export const PUBLISHED_SAM_PREPROCESSOR = {
  do_convert_rgb: true,
  do_normalize: true,
  do_pad: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.485, 0.456, 0.406],
  image_processor_type: 'SamImageProcessor',
  image_std: [0.229, 0.224, 0.225],
  pad_size: { height: 1024, width: 1024 },
  processor_class: 'SamProcessor',
  resample: 2,
  rescale_factor: 1 / 255,
  size: { longest_edge: 1024 },
};

type Tensor = readonly [name: string, shape: readonly number[]];

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A layer with a bias as long as its outputs. */
const layer = (at: string, ...shape: number[]): Tensor[] => [
  [`${at}.weight`, shape],
  [`${at}.bias`, [shape[0]!]],
];

/** Every tensor of the weight file, the position matrix under both of its names. */
export function publishedSamTensors(size: SamSize): Map<string, readonly number[]> {
  return new Map<string, readonly number[]>([
    ['shared_image_embedding.positional_embedding', [2, 128]],
    ...visionTensors(size),
    ...promptTensors(),
    ...decoderTensors(),
  ]);
}

function visionTensors(size: SamSize): Tensor[] {
  const { vision_config: v } = PUBLISHED_SAM[size];
  const width = v.hidden_size;
  const globals: readonly number[] = v.global_attn_indexes;
  const layers = range(v.num_hidden_layers).flatMap((i): Tensor[] => {
    const at = `vision_encoder.layers.${i}`;
    const distances = globals.includes(i) ? 127 : 27;
    const headWidth = width / v.num_attention_heads;
    return [
      ...layer(`${at}.layer_norm1`, width),
      ...layer(`${at}.layer_norm2`, width),
      ...layer(`${at}.attn.qkv`, 3 * width, width),
      ...layer(`${at}.attn.proj`, width, width),
      [`${at}.attn.rel_pos_h`, [distances, headWidth]],
      [`${at}.attn.rel_pos_w`, [distances, headWidth]],
      ...layer(`${at}.mlp.lin1`, v.mlp_dim, width),
      ...layer(`${at}.mlp.lin2`, width, v.mlp_dim),
    ];
  });
  return [
    ['vision_encoder.pos_embed', [1, 64, 64, width]],
    ...layer('vision_encoder.patch_embed.projection', width, 3, 16, 16),
    ...layers,
    ['vision_encoder.neck.conv1.weight', [256, width, 1, 1]],
    ...layer('vision_encoder.neck.layer_norm1', 256),
    ['vision_encoder.neck.conv2.weight', [256, 256, 3, 3]],
    ...layer('vision_encoder.neck.layer_norm2', 256),
  ];
}

function promptTensors(): Tensor[] {
  const at = 'prompt_encoder';
  return [
    [`${at}.shared_embedding.positional_embedding`, [2, 128]],
    ...range(4).map((i): Tensor => [`${at}.point_embed.${i}.weight`, [1, 256]]),
    [`${at}.not_a_point_embed.weight`, [1, 256]],
    [`${at}.no_mask_embed.weight`, [1, 256]],
    ...layer(`${at}.mask_embed.conv1`, 4, 1, 2, 2),
    ...layer(`${at}.mask_embed.layer_norm1`, 4),
    ...layer(`${at}.mask_embed.conv2`, 16, 4, 2, 2),
    ...layer(`${at}.mask_embed.layer_norm2`, 16),
    ...layer(`${at}.mask_embed.conv3`, 256, 16, 1, 1),
  ];
}

function decoderTensors(): Tensor[] {
  const at = 'mask_decoder';
  const attention = (path: string, inner: number): Tensor[] => [
    ...['q_proj', 'k_proj', 'v_proj'].flatMap((key) => layer(`${path}.${key}`, inner, 256)),
    ...layer(`${path}.out_proj`, 256, inner),
  ];
  const feedForward = (path: string, to: number): Tensor[] => [
    ...layer(`${path}.proj_in`, 256, 256),
    ...layer(`${path}.layers.0`, 256, 256),
    ...layer(`${path}.proj_out`, to, 256),
  ];
  const layers = range(2).flatMap((i): Tensor[] => {
    const path = `${at}.transformer.layers.${i}`;
    return [
      ...attention(`${path}.self_attn`, 256),
      ...attention(`${path}.cross_attn_token_to_image`, 128),
      ...attention(`${path}.cross_attn_image_to_token`, 128),
      ...range(4).flatMap((n) => layer(`${path}.layer_norm${n + 1}`, 256)),
      ...layer(`${path}.mlp.lin1`, 2048, 256),
      ...layer(`${path}.mlp.lin2`, 256, 2048),
    ];
  });
  return [
    [`${at}.iou_token.weight`, [1, 256]],
    [`${at}.mask_tokens.weight`, [4, 256]],
    ...layers,
    ...attention(`${at}.transformer.final_attn_token_to_image`, 128),
    ...layer(`${at}.transformer.layer_norm_final_attn`, 256),
    [`${at}.upscale_conv1.weight`, [256, 64, 2, 2]],
    [`${at}.upscale_conv1.bias`, [64]],
    [`${at}.upscale_conv2.weight`, [64, 32, 2, 2]],
    [`${at}.upscale_conv2.bias`, [32]],
    ...layer(`${at}.upscale_layer_norm`, 64),
    ...range(4).flatMap((i) => feedForward(`${at}.output_hypernetworks_mlps.${i}`, 32)),
    ...feedForward(`${at}.iou_prediction_head`, 4),
  ];
}
