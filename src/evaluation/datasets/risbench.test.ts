import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BOXES,
  EXPRESSIONS,
  MASKS,
  pick,
  readWhole,
  refusal,
  TEST,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { risbenchName } from '../../../tests/support/tiny-datasets.ts';
import { boxMask } from '../../../tests/support/tiny-samples.ts';
import { openDataset } from '../open-dataset.ts';

describe('risbench', () => {
  it('keys on the name in the line, keeps black masks, takes one band of three', async () => {
    const root = await tinyDataset('risbench');
    const { samples, truths } = await readWhole('risbench', { root });
    expect(samples.map(({ id }) => id)).toEqual(
      TEST.map((i) => risbenchName({ split: 'test', i })),
    );
    expect(samples.map(({ expression }) => expression)).toEqual(pick(EXPRESSIONS));
    expect(truths).toEqual([
      { box: BOXES[2], mask: MASKS[2] },
      { box: BOXES[3], mask: MASKS[3] },
      { box: [0, 0, 0, 0], mask: boxMask([0, 0, 0, 0]) },
    ]);
    const val = await openDataset({ name: 'risbench', root, split: 'val' });
    expect(val.samples[0]).toMatchObject({ id: 'train_1_0.png', image: 'img_rgb/train_1_0.png' });
  });

  it('opens without its pictures, and fails the samples whose mask is missing or damaged', async () => {
    const root = await tinyDataset('risbench');
    await rm(join(root, 'img_rgb'), { recursive: true });
    await rm(join(root, 'mask/test_2_0.png'));
    await writeFile(join(root, 'mask/test_3_0.png'), '\x89PNG\r\n\x1a\n', 'latin1');
    const { samples } = await openDataset({ name: 'risbench', root });
    const missing = await refusal(samples[0]!.readTruth());
    expect(missing.message).toMatch(/^sample test_2_0\.png: mask\/test_2_0\.png is missing;/);
    const damaged = await refusal(samples[1]!.readTruth());
    expect(damaged.message).toMatch(/mask\/test_3_0\.png cannot be read/);
    await expect(samples[2]!.readTruth()).resolves.toBeDefined();
  });
});
