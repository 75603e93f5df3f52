/**
 * Qwen2.5-VL as published: the configuration files, and every tensor's name and shape. Written from MODELS.md, not from
 * the graph code, so that each checks the other.
 */

const VISION = {
  depth: 32,
  hidden_act: 'silu',
  hidden_size: 1280,
  intermediate_size: 3420,
  num_heads: 16,
  in_chans: 3,
  patch_size: 14,
  spatial_merge_size: 2,
  spatial_patch_size: 14,
  window_size: 112,
  fullatt_block_indexes: [7, 15, 23, 31],
  tokens_per_second: 2,
  temporal_patch_size: 2,
};

const COMMON = {
  architectures: ['Qwen2_5_VLForConditionalGeneration'],
  attention_dropout: 0,
  bos_token_id: 151643,
  eos_token_id: 151645,
  vision_start_token_id: 151652,
  vision_end_token_id: 151653,
  vision_token_id: 151654,
  image_token_id: 151655,
  video_token_id: 151656,
  hidden_act: 'silu',
  max_position_embeddings: 128000,
  model_type: 'qwen2_5_vl',
  rms_norm_eps: 1e-6,
  rope_theta: 1000000,
  rope_scaling: { type: 'mrope', mrope_section: [16, 24, 24] },
  torch_dtype: 'bfloat16',
  use_cache: true,
  use_sliding_window: false,
};

/** config.json. */
export const PUBLISHED_QWEN = {
  '3B': {
    ...COMMON,
    hidden_size: 2048,
    intermediate_size: 11008,
    num_attention_heads: 16,
    num_hidden_layers: 36,
    num_key_value_heads: 2,
    tie_word_embeddings: true,
    vision_config: { ...VISION, out_hidden_size: 2048 },
    vocab_size: 151936,
  },
  '7B': {
    ...COMMON,
    hidden_size: 3584,
    intermediate_size: 18944,
    num_attention_heads: 28,
    num_hidden_layers: 28,
    num_key_value_heads: 4,
    tie_word_embeddings: false,
    vision_config: { ...VISION, out_hidden_size: 3584 },
    vocab_size: 152064,
  },
} as const;

export type PublishedQwen = (typeof PUBLISHED_QWEN)[keyof typeof PUBLISHED_QWEN];

/** preprocessor_config.json. */
export const PUBLISHED_PREPROCESSOR = {
  min_pixels: 3136,
  max_pixels: 12845056,
  patch_size: 14,
  temporal_patch_size: 2,
  merge_size: 2,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
  image_processor_type: 'Qwen2VLImageProcessor',
  processor_class: 'Qwen2_5_VLProcessor',
};

/** generation_config.json. */
export const PUBLISHED_GENERATION = {
  bos_token_id: 151643,
  pad_token_id: 151643,
  do_sample: true,
  eos_token_id: [151645, 151643],
  repetition_penalty: 1.05,
  temperature: 0.000001,
};

type Shapes = readonly (readonly [name: string, shape: readonly number[]])[];

/** Every tensor of the weights' files. */
export function publishedQwenTensors(config: PublishedQwen): Map<string, readonly number[]> {
  return new Map([...visionTensors(config), ...languageTensors(config)]);
}

function visionTensors({ vision_config: v }: PublishedQwen): Shapes {
  const C = v.hidden_size;
  const M = v.intermediate_size;
  const blocks = Array.from({ length: v.depth }, (_, i): Shapes => {
    const at = `visual.blocks.${i}`;
    return [
      [`${at}.norm1.weight`, [C]],
      [`${at}.norm2.weight`, [C]],
      [`${at}.attn.qkv.weight`, [3 * C, C]],
      [`${at}.attn.qkv.bias`, [3 * C]],
      [`${at}.attn.proj.weight`, [C, C]],
      [`${at}.attn.proj.bias`, [C]],
      [`${at}.mlp.gate_proj.weight`, [M, C]],
      [`${at}.mlp.gate_proj.bias`, [M]],
      [`${at}.mlp.up_proj.weight`, [M, C]],
      [`${at}.mlp.up_proj.bias`, [M]],
      [`${at}.mlp.down_proj.weight`, [C, M]],
      [`${at}.mlp.down_proj.bias`, [C]],
    ];
  });
  return [
    ['visual.patch_embed.proj.weight', [C, 3, 2, 14, 14]],
    ...blocks.flat(),
    ['visual.merger.ln_q.weight', [C]],
    ['visual.merger.mlp.0.weight', [4 * C, 4 * C]],
    ['visual.merger.mlp.0.bias', [4 * C]],
    ['visual.merger.mlp.2.weight', [v.out_hidden_size, 4 * C]],
    ['visual.merger.mlp.2.bias', [v.out_hidden_size]],
  ];
}

function languageTensors(config: PublishedQwen): Shapes {
  const C = config.hidden_size;
  const M = config.intermediate_size;
  const KV = (C / config.num_attention_heads) * config.num_key_value_heads;
  const layers = Array.from({ length: config.num_hidden_layers }, (_, i): Shapes => {
    const at = `model.layers.${i}`;
    return [
      [`${at}.input_layernorm.weight`, [C]],
      [`${at}.post_attention_layernorm.weight`, [C]],
      [`${at}.self_attn.q_proj.weight`, [C, C]],
      [`${at}.self_attn.q_proj.bias`, [C]],
      [`${at}.self_attn.k_proj.weight`, [KV, C]],
      [`${at}.self_attn.k_proj.bias`, [KV]],
      [`${at}.self_attn.v_proj.weight`, [KV, C]],
      [`${at}.self_attn.v_proj.bias`, [KV]],
      [`${at}.self_attn.o_proj.weight`, [C, C]],
      [`${at}.mlp.gate_proj.weight`, [M, C]],
      [`${at}.mlp.up_proj.weight`, [M, C]],
      [`${at}.mlp.down_proj.weight`, [C, M]],
    ];
  });
  return [
    ['model.embed_tokens.weight', [config.vocab_size, C]],
    ...layers.flat(),
    ['model.norm.weight', [C]],
    ...(config.tie_word_embeddings ? [] : [['lm_head.weight', [config.vocab_size, C]] as const]),
  ];
}
