/** The published sizes of Stable Diffusion v1.4, without its weights: the graphs ask for every tensor, by name and shape. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PUBLISHED_SD, publishedSdTensors } from '../../bench/published-sd.ts';
import { StandInSource } from '../../bench/stand-in.ts';
import { imageSidePx, readConfig } from '../../src/models/stable-diffusion/config.ts';
import { buildTextEncoder } from '../../src/models/stable-diffusion/text-encoder.ts';
import { buildUnet } from '../../src/models/stable-diffusion/unet.ts';
import { buildVaeEncoder } from '../../src/models/stable-diffusion/vae-encoder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('Stable Diffusion v1.4', () => {
  const folder = temporaryFolder({ 'model_index.json': PUBLISHED_SD.model_index });
  for (const part of ['unet', 'vae', 'text_encoder'] as const) {
    mkdirSync(join(folder, part));
    writeFileSync(join(folder, part, 'config.json'), JSON.stringify(PUBLISHED_SD[part]));
  }
  mkdirSync(join(folder, 'scheduler'));
  const scheduler = JSON.stringify(PUBLISHED_SD.scheduler);
  writeFileSync(join(folder, 'scheduler', 'scheduler_config.json'), scheduler);
  const shapes = publishedSdTensors();
  const sources = {
    unet: new StandInSource('unet', shapes.unet, 'F16'),
    vae: new StandInSource('vae', shapes.vae, 'F16'),
    text: new StandInSource('text_encoder', shapes.text_encoder, 'F16'),
  };

  it('has as many parameters as its authors say', () => {
    expect(sources.unet.parameters).toBe(859_520_964);
    expect(sources.vae.parameters).toBe(83_653_863);
    expect(sources.text.parameters).toBe(123_060_480);
  });

  it('is built from all of its tensors', async () => {
    const config = await readConfig(folder);
    const sidePx = imageSidePx(config);
    expect(sidePx).toBe(512);
    const record = {
      resolutions: [16, 32, 64],
      merge: 'pooled',
      workingGrid: 32,
      cross: true,
    } as const;
    const unet = buildUnet({ config: config.unet, record }, sources.unet);
    const vae = buildVaeEncoder({ config: config.vae, sidePx }, sources.vae);
    const text = buildTextEncoder(config.textEncoder, sources.text);
    expect([...sources.unet.asked].sort()).toEqual([...sources.unet.names()].sort());
    expect([...sources.text.asked].sort()).toEqual([...sources.text.names()].sort());
    const encoder = [...sources.vae.names()].filter((name) => !/decoder|post_quant/.test(name));
    expect([...sources.vae.asked].sort()).toEqual(encoder.sort());
    for (const { bytes } of [unet, vae, text]) expect(bytes.length).toBeLessThan(2_000_000); // the weights are not inside
    expect(unet.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['noise', [1, 4, 64, 64]],
      ['self_64', [1024, 1024]],
      ['self_32', [1024, 1024]],
      ['self_16', [256, 256]],
      ['cross_16', [256, 77]],
    ]);
    expect(vae.outputs[0]?.shape).toEqual([1, 4, 64, 64]);
    expect(text.outputs[0]?.shape).toEqual([77, 768]);
  });
});
