import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWhole, refusal, tinyDataset } from '../../../tests/support/open-tiny.ts';
import { boxMask, TINY_SIDE } from '../../../tests/support/tiny-samples.ts';
import { openDataset } from '../open-dataset.ts';

describe('synthetic', () => {
  it('labels kinds; what is not there has an empty mask and no box', async () => {
    const root = await tinyDataset('synthetic');
    const { samples, truths } = await readWhole('synthetic', { root });
    const lines = (await readFile(join(root, 'scenes.jsonl'), 'utf8')).trim().split('\n');
    const scenes = lines.map((line) => JSON.parse(line));
    expect(samples.map(({ id }) => id)).toEqual(
      scenes.flatMap(({ seed, expressions }) =>
        expressions.map((_: unknown, i: number) => `${seed}-${i}`),
      ),
    );
    const absent = samples.findIndex(({ kind }) => kind === 'absent');
    expect(truths[absent]).toEqual({ box: null, mask: boxMask([0, 0, 0, 0], TINY_SIDE) });
    const { targetId, box, kind } = scenes[0].expressions[0];
    const target = scenes[0].objects[targetId];
    expect(samples[0]).toMatchObject({ kind, category: target.category, image: 'images/7.png' });
    expect(truths[0]!.box).toEqual(box);
    const area = truths[0]!.mask!.data.reduce((sum, v) => sum + v, 0);
    expect(area).toBe(target.areaPx);
  });

  it('refuses a scene whose target is not among its objects', async () => {
    const root = await tinyDataset('synthetic');
    const file = join(root, 'scenes.jsonl');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(/"targetId":0/, '"targetId":77'));
    const error = await refusal(openDataset({ name: 'synthetic', root }));
    expect(error.message).toMatch(/scenes\.jsonl \(line 1\): it has no object 77/);
  });
});
