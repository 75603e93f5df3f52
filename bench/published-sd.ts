/**
 * Stable Diffusion v1.4 as published: the configuration files, and every tensor's name and shape. Written from MODELS.md,
 * not from the graph code, so that each checks the other.
 */

/** By path in the folder: model_index.json and the configs of the components. */
export const PUBLISHED_SD = {
  model_index: {
    _class_name: 'StableDiffusionPipeline',
    _diffusers_version: '0.2.2',
    scheduler: ['diffusers', 'PNDMScheduler'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
  },
  unet: {
    _class_name: 'UNet2DConditionModel',
    _diffusers_version: '0.2.2',
    act_fn: 'silu',
    attention_head_dim: 8,
    block_out_channels: [320, 640, 1280, 1280],
    center_input_sample: false,
    cross_attention_dim: 768,
    down_block_types: [
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'DownBlock2D',
    ],
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    in_channels: 4,
    layers_per_block: 2,
    mid_block_scale_factor: 1,
    norm_eps: 1e-5,
    norm_num_groups: 32,
    out_channels: 4,
    sample_size: 64,
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  },
  vae: {
    _class_name: 'AutoencoderKL',
    _diffusers_version: '0.2.2',
    act_fn: 'silu',
    block_out_channels: [128, 256, 512, 512],
    down_block_types: [
      'DownEncoderBlock2D',
      'DownEncoderBlock2D',
      'DownEncoderBlock2D',
      'DownEncoderBlock2D',
    ],
    in_channels: 3,
    latent_channels: 4,
    layers_per_block: 2,
    out_channels: 3,
    sample_size: 512,
    up_block_types: [
      'UpDecoderBlock2D',
      'UpDecoderBlock2D',
      'UpDecoderBlock2D',
      'UpDecoderBlock2D',
    ],
  },
  text_encoder: {
    architectures: ['CLIPTextModel'],
    attention_dropout: 0,
    bos_token_id: 0,
    dropout: 0,
    eos_token_id: 2,
    hidden_act: 'quick_gelu',
    hidden_size: 768,
    initializer_factor: 1,
    initializer_range: 0.02,
    intermediate_size: 3072,
    layer_norm_eps: 1e-5,
    max_position_embeddings: 77,
    model_type: 'clip_text_model',
    num_attention_heads: 12,
    num_hidden_layers: 12,
    pad_token_id: 1,
    torch_dtype: 'float32',
    vocab_size: 49408,
  },
  scheduler: {
    _class_name: 'PNDMScheduler',
    _diffusers_version: '0.7.0',
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    beta_start: 0.00085,
    clip_sample: false,
    num_train_timesteps: 1000,
    set_alpha_to_one: false,
    skip_prk_steps: true,
    steps_offset: 1,
    trained_betas: null,
  },
} as const;

export type SdNetwork = 'text_encoder' | 'vae' | 'unet';
type Tensor = readonly [name: string, shape: readonly number[]];

/** Every tensor of the three weight files (the text encoder's `position_ids`, which are no weights, left out). */
export function publishedSdTensors(): Record<SdNetwork, Map<string, readonly number[]>> {
  return {
    text_encoder: new Map(textTensors()),
    vae: new Map(vaeTensors()),
    unet: new Map(unetTensors()),
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A layer with a bias. */
const layer = (at: string, ...shape: number[]): Tensor[] => [
  [`${at}.weight`, shape],
  [`${at}.bias`, [shape[0]!]],
];
const conv = (at: string, from: number, to: number, kernel = 3): Tensor[] =>
  layer(at, to, from, kernel, kernel);
const matrix = (at: string, from: number, to: number): Tensor => [`${at}.weight`, [to, from]];

/** `time` is the width of the time embedding, 0 in the VAE. */
function resnet(at: string, from: number, to: number, time: number): Tensor[] {
  return [
    ...layer(`${at}.norm1`, from),
    ...conv(`${at}.conv1`, from, to),
    ...(time ? layer(`${at}.time_emb_proj`, to, time) : []),
    ...layer(`${at}.norm2`, to),
    ...conv(`${at}.conv2`, to, to),
    ...(from === to ? [] : conv(`${at}.conv_shortcut`, from, to, 1)),
  ];
}

function attention(at: string, width: number, seen: number): Tensor[] {
  return [
    matrix(`${at}.to_q`, width, width),
    matrix(`${at}.to_k`, seen, width),
    matrix(`${at}.to_v`, seen, width),
    ...layer(`${at}.to_out.0`, width, width),
  ];
}

function transformer(at: string, width: number, text: number): Tensor[] {
  const block = `${at}.transformer_blocks.0`;
  return [
    ...layer(`${at}.norm`, width),
    ...conv(`${at}.proj_in`, width, width, 1),
    ...['norm1', 'norm2', 'norm3'].flatMap((norm) => layer(`${block}.${norm}`, width)),
    ...attention(`${block}.attn1`, width, width),
    ...attention(`${block}.attn2`, width, text),
    ...layer(`${block}.ff.net.0.proj`, 8 * width, width),
    ...layer(`${block}.ff.net.2`, width, 4 * width),
    ...conv(`${at}.proj_out`, width, width, 1),
  ];
}

/** Channels in and out of every residual block, written out: the skips of the way down are appended on the way up. */
const UNET_DOWN = [
  [320, 320, 320],
  [320, 640, 640],
  [640, 1280, 1280],
  [1280, 1280, 1280],
] as const;
const UNET_UP = [
  { to: 1280, from: [2560, 2560, 2560] },
  { to: 1280, from: [2560, 2560, 1920] },
  { to: 640, from: [1920, 1280, 960] },
  { to: 320, from: [960, 640, 640] },
] as const;

function unetTensors(): Tensor[] {
  const time = 1280;
  const text = 768;
  const down = UNET_DOWN.flatMap(([from, to], i) => {
    const at = `down_blocks.${i}`;
    return [
      ...range(2).flatMap((j) => resnet(`${at}.resnets.${j}`, j === 0 ? from : to, to, time)),
      ...(i < 3 ? range(2).flatMap((j) => transformer(`${at}.attentions.${j}`, to, text)) : []),
      ...(i < 3 ? conv(`${at}.downsamplers.0.conv`, to, to) : []),
    ];
  });
  const up = UNET_UP.flatMap(({ from, to }, i) => {
    const at = `up_blocks.${i}`;
    return [
      ...from.flatMap((width, j) => resnet(`${at}.resnets.${j}`, width, to, time)),
      ...(i > 0 ? range(3).flatMap((j) => transformer(`${at}.attentions.${j}`, to, text)) : []),
      ...(i < 3 ? conv(`${at}.upsamplers.0.conv`, to, to) : []),
    ];
  });
  return [
    ...layer('time_embedding.linear_1', time, 320),
    ...layer('time_embedding.linear_2', time, time),
    ...conv('conv_in', 4, 320),
    ...down,
    ...resnet('mid_block.resnets.0', 1280, 1280, time),
    ...transformer('mid_block.attentions.0', 1280, text),
    ...resnet('mid_block.resnets.1', 1280, 1280, time),
    ...up,
    ...layer('conv_norm_out', 320),
    ...conv('conv_out', 320, 4),
  ];
}

function vaeTensors(): Tensor[] {
  const widths = [128, 256, 512, 512] as const;
  const down = widths.flatMap((to, i) => {
    const at = `encoder.down_blocks.${i}`;
    const from = widths[i - 1] ?? to;
    return [
      ...range(2).flatMap((j) => resnet(`${at}.resnets.${j}`, j === 0 ? from : to, to, 0)),
      ...(i < 3 ? conv(`${at}.downsamplers.0.conv`, to, to) : []),
    ];
  });
  const rising = [...widths].reverse();
  const up = rising.flatMap((to, i) => {
    const at = `decoder.up_blocks.${i}`;
    const from = rising[i - 1] ?? to;
    return [
      ...range(3).flatMap((j) => resnet(`${at}.resnets.${j}`, j === 0 ? from : to, to, 0)),
      ...(i < 3 ? conv(`${at}.upsamplers.0.conv`, to, to) : []),
    ];
  });
  return [
    ...conv('encoder.conv_in', 3, 128),
    ...down,
    ...vaeMiddle('encoder'),
    ...layer('encoder.conv_norm_out', 512),
    ...conv('encoder.conv_out', 512, 8),
    ...conv('decoder.conv_in', 4, 512),
    ...vaeMiddle('decoder'),
    ...up,
    ...layer('decoder.conv_norm_out', 128),
    ...conv('decoder.conv_out', 128, 3),
    ...conv('quant_conv', 8, 8, 1),
    ...conv('post_quant_conv', 4, 4, 1),
  ];
}

function vaeMiddle(half: 'encoder' | 'decoder'): Tensor[] {
  const at = `${half}.mid_block.attentions.0`;
  return [
    ...range(2).flatMap((j) => resnet(`${half}.mid_block.resnets.${j}`, 512, 512, 0)),
    ...layer(`${at}.group_norm`, 512),
    ...['query', 'key', 'value', 'proj_attn'].flatMap((key) => layer(`${at}.${key}`, 512, 512)),
  ];
}

function textTensors(): Tensor[] {
  const layers = range(12).flatMap((i) => {
    const at = `text_model.encoder.layers.${i}`;
    return [
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((key) =>
        layer(`${at}.self_attn.${key}`, 768, 768),
      ),
      ...layer(`${at}.layer_norm1`, 768),
      ...layer(`${at}.layer_norm2`, 768),
      ...layer(`${at}.mlp.fc1`, 3072, 768),
      ...layer(`${at}.mlp.fc2`, 768, 3072),
    ];
  });
  return [
    ['text_model.embeddings.token_embedding.weight', [49408, 768]],
    ['text_model.embeddings.position_embedding.weight', [77, 768]],
    ...layers,
    ...layer('text_model.final_layer_norm', 768),
  ];
}
