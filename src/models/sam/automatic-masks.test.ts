import { describe, expect, it } from 'vitest';
import type { Box } from '../../tensor/image.ts';
import { decodeRle } from '../../tensor/rle.ts';
import { float32 } from '../../tensor/tensor.ts';
import { automaticMasks } from './automatic-masks.ts';
import type { Candidate, Sam } from './sam.ts';

/** Picture, square and low-resolution mask are all 16 px wide, so that logits come through as they are. */
const SIDE = 16;
const size = { widthPx: SIDE, heightPx: SIDE };
const embedding = { features: float32([1, 1, 1, 1]), image: size, resized: size };

/** Logits of `inside` in a box, of −5 outside. */
function candidate(box: Box, predictedIou: number, inside = 5): Candidate {
  const [x1, y1, x2, y2] = box;
  const data = new Float32Array(SIDE * SIDE).fill(-5);
  for (let y = y1; y < y2; y += 1) data.fill(inside, y * SIDE + x1, y * SIDE + x2);
  return { lowRes: float32([SIDE, SIDE], data), predictedIou };
}

/** A SAM that answers the first point with these candidates and the others with none. */
function answering(candidates: Candidate[], asked: unknown[] = []): Pick<Sam, 'decode' | 'sides'> {
  return {
    sides: { imageSide: SIDE, lowResSide: SIDE },
    decode: async (_, prompts) => {
      asked.push(...prompts);
      return prompts.map((_, i) => (asked.length === prompts.length && i === 0 ? candidates : []));
    },
  };
}

const find = (candidates: Candidate[]) => automaticMasks(answering(candidates), embedding);

describe('automaticMasks', () => {
  it('asks at the centres of the cells of a grid, row by row', async () => {
    const asked: unknown[] = [];
    await automaticMasks(answering([], asked), embedding, { pointsPerSide: 2 });
    const at = (x: number, y: number) => ({ points: [{ x, y, positive: true }] });
    expect(asked).toEqual([at(4, 4), at(12, 4), at(4, 12), at(12, 12)]);
    const all: unknown[] = [];
    await automaticMasks(answering([], all), embedding);
    expect(all).toHaveLength(32 * 32);
  });

  it('describes a mask: runs, tight box, area', async () => {
    const [mask, ...others] = await find([candidate([2, 3, 7, 5], 0.9)]);
    expect(others).toEqual([]);
    expect(mask).toMatchObject({ box: [2, 3, 7, 5], areaPx: 10, predictedIou: 0.9, stability: 1 });
    const { data } = decodeRle(mask!.mask);
    expect(data.reduce((sum, pixel) => sum + pixel, 0)).toBe(10);
    expect(data[3 * SIDE + 2]).toBe(1);
  });

  it('drops what is unsure: a predicted IoU of 0.88 is not above it', async () => {
    expect(await find([candidate([0, 0, 4, 4], 0.88)])).toEqual([]);
    expect(await find([candidate([0, 0, 4, 4], 0.8801)])).toHaveLength(1);
  });

  it('drops what is unstable, and what is empty', async () => {
    // 16 px above −1, of which `sure` above 1
    const graded = (sure: number) => {
      const { lowRes, predictedIou } = candidate([0, 0, 4, 4], 0.9, 0.5);
      for (let i = 0; i < sure; i += 1) lowRes.data[Math.floor(i / 4) * SIDE + (i % 4)] = 5;
      return { lowRes, predictedIou };
    };
    expect(await find([graded(15)])).toEqual([]); // 15/16 = 0.9375
    expect(await find([graded(16)])).toHaveLength(1);
    expect(await find([candidate([0, 0, 4, 4], 0.9, -5)])).toEqual([]);
  });

  it('keeps the best of those that cover each other, best first', async () => {
    const found = await find([
      candidate([0, 0, 10, 10], 0.9),
      candidate([0, 0, 10, 11], 0.95), // 9·9 of 9·10 in common, from pixel centre to pixel centre: IoU 0.9
      candidate([5, 0, 15, 10], 0.99), // 4·9 in common with the first: IoU 0.29
    ]);
    expect(found.map(({ predictedIou }) => predictedIou)).toEqual([0.99, 0.95]);
  });

  it('measures boxes from pixel centres, as the reference does', async () => {
    // 4·5 of 4·5 + 4·2: 0.714 from centre to centre, 5·6/(5·8) = 0.75 from edge to edge
    const boxes = [candidate([0, 0, 5, 6], 0.9), candidate([0, 0, 5, 8], 0.95)];
    const at = (maxBoxIou: number) => automaticMasks(answering(boxes), embedding, { maxBoxIou });
    expect(await at(0.72)).toHaveLength(2);
    expect(await at(0.71)).toHaveLength(1);
  });

  it.each([0, 1.5, 129])('refuses %d points a side', async (pointsPerSide) => {
    const refused = automaticMasks(answering([]), embedding, { pointsPerSide });
    await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });
});
