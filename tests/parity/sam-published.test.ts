/** The published sizes of SAM, without their weights: the graphs ask for every tensor, by name and shape. */
import { describe, expect, it } from 'vitest';
import {
  PUBLISHED_SAM,
  PUBLISHED_SAM_PREPROCESSOR,
  publishedSamTensors,
  type SamSize,
} from '../../bench/published-sam.ts';
import { StandInSource } from '../../bench/stand-in.ts';
import { readSamConfig } from '../../src/models/sam/config.ts';
import { buildImageEncoder } from '../../src/models/sam/image-encoder.ts';
import { buildMaskDecoder } from '../../src/models/sam/mask-decoder.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Parameters as transformers counts them; the files hold the position matrix, 2 × 128, a second time. */
const PARAMETERS: Record<SamSize, number> = {
  base: 93_735_728,
  large: 312_343_088,
  huge: 641_090_864,
};

describe.each(['base', 'large', 'huge'] as const)('sam-vit-%s', (size) => {
  const source = new StandInSource(size, publishedSamTensors(size), 'F32');

  it('has as many parameters as its authors say', () => {
    expect(source.parameters).toBe(PARAMETERS[size] + 256);
  });

  it('is built from all of its tensors', async () => {
    const folder = temporaryFolder({
      'config.json': PUBLISHED_SAM[size],
      'preprocessor_config.json': PUBLISHED_SAM_PREPROCESSOR,
    });
    const config = await readSamConfig(folder);
    const encoder = buildImageEncoder(config.imageEncoder, source);
    const decoders = (['without masks', 'with masks'] as const).map((prompts) =>
      buildMaskDecoder({ config, prompts }, source),
    );
    // The first of the four masks is for those who want one mask only.
    const wanted = [...source.names()].filter((name) => !/hypernetworks_mlps\.0\./.test(name));
    expect([...source.asked].sort()).toEqual(wanted.sort());
    for (const { bytes } of [encoder, ...decoders]) expect(bytes.length).toBeLessThan(1_000_000);
    expect(encoder.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['features', [1, 256, 64, 64]],
    ]);
    for (const { outputs } of decoders) {
      expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
        ['logits', ['B', 3, 256, 256]],
        ['scores', ['B', 3]],
      ]);
    }
  });
});
