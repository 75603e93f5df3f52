import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openImage } from '../imagery/open.ts';
import { writeScenes } from '../synthetic/write.ts';
import { HELD_OUT_SCENES, heldOutScenes } from './held-out-scenes.ts';
import { openDataset } from './open-dataset.ts';

const root = await mkdtemp(join(tmpdir(), 'zeroov-scenes-'));
afterAll(() => rm(root, { recursive: true, force: true }));

describe('scenes in memory', () => {
  it('are the samples of the same scenes written to a folder and read from it', async () => {
    const options = { seed: 970_000_000, stage: 'd', sizePx: 64 } as const;
    await writeScenes({ ...options, count: 2, folder: root });
    const written = await openDataset({ name: 'synthetic', root });
    const made = heldOutScenes({ ...options, scenes: 2 });
    expect(made.samples.map(({ id }) => id)).toEqual(written.samples.map(({ id }) => id));
    expect(made.samples.some(({ kind }) => kind === 'absent')).toBe(true);
    // Backwards: a scene is made again when it is no longer the last one.
    for (const [i, sample] of [...made.samples.entries()].reverse()) {
      const { readTruth, readImage, ...facts } = sample;
      expect(written.samples[i]).toMatchObject(facts);
      expect(await readTruth()).toEqual(await written.samples[i]!.readTruth());
      const { image } = await openImage(join(root, sample.image));
      expect(Buffer.compare((await readImage!()).data, image.data)).toBe(0);
    }
  });

  it('can be those of some kinds only, under the ids they have among all', () => {
    const options = { seed: 970_000_000, stage: 'd', sizePx: 64, scenes: 3 } as const;
    const all = heldOutScenes(options).samples;
    const some = heldOutScenes({ ...options, kinds: ['size', 'absent'] }).samples;
    expect(some.map(({ id }) => id)).toEqual(
      all.filter(({ kind }) => kind === 'size' || kind === 'absent').map(({ id }) => id),
    );
    expect(some.length).toBeGreaterThan(0);
  });

  it('are the same dataset when their options come out of a manifest', () => {
    const options = { scenes: 1, seed: 3, stage: 'a', sizePx: 64 } as const;
    const { fingerprint } = heldOutScenes(HELD_OUT_SCENES.parse(options));
    expect(fingerprint).toBe(heldOutScenes(options).fingerprint);
  });

  it('are another dataset with another seed, stage, size or number', () => {
    const options = { seed: 970_000_000, stage: 'a', sizePx: 64, scenes: 1 } as const;
    const changes = [
      {},
      { seed: 970_000_001 },
      { stage: 'b' },
      { sizePx: 65 },
      { scenes: 2 },
    ] as const;
    const fingerprints = changes.map(
      (change) => heldOutScenes({ ...options, ...change }).fingerprint,
    );
    expect(new Set(fingerprints).size).toBe(changes.length);
  });
});
