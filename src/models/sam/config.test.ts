import { describe, expect, it } from 'vitest';
import { PUBLISHED_SAM, PUBLISHED_SAM_PREPROCESSOR } from '../../../bench/published-sam.ts';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { readSamConfig } from './config.ts';

const { base, huge } = PUBLISHED_SAM;

function read(config: object, preprocessor: object = PUBLISHED_SAM_PREPROCESSOR) {
  const files = { 'config.json': config, 'preprocessor_config.json': preprocessor };
  return readSamConfig(temporaryFolder(files));
}

describe('readSamConfig', () => {
  it('reads the published configurations', async () => {
    const config = await read(huge);
    expect(config.imageEncoder).toMatchObject({
      hidden: 1280,
      layers: 32,
      headWidth: 80,
      mlp: 5120,
      grid: 64,
      globalLayers: [7, 15, 23, 31],
    });
    expect(config.maskDecoder.candidates).toBe(3);
    expect(config.promptEncoder.waves).toBe(128);
  });

  it('takes what is not said from the reference, whose defaults are the base model', async () => {
    expect(await read({ model_type: 'sam' })).toEqual(await read(base));
  });

  it.each(['sam2', 'sam3', 'sam_hq', 'qwen2_5_vl', undefined])(
    'refuses model_type %s and names what it reads',
    async (type) => {
      const refused = read({ ...base, model_type: type });
      await expect(refused).rejects.toMatchObject({
        code: 'CONFIG_ARCHITECTURE',
        message: expect.stringContaining('facebook/sam-vit-base, -large or -huge'),
      });
    },
  );

  const vision = base.vision_config;
  const prompt = base.prompt_encoder_config;
  const decoder = base.mask_decoder_config;
  it.each([
    [{ vision_config: { ...vision, hidden_act: 'relu' } }, 'vision_config.hidden_act'],
    [{ vision_config: { ...vision, num_attention_heads: 7 } }, 'does not divide by 7 heads'],
    [{ vision_config: { ...vision, patch_size: 15 } }, 'does not divide by patch_size'],
    [{ vision_config: { ...vision, global_attn_indexes: [12] } }, 'past the 12 there are'],
    [{ vision_config: { ...vision, image_size: [1024, 512] } }, 'vision_config.image_size'],
    [{ prompt_encoder_config: { ...prompt, image_size: 512 } }, 'not those of vision_config'],
    [{ prompt_encoder_config: { ...prompt, hidden_size: 128 } }, 'differ'],
    [{ mask_decoder_config: { ...decoder, attention_downsample_rate: 4 } }, 'downsample_rate'],
    [{ mask_decoder_config: { ...decoder, hidden_act: 'gelu' } }, 'mask_decoder_config.hidden_act'],
    [{ mask_decoder_config: { ...decoder, num_attention_heads: 3 } }, 'does not divide by 3 heads'],
  ])('refuses %j', async (change, reason) => {
    await expect(read({ ...base, ...change })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(reason),
    });
  });

  it.each([
    [{ resample: 3 }, 'resample'],
    [{ do_pad: false }, 'do_pad'],
    [{ size: { longest_edge: 512 } }, 'config.json says 1024'],
    [{ image_std: [0.2, 0, 0.2] }, 'image_std'],
  ])('refuses a preprocessor with %j', async (change, reason) => {
    await expect(read(base, { ...PUBLISHED_SAM_PREPROCESSOR, ...change })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(reason),
    });
  });
});
