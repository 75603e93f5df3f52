/** The demo set really grounds: through the library, on scenes it has not seen, against exact truth. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoSet } from '../../src/cli/demo-set.ts';
import { createGrounder, type Grounder } from '../../src/index.ts';
import { makeScene } from '../../src/synthetic/scene.ts';

/** Held out from training; the bench that prints the figures uses other seeds (bench/demo-set.ts). */
const FIRST_SEED = 980_000_000;
const SCENES = 6;

describe('the demo set', () => {
  let grounder: Grounder;
  beforeAll(async () => {
    grounder = await createGrounder({ ...demoSet()!, provider: 'cpu', keepLoaded: true });
  });
  afterAll(() => grounder.dispose());

  it('outlines the one object of a scene far better than chance', async () => {
    const ious: number[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SCENES; seed += 1) {
      const scene = makeScene({ seed, sizePx: 256, stage: 'a' });
      const truth = scene.objects[0]!.mask;
      const { mask } = await grounder.ground(scene.image, scene.expressions[0]!.text);
      let [both, either] = [0, 0];
      for (const [i, pixel] of mask.data.entries()) {
        both += pixel && truth[i] ? 1 : 0;
        either += pixel || truth[i] ? 1 : 0;
      }
      ious.push(either === 0 ? 0 : both / either);
    }
    // The whole picture as an answer would have the object's share of it, under 0.1 on average; measured is about 0.6.
    expect(ious.reduce((sum, iou) => sum + iou, 0) / SCENES).toBeGreaterThan(0.3);
  });

  it.each([
    [{ layers: [5], layerWeights: [1] }, /layers: expected integers from 0 to 4, got 5/],
    [{ resolutions: [64] }, /resolutions.*32, 16.*got 64/],
  ])('refuses what it cannot do before a network runs: %o', async (options, sentence) => {
    const scene = makeScene({ seed: FIRST_SEED, sizePx: 256, stage: 'a' });
    let ran = false;
    const onProgress = () => {
      ran = true;
    };
    const asked = grounder.ground(scene.image, 'the ship', { ...options, onProgress });
    await expect(asked).rejects.toThrow(sentence);
    expect(ran).toBe(false);
  });

  it('computes once a picture what does not depend on the expression', async () => {
    const scene = makeScene({ seed: FIRST_SEED, sizePx: 256, stage: 'a' });
    const stages: string[] = [];
    const onProgress = ({ stage, done }: { stage: string; done: number }) => {
      if (done === 0) stages.push(stage);
    };
    const quick = { trajectory: 'single', onProgress } as const;
    await grounder.ground(scene.image, 'the ship', quick);
    await grounder.ground(scene.image, 'the building', quick);
    expect(stages).toEqual(['vision', 'latent']);
  });
});
