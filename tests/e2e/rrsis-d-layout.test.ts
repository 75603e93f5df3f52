/** What `zeroov synthesize --layout rrsis-d` writes is what the loader of RRSIS-D reads. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataset } from '../../src/evaluation/open-dataset.ts';
import { openImage } from '../../src/imagery/open.ts';
import { makeScene } from '../../src/synthetic/scene.ts';
import { writeScenes } from '../../src/synthetic/write.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('reads a synthesized folder back as RRSIS-D, sample by sample', async () => {
  const folder = temporaryFolder();
  const made = { seed: 12, sizePx: 64, stage: 'd' } as const;
  await writeScenes({ ...made, count: 2, folder, layout: 'rrsis-d' });
  const scenes = [12, 13].map((seed) => makeScene({ ...made, seed }));
  const { samples } = await openDataset({ name: 'rrsis-d', root: folder, split: 'test' });
  const said = scenes.flatMap((scene) =>
    scene.expressions.flatMap(({ text, targetId }) =>
      targetId === null ? [] : [{ scene, text, object: scene.objects[targetId]! }],
    ),
  );
  expect(samples.map((s) => s.expression)).toEqual(said.map(({ text }) => text));
  for (const [i, { object }] of said.entries()) {
    const { box, mask } = await samples[i]!.readTruth();
    expect(box).toEqual(object.box);
    expect(mask).toEqual({ widthPx: 64, heightPx: 64, data: object.mask });
  }
  const last = said.at(-1)!;
  const { image } = await openImage(join(folder, samples.at(-1)!.image));
  const { data } = image;
  const off = data.reduce((sum, v, i) => sum + Math.abs(v - last.scene.image.data[i]!), 0);
  // JPEG of quality 95 is off by about 2 grey levels; another scene's picture by more than 20.
  expect(off / data.length).toBeLessThan(6);
});
