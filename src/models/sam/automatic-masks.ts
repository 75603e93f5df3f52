/**
 * Masks of everything in a picture: a grid of points prompts SAM, and what is unsure, unstable or doubled is dropped.
 *
 * Reference: the mask-generation pipeline of transformers without crops, which does as segment-anything's automatic mask
 * generator.
 */
import { ZeroovError } from '../../errors.ts';
import type { Box, Size } from '../../tensor/image.ts';
import { type CocoRle, encodeRle } from '../../tensor/rle.ts';
import type { Float32Tensor } from '../../tensor/tensor.ts';
import { fullSizeLogits } from './full-size.ts';
import type { ImageEmbedding, Sam } from './sam.ts';

export interface AutomaticMask {
  /** Of the picture's size. */
  readonly mask: CocoRle;
  /** Tight, far edge exclusive. */
  readonly box: Box;
  readonly areaPx: number;
  /** The network's own estimate of the mask's IoU. */
  readonly predictedIou: number;
  /** Pixels with a logit above 1 over those with one above −1. */
  readonly stability: number;
}

export interface AutomaticMaskOptions {
  /** Points along each side of the picture, 1..128. Default 32. */
  readonly pointsPerSide?: number;
  /** Masks whose predicted IoU is not above this are dropped. Default 0.88. */
  readonly minPredictedIou?: number;
  /** Masks whose stability is not above this are dropped. Default 0.95. */
  readonly minStability?: number;
  /** Of two masks whose boxes have an IoU above this, the one with the lower predicted IoU is dropped. Default 0.7. */
  readonly maxBoxIou?: number;
  readonly signal?: AbortSignal | undefined;
}

/** 16 times the work of the default; what is asked beyond that is a mistake. */
const MAX_POINTS_PER_SIDE = 128;
/** Points whose candidates are held at once: 50 MB at the published size. */
const POINTS_AT_ONCE = 64;
/** How far from the threshold, 0, the two logits lie that stability compares. */
const STABILITY_OFFSET = 1;

/**
 * All candidates of all points, filtered; best predicted IoU first. Masks are held as run lengths, one candidate at a time is
 * brought to the picture's size.
 *
 * @throws OPTION_INVALID, CANCELLED, and those of Network.run
 */
export async function automaticMasks(
  sam: Pick<Sam, 'decode' | 'sides'>,
  embedding: ImageEmbedding,
  options: AutomaticMaskOptions = {},
): Promise<AutomaticMask[]> {
  const { pointsPerSide = 32, minPredictedIou = 0.88, minStability = 0.95 } = options;
  const { maxBoxIou = 0.7, signal } = options;
  const points = pointGrid(pointsPerSide, embedding.image);
  const frame = { ...embedding, ...sam.sides };
  const found: AutomaticMask[] = [];
  for (let start = 0; start < points.length; start += POINTS_AT_ONCE) {
    const prompts = points.slice(start, start + POINTS_AT_ONCE).map((point) => ({
      points: [{ ...point, positive: true }],
    }));
    const decoded = await sam.decode(embedding, prompts, { signal });
    for (const { lowRes, predictedIou } of decoded.flat()) {
      if (!(predictedIou > minPredictedIou)) continue;
      const mask = describe(fullSizeLogits(lowRes, frame));
      if (mask.stability > minStability) found.push({ ...mask, predictedIou });
    }
  }
  return dropDoubles(found, maxBoxIou);
}

/** Centres of n × n equal cells of the picture, row by row. @throws OPTION_INVALID */
function pointGrid(n: number, { widthPx, heightPx }: Size): { x: number; y: number }[] {
  if (!(Number.isInteger(n) && n >= 1 && n <= MAX_POINTS_PER_SIDE)) {
    const expected = `an integer from 1 to ${MAX_POINTS_PER_SIDE}`;
    throw new ZeroovError('OPTION_INVALID', { option: 'pointsPerSide', expected, got: `${n}` });
  }
  return Array.from({ length: n * n }, (_, i) => ({
    x: (((i % n) + 0.5) / n) * widthPx,
    y: ((Math.floor(i / n) + 0.5) / n) * heightPx,
  }));
}

/** Logits [H, W] → what is above 0 as a mask, and how much that depends on the 0. */
function describe({ shape, data }: Float32Tensor): Omit<AutomaticMask, 'predictedIou'> {
  const [height, width] = shape as readonly [h: number, w: number];
  const mask = new Uint8Array(data.length);
  let [x1, y1, x2, y2] = [width, height, 0, 0];
  let [areaPx, sure, possible] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 1) {
    const logit = data[i]!;
    if (logit > STABILITY_OFFSET) sure += 1;
    if (logit > -STABILITY_OFFSET) possible += 1;
    if (!(logit > 0)) continue;
    mask[i] = 1;
    areaPx += 1;
    const [x, y] = [i % width, Math.floor(i / width)];
    x1 = Math.min(x1, x);
    x2 = Math.max(x2, x + 1);
    y1 = Math.min(y1, y);
    y2 = y + 1;
  }
  const rle = encodeRle({ dtype: 'bool', shape: [height, width], data: mask });
  const stability = possible > 0 ? sure / possible : 0;
  return { mask: rle, box: [x1, y1, x2, y2], areaPx, stability };
}

/** Non-maximum suppression: the best first, and of the others those that no better one covers. */
function dropDoubles(masks: readonly AutomaticMask[], maxBoxIou: number): AutomaticMask[] {
  const kept: AutomaticMask[] = [];
  for (const mask of masks.toSorted((a, b) => b.predictedIou - a.predictedIou)) {
    if (!kept.some(({ box }) => boxIou(box, mask.box) > maxBoxIou)) kept.push(mask);
  }
  return kept;
}

/** From the centres of the pixels at the edges, as the reference measures boxes. */
function boxIou(a: Box, b: Box): number {
  const area = ([x1, y1, x2, y2]: Box) => Math.max(0, x2 - 1 - x1) * Math.max(0, y2 - 1 - y1);
  const both = area([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  return both / (area(a) + area(b) - both);
}
