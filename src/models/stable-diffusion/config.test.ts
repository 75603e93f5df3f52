import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { attentionSides, headsOf, imageSidePx, readConfig } from './config.ts';

const fixture = fileURLToPath(new URL('../../../tests/fixtures/sd-a/sd', import.meta.url));

/** The fixture with some keys of one file changed. */
function changed(file: string, change: Readonly<Record<string, unknown>>): string {
  const folder = temporaryFolder({}, { from: fixture });
  const path = join(folder, file);
  const json = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...json, ...change }));
  return folder;
}

const UNET = 'unet/config.json';
const VAE = 'vae/config.json';
const TEXT = 'text_encoder/config.json';
const SCHEDULER = 'scheduler/scheduler_config.json';

describe('readConfig', () => {
  it('reads a published folder', async () => {
    const config = await readConfig(fixture);
    expect(imageSidePx(config)).toBe(512);
    expect(attentionSides(config.unet)).toEqual([64, 32, 16]);
    expect(headsOf(config.unet)).toEqual([4, 4, 4, 4]); // attention_head_dim counts heads
    expect(config.vae.scaling_factor).toBe(0.18215);
  });

  it('takes the heads block by block, and another size and depth', async () => {
    const heads = await readConfig(changed(UNET, { attention_head_dim: [2, 4, 4, 8] }));
    expect(headsOf(heads.unet)).toEqual([2, 4, 4, 8]);
    const small = await readConfig(changed(UNET, { sample_size: 32 }));
    expect(imageSidePx(small)).toBe(256);
    expect(attentionSides(small.unet)).toEqual([32, 16, 8]);
    const shallow = {
      block_out_channels: [8, 16],
      down_block_types: Array(2).fill('DownEncoderBlock2D'),
    };
    expect(imageSidePx(await readConfig(changed(VAE, shallow)))).toBe(128);
  });

  it.each([
    ['model_index.json', { _class_name: 'StableDiffusionXLPipeline' }, 'StableDiffusionXLPipeline'],
    ['model_index.json', { unet: ['diffusers', 'UNetMotionModel'] }, 'UNetMotionModel'],
    [UNET, { use_linear_projection: true }, 'use_linear_projection true'],
    [UNET, { addition_embed_type: 'text_time' }, 'addition_embed_type "text_time"'],
    [UNET, { act_fn: 'gelu' }, 'act_fn "gelu"'],
    [UNET, { in_channels: 9 }, 'in_channels 9'],
    [VAE, { latent_channels: 16 }, 'latent_channels 16'],
    [VAE, { shift_factor: 0.1 }, 'shift_factor 0.1'],
    [TEXT, { model_type: 't5' }, 'model_type "t5"'],
    [SCHEDULER, { prediction_type: 'v_prediction' }, 'prediction_type "v_prediction"'],
  ])('%s with %o is another architecture', async (file, change, sentence) => {
    await expect(readConfig(changed(file, change))).rejects.toMatchObject({
      code: 'CONFIG_ARCHITECTURE',
      message: expect.stringContaining(sentence),
    });
  });

  it.each([
    [UNET, { sample_size: 1e9 }, 'sample_size'],
    [UNET, { sample_size: 20 }, 'sample_size cannot be halved 3 times'],
    [UNET, { layers_per_block: 1e9 }, 'layers_per_block'],
    [UNET, { down_block_types: ['AttnDownBlock2D'] }, 'down_block_types'],
    [UNET, { down_block_types: ['DownBlock2D'] }, 'not as long as block_out_channels'],
    [UNET, { up_block_types: Array(4).fill('UpBlock2D') }, 'does not mirror'],
    [UNET, { attention_head_dim: 5 }, 'does not divide 16 channels'],
    [UNET, { attention_head_dim: [4, 4] }, 'attention_head_dim is not as long'],
    [UNET, { norm_num_groups: 7 }, 'norm_num_groups does not divide'],
    [UNET, { cross_attention_dim: 17 }, 'cross_attention_dim'],
    [VAE, { block_out_channels: [8, 16] }, 'not as long as block_out_channels'],
    [VAE, { norm_num_groups: 5 }, 'norm_num_groups does not divide'],
    [TEXT, { hidden_act: 'relu' }, 'hidden_act'],
    [TEXT, { num_attention_heads: 3 }, 'num_attention_heads does not divide'],
    [TEXT, { max_position_embeddings: 64 }, 'max_position_embeddings is not 77'],
    [SCHEDULER, { beta_schedule: 'squaredcos_cap_v2' }, 'beta_schedule'],
  ])('%s with %o is invalid', async (file, change, sentence) => {
    await expect(readConfig(changed(file, change))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(sentence),
    });
  });
});
