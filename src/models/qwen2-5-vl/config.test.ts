import { describe, expect, it } from 'vitest';
import {
  PUBLISHED_GENERATION,
  PUBLISHED_PREPROCESSOR,
  PUBLISHED_QWEN,
} from '../../../bench/published-qwen2-5-vl.ts';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { type QwenConfig, readQwenConfig } from './config.ts';

const published = PUBLISHED_QWEN['7B'];

interface Files {
  readonly config?: object;
  readonly preprocessor?: object;
  readonly generation?: object;
}

/** The published 7B's files, with those given in their place. */
function read(files: Files): Promise<QwenConfig> {
  const folder = temporaryFolder({
    'config.json': files.config ?? published,
    'preprocessor_config.json': files.preprocessor ?? PUBLISHED_PREPROCESSOR,
    'generation_config.json': files.generation ?? PUBLISHED_GENERATION,
  });
  return readQwenConfig(folder);
}

/** The same model as newer transformers save it: nested, `rope_parameters`, `in_channels`. */
function nested(): object {
  const { architectures, model_type, tie_word_embeddings, vision_config, ...text } = published;
  const { rope_scaling, rope_theta, ...rest } = text;
  const { in_chans, spatial_patch_size, ...vision } = vision_config;
  const rope = { rope_type: 'default', rope_theta, mrope_section: rope_scaling.mrope_section };
  return {
    architectures,
    model_type,
    tie_word_embeddings,
    text_config: { ...rest, model_type: 'qwen2_5_vl_text', rope_parameters: rope },
    vision_config: { ...vision, in_channels: in_chans, model_type: 'qwen2_5_vl_vision' },
  };
}

describe('readQwenConfig', () => {
  it('reads the published files', async () => {
    expect(await read({})).toEqual({
      text: {
        hidden: 3584,
        layers: 28,
        heads: 28,
        kvHeads: 4,
        headWidth: 128,
        mlp: 18944,
        vocab: 152064,
        eps: 1e-6,
        ropeTheta: 1e6,
        mropeSection: [16, 24, 24],
        tied: false,
      },
      vision: {
        hidden: 1280,
        depth: 32,
        heads: 16,
        headWidth: 80,
        mlp: 3420,
        out: 3584,
        patch: 14,
        temporal: 2,
        merge: 2,
        windowCells: 4,
        fullAttention: [7, 15, 23, 31],
      },
      image: {
        minPixels: 3136,
        maxPixels: 12845056,
        mean: [0.48145466, 0.4578275, 0.40821073],
        std: [0.26862954, 0.26130258, 0.27577711],
      },
      endIds: [151645, 151643],
    });
  });

  it('reads newer saves as the same', async () => {
    expect(await read({ config: nested() })).toEqual(await read({}));
    const { min_pixels, max_pixels, ...rest } = PUBLISHED_PREPROCESSOR;
    const size = { shortest_edge: min_pixels, longest_edge: max_pixels };
    expect(await read({ preprocessor: { ...rest, size } })).toEqual(await read({}));
  });

  it('takes one end token or a list', async () => {
    expect((await read({ generation: { eos_token_id: 7 } })).endIds).toEqual([7]);
  });

  it('knows a tied head from an untied one', async () => {
    expect((await read({ config: PUBLISHED_QWEN['3B'] })).text.tied).toBe(true);
    const config = { ...nested(), tie_word_embeddings: true };
    expect((await read({ config })).text.tied).toBe(true);
  });

  it('refuses another architecture by name', async () => {
    const refused = read({ config: { ...published, model_type: 'llama' } });
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIG_ARCHITECTURE',
      fields: { found: 'llama' },
    });
  });

  const vision = published.vision_config;
  it.each<[reason: RegExp, files: Files]>([
    [/num_hidden_layers/, { config: { ...published, num_hidden_layers: 1e9 } }],
    [/hidden_size/, { config: { ...published, hidden_size: 2 ** 31 } }],
    [/hidden_size/, { config: { ...published, hidden_size: 'NaN' } }],
    [/rms_norm_eps/, { config: { ...published, rms_norm_eps: 0 } }],
    [/hidden_act/, { config: { ...published, hidden_act: 'gelu' } }],
    [/use_sliding_window/, { config: { ...published, use_sliding_window: true } }],
    [/does not divide by 27 heads/, { config: { ...published, num_attention_heads: 27 } }],
    [/num_key_value_heads 3/, { config: { ...published, num_key_value_heads: 3 } }],
    [/rope_scaling: expected/, { config: { ...published, rope_scaling: null } }],
    [
      /mrope_section sums to 63/,
      { config: { ...published, rope_scaling: { type: 'mrope', mrope_section: [16, 24, 23] } } },
    ],
    [/type/, { config: { ...published, rope_scaling: { type: 'yarn', factor: 4 } } }],
    [/rope_theta/, { config: { ...published, rope_theta: undefined } }],
    [/15 heads/, { config: { ...published, vision_config: { ...vision, num_heads: 15 } } }],
    [
      /out_hidden_size/,
      { config: { ...published, vision_config: { ...vision, out_hidden_size: 8 } } },
    ],
    [/window_size/, { config: { ...published, vision_config: { ...vision, window_size: 100 } } }],
    [
      /past the 32/,
      { config: { ...published, vision_config: { ...vision, fullatt_block_indexes: [32] } } },
    ],
    [/in_channels/, { config: { ...published, vision_config: { ...vision, in_channels: 4 } } }],
    [
      /patch_size: config.json says 14/,
      { preprocessor: { ...PUBLISHED_PREPROCESSOR, patch_size: 16 } },
    ],
    [
      /merge_size: config.json says 2/,
      { preprocessor: { ...PUBLISHED_PREPROCESSOR, merge_size: 1 } },
    ],
    [
      /temporal_patch_size/,
      { preprocessor: { ...PUBLISHED_PREPROCESSOR, temporal_patch_size: 1 } },
    ],
    [/min_pixels is above/, { preprocessor: { ...PUBLISHED_PREPROCESSOR, max_pixels: 100 } }],
    [/image_std/, { preprocessor: { ...PUBLISHED_PREPROCESSOR, image_std: [0, 1, 1] } }],
    [/eos_token_id/, { generation: {} }],
  ])('refuses what does not fit: %s', async (reason, files) => {
    await expect(read(files)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(reason),
    });
  });
});
