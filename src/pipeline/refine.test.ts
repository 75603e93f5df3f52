import { describe, expect, it } from 'vitest';
import type { Prompt, Sam } from '../models/sam/sam.ts';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { float32 } from '../tensor/tensor.ts';
import { type Decision, describeMask } from './mask.ts';
import { type GroundOptions, type Refiner, resolveOptions } from './presets.ts';
import { promptOf, refine } from './refine.ts';
import { ImageMemory } from './watch.ts';

/** Picture, SAM's square and its masks are all 16 px wide. */
const SIDE = 16;
const size = { widthPx: SIDE, heightPx: SIDE };
const picture = (): RgbImage => ({ ...size, data: new Uint8Array(SIDE * SIDE * 3) });

/** 1 in [x1, x2) × [y1, y2). */
function boxMask([x1, y1, x2, y2]: readonly [number, number, number, number]): Mask {
  const data = new Uint8Array(SIDE * SIDE);
  for (let y = y1; y < y2; y += 1) data.fill(1, y * SIDE + x1, y * SIDE + x2);
  return { ...size, data };
}

const NO_MAPS = { overview: null, structure: null, attention: null, evolved: null };
const found: Decision = { ...describeMask(boxMask([2, 3, 8, 9])), score: 0.7, maps: NO_MAPS };

/** A SAM that answers every prompt with `mask`, and counts what it is asked. */
function answering(mask: Mask) {
  const asked = { pictures: 0, prompts: [] as Prompt[] };
  const logits = float32(
    [SIDE, SIDE],
    Float32Array.from(mask.data, (pixel) => 10 * pixel - 5),
  );
  const answer = { mask, predictedIou: 0.9, best: 0, candidates: [] };
  const sam: Partial<Sam> = {
    sides: { imageSide: SIDE, lowResSide: SIDE },
    lowResSide: SIDE,
    embedImage: async (image) => {
      asked.pictures += 1;
      return { features: float32([1, 1, 1, 1]), image, resized: size };
    },
    segment: async (_, prompts) => {
      asked.prompts.push(...prompts);
      return prompts.map(() => answer);
    },
    decode: async (_, prompts) => {
      asked.prompts.push(...prompts);
      return prompts.map(() => [{ lowRes: logits, predictedIou: 0.95 }]);
    },
  };
  return { models: { sam: sam as Sam, memory: new ImageMemory() }, asked };
}

describe('refine', () => {
  it.each<[GroundOptions['preset'], Refiner]>([
    ['rsvg-zeroov+sam', 'box'],
    ['direct-box+sam', 'box'],
    ['diffpng-vlm+vote', 'proposal-vote'],
  ])('%s: redrawn from %s, kept beside what was found', async (preset, by) => {
    const drawn = boxMask([2, 2, 9, 9]); // covers what was found: 36 of 36 px, and 36 of its own 49
    const { models } = answering(drawn);
    const asked = { image: picture(), decision: found };
    const refined = await refine(models, asked, resolveOptions({ preset }), {});
    expect(refined).toMatchObject({ found: true, box: [2, 2, 9, 9], areaPx: 49, score: 0.7 });
    const predictedIou = by === 'box' ? 0.9 : 0.95;
    const { maps: _, ...before } = found;
    expect(refined.refinement).toEqual({ by, predictedIou, before });
  });

  it('leaves what was not found as it is, without a look at the picture', async () => {
    const { models, asked } = answering(boxMask([0, 0, 4, 4]));
    const decision: Decision = { ...describeMask(boxMask([0, 0, 0, 0])), maps: NO_MAPS };
    const o = resolveOptions({ refine: 'box' });
    const refined = await refine(models, { image: picture(), decision }, o, {});
    expect(refined).toEqual({ ...decision, refinement: null });
    expect(asked).toEqual({ pictures: 0, prompts: [] });
  });

  it('has neither box nor score where SAM draws nothing', async () => {
    const { models } = answering(boxMask([0, 0, 0, 0]));
    const o = resolveOptions({ refine: 'box' });
    const refined = await refine(models, { image: picture(), decision: found }, o, {});
    expect(refined).toMatchObject({ found: false, box: null, score: null, areaPx: 0 });
    expect(refined.refinement!.before.score).toBe(0.7);
  });

  it('looks at a picture once, whatever is asked of it', async () => {
    const { models, asked } = answering(boxMask([2, 2, 9, 9]));
    const image = picture();
    for (const by of ['box', 'mask', 'proposal-vote', 'proposal-vote', 'box'] as const) {
      await refine(models, { image, decision: found }, resolveOptions({ refine: by }), {});
    }
    expect(asked.pictures).toBe(1);
    expect(asked.prompts).toHaveLength(3 + 32 * 32); // the grid of points once, too
    await refine(
      models,
      { image: picture(), decision: found },
      resolveOptions({ refine: 'box' }),
      {},
    );
    expect(asked.pictures).toBe(2);
  });

  it('keeps a mask that no proposal agrees with', async () => {
    const { models } = answering(boxMask([10, 10, 16, 16]));
    const o = resolveOptions({ refine: 'proposal-vote' });
    const refined = await refine(models, { image: picture(), decision: found }, o, {});
    expect(refined).toMatchObject({ box: found.box, areaPx: found.areaPx, score: 0.7 });
    expect(refined.refinement).toMatchObject({ by: 'proposal-vote', predictedIou: null });
  });

  it('can be stopped between the batches of a vote', async () => {
    const { models, asked } = answering(boxMask([2, 2, 9, 9]));
    const { decode } = models.sam;
    const stop = new AbortController();
    models.sam.decode = async (embedding, prompts, options) => {
      options?.signal?.throwIfAborted();
      stop.abort();
      return decode(embedding, prompts);
    };
    const o = resolveOptions({ refine: 'proposal-vote' });
    const asks = refine(models, { image: picture(), decision: found }, o, { signal: stop.signal });
    await expect(asks).rejects.toThrow();
    expect(asked.prompts.length).toBeLessThan(32 * 32);
  });
});

describe('promptOf', () => {
  /** A picture of 320 × 160 px: a cell of the 32² grid is 10 × 5 px; in SAM's square of 64 it fills 64 × 32. */
  const frame = { sam: { lowResSide: 64 }, image: { widthPx: 320, heightPx: 160 } };
  const relevance = float32([32, 32]);
  relevance.data[3 * 32 + 5] = 1;
  relevance.data[20 * 32 + 31] = 0.5;
  const evolved = float32([32, 32], new Float32Array(1024).fill(0.4));
  const decision: Decision = { ...found, maps: { ...NO_MAPS, overview: relevance, evolved } };
  const ask = (by: Refiner, options: GroundOptions = {}) =>
    promptOf(decision, frame, { ...resolveOptions({ seeds: 2, ...options }), by });
  const points = [
    { x: 55, y: 17.5, positive: true }, // column 5, row 3
    { x: 315, y: 102.5, positive: true }, // column 31, row 20
  ];

  it('says the tight box', () => expect(ask('box')).toEqual({ box: [2, 3, 8, 9] }));
  it('says the centres of the seeds', () => expect(ask('points')).toEqual({ points }));
  it('says both', () => expect(ask('box+points')).toEqual({ box: [2, 3, 8, 9], points }));

  it('says the map as log odds over those of α, which are 0 where the mask ends', () => {
    const { shape, data } = ask('mask', { alpha: 0.4 }).maskLogits!;
    expect(shape).toEqual([64, 64]);
    for (const i of [0, 31 * 64 + 63]) expect(data[i]).toBeCloseTo(0, 6);
    const beside = Math.log(0.001 / 0.999) - Math.log(0.4 / 0.6);
    for (const i of [32 * 64, 64 * 64 - 1]) expect(data[i]).toBeCloseTo(beside, 5);
    // an odds ratio of (0.4/0.6)/(0.2/0.8)
    expect(ask('mask', { alpha: 0.2 }).maskLogits!.data[0]).toBeCloseTo(Math.log(8 / 3), 5);
  });

  it('says the mask itself where there is no map, as of a direct box', () => {
    const direct: Decision = { ...found, maps: NO_MAPS };
    const o = { ...resolveOptions({ alpha: 0.5 }), by: 'mask' as const };
    const { data } = promptOf(direct, { sam: { lowResSide: SIDE }, image: size }, o).maskLogits!;
    expect([...data].map((logit) => (logit > 0 ? 1 : 0))).toEqual([...found.mask.data]);
  });
});
