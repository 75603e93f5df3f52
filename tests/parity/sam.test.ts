/**
 * SAM against transformers on tiny checkpoints: `sam-a` (F32, windows that need padding, tables of positions), `sam-b` (F16,
 * windows that do not, no positions, no bias), and the acceptance case (1024 px); their birth.json or README says how the
 * golden values were made, and why the tolerances.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { automaticMasks } from '../../src/models/sam/automatic-masks.ts';
import {
  type ImageEmbedding,
  openSam,
  type Prompt,
  type Sam,
  type Segmentation,
} from '../../src/models/sam/sam.ts';
import { type Runtime, startRuntime } from '../../src/runtime/runtime.ts';
import { type Float32Tensor, float32 } from '../../src/tensor/tensor.ts';
import { readArray, readPicture, relativeError } from '../support/vlm-golden.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.close());

interface GoldenPrompt {
  readonly name: string;
  readonly box?: [number, number, number, number];
  readonly points?: [number, number][];
  readonly labels?: number[];
  readonly mask_of?: string;
  readonly scores: number[];
  readonly best: number;
}

const json = <T>(folder: string, name: string): T =>
  JSON.parse(readFileSync(join(folder, 'golden', name), 'utf8')) as T;

const item = ({ data }: Float32Tensor, i: number, shape: readonly [number, number]) =>
  float32(shape, data.slice(i * shape[0] * shape[1], (i + 1) * shape[0] * shape[1]));

/** A file of masks, 0 or 255. */
async function readMasks(file: string): Promise<Buffer> {
  return sharp(file).extractChannel(0).raw().toBuffer();
}

function iou(found: Uint8Array, expected: Uint8Array): number {
  expect(found.length).toBe(expected.length);
  let [both, either] = [0, 0];
  for (const [i, pixel] of found.entries()) {
    both += pixel && expected[i] ? 1 : 0;
    either += pixel || expected[i] ? 1 : 0;
  }
  return both / either;
}

interface Expected {
  readonly scores: readonly number[];
  readonly best: number;
  /** [candidates, L, L] */
  readonly lowRes: Float32Tensor;
  readonly mask: Uint8Array;
}

function expectSegmentation(found: Segmentation, { scores, best, lowRes, mask }: Expected): void {
  const side = lowRes.shape.at(-1)!;
  expect(found.candidates).toHaveLength(scores.length);
  for (const [i, candidate] of found.candidates.entries()) {
    expect(Math.abs(candidate.predictedIou - scores[i]!)).toBeLessThanOrEqual(1e-4);
    expect(relativeError(candidate.lowRes, item(lowRes, i, [side, side]))).toBeLessThan(1e-3);
  }
  expect(found.best).toBe(best);
  expect(found.predictedIou).toBe(found.candidates[best]!.predictedIou);
  expect(iou(found.mask.data, mask)).toBeGreaterThanOrEqual(0.999);
}

describe.each(['sam-a', 'sam-b'])('%s', (name) => {
  const folder = path(`../fixtures/${name}`);
  const golden = json<GoldenPrompt[]>(folder, 'prompts.json');
  const lowRes = readArray(folder, 'lowres');
  const [, candidates, side] = lowRes.shape as [number, number, number];
  let sam: Sam;
  let embedding: ImageEmbedding;
  let masks: Buffer;
  beforeAll(async () => {
    sam = await openSam({ folder: join(folder, 'sam'), runtime });
    embedding = await sam.embedImage(await readPicture(join(folder, 'image.png')));
    masks = await readMasks(join(folder, 'golden', 'masks.png'));
  });
  afterAll(() => sam.release());

  function promptOf({ box, points, labels, mask_of }: GoldenPrompt): Prompt {
    const first = golden.findIndex((other) => other.name === mask_of) * candidates;
    return {
      ...(box && { box }),
      ...(points && { points: points.map(([x, y], i) => ({ x, y, positive: labels![i] === 1 })) }),
      ...(mask_of && { maskLogits: item(lowRes, first, [side, side]) }),
    };
  }

  function expectedOf(i: number): Expected {
    const area = embedding.image.widthPx * embedding.image.heightPx;
    const size = candidates * side * side;
    return {
      ...golden[i]!,
      lowRes: float32([candidates, side, side], lowRes.data.slice(i * size, (i + 1) * size)),
      mask: masks.subarray(i * area, (i + 1) * area),
    };
  }

  it('makes the same embedding of a picture', () => {
    const { features } = embedding;
    const expected = readArray(folder, 'embedding');
    const found = float32(features.shape.slice(1), features.data);
    expect(relativeError(found, expected)).toBeLessThan(1e-4);
  });

  it.each(golden.map((prompt, i) => [prompt.name, i] as const))('%s', async (_, i) => {
    const [found] = await sam.segment(embedding, [promptOf(golden[i]!)]);
    expectSegmentation(found!, expectedOf(i));
  });

  it('all prompts in one call, each as if it were alone', async () => {
    const found = await sam.segment(embedding, golden.map(promptOf));
    for (const [i, segmentation] of found.entries()) {
      expectSegmentation(segmentation, expectedOf(i));
    }
  });
});

it('sam-a: the same masks of a grid of points', async () => {
  const folder = path('../fixtures/sam-a');
  const { masks, ...options } = json<{
    masks: { score: number; box: number[]; area: number }[];
    pointsPerSide: number;
    minPredictedIou: number;
    minStability: number;
  }>(folder, 'automatic.json');
  const sam = await openSam({ folder: join(folder, 'sam'), runtime });
  const embedding = await sam.embedImage(await readPicture(join(folder, 'image.png')));
  const found = await automaticMasks(sam, embedding, { ...options, maxBoxIou: 1 });
  expect(found).toHaveLength(masks.length);
  for (const [i, { predictedIou, box, areaPx }] of found.entries()) {
    const { score, area } = masks[i]!;
    expect(Math.abs(predictedIou - score)).toBeLessThanOrEqual(1e-4);
    expect(Math.abs(areaPx - area)).toBeLessThanOrEqual(0.001 * area);
    expect(box).toEqual(masks[i]!.box);
  }
  await sam.release();
});

const acceptance = path('../../../shared/golden/a');
it.skipIf(!existsSync(acceptance))(
  'the acceptance case (../shared), at 1024 px',
  async () => {
    const { box, ...expected } = json<GoldenPrompt>(acceptance, 'sam.json');
    const sam = await openSam({ folder: join(acceptance, 'sam'), runtime });
    const embedding = await sam.embedImage(await readPicture(join(acceptance, 'tank.png')));
    const { features } = embedding;
    const [, ...shape] = features.shape;
    const golden = readArray(acceptance, 'sam_embedding');
    const same = float32(shape, golden.data);
    expect(relativeError(float32(shape, features.data), same)).toBeLessThan(1e-4);
    const [found] = await sam.segment(embedding, [{ box: box! }]);
    expectSegmentation(found!, {
      ...expected,
      lowRes: readArray(acceptance, 'sam_lowres'),
      mask: await readMasks(join(acceptance, 'golden', 'sam_mask.png')),
    });
    await sam.release();
  },
  120_000,
);
