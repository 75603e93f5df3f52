/** The published sizes of Qwen2.5-VL, without their weights: the graphs ask for every tensor, by name and shape, and no other. */
import { describe, expect, it } from 'vitest';
import {
  PUBLISHED_GENERATION,
  PUBLISHED_PREPROCESSOR,
  PUBLISHED_QWEN,
  publishedQwenTensors,
} from '../../bench/published-qwen2-5-vl.ts';
import { StandInSource } from '../../bench/stand-in.ts';
import { readQwenConfig } from '../../src/models/qwen2-5-vl/config.ts';
import { buildLanguage } from '../../src/models/qwen2-5-vl/language.ts';
import { buildVision } from '../../src/models/qwen2-5-vl/vision.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// `total_size` of the published model.safetensors.index.json, in BF16.
describe.each([
  ['3B', 7_509_245_952],
  ['7B', 16_584_333_312],
] as const)('Qwen2.5-VL-%s', (size, publishedBytes) => {
  const published = PUBLISHED_QWEN[size];
  const folder = temporaryFolder({
    'config.json': published,
    'preprocessor_config.json': PUBLISHED_PREPROCESSOR,
    'generation_config.json': PUBLISHED_GENERATION,
  });

  it('is built from all of its tensors', async () => {
    const source = new StandInSource(`Qwen2.5-VL-${size}`, publishedQwenTensors(published));
    expect(source.parameters * 2).toBe(publishedBytes);
    const { vision, text } = await readQwenConfig(folder);
    const graphs = [buildVision(vision, source), buildLanguage(text, source)];
    expect([...source.asked].sort()).toEqual([...source.names()].sort());
    for (const { bytes, inputs } of graphs) {
      expect(bytes.length).toBeLessThan(2_000_000); // the weights are not inside
      // Nothing quadratic goes in: one axis of an input grows with the picture or the prompt.
      const growing = inputs.map(({ shape }) => shape.filter((side) => typeof side === 'string'));
      expect(growing.every((axes) => axes.length <= 1)).toBe(true);
    }
    const { outputs } = graphs[1]!;
    expect(outputs.find(({ name }) => name === 'logits')?.shape).toEqual([1, text.vocab]);
    expect(outputs.filter(({ name }) => name.startsWith('key.'))).toHaveLength(text.layers);
  });
});
