/** The pixels and boxes of a comparison, counted once: every flavour of a metric derives from them. */
import type { Mask } from '../../tensor/image.ts';
import { nearestIndicesPillow } from '../../tensor/resize.ts';
import { type CocoRle, decodeRle } from '../../tensor/rle.ts';
import type { MaskCounts, Prediction, Scores, Truth } from '../sample.ts';

/** What is scored where nothing was found or a sample failed. */
export const NOTHING: Pick<Prediction, 'box' | 'mask'> = { box: null, mask: null };

/**
 * Boxes as they are; pixels of the masks at the truth's own size, at 480² and at 800².
 *
 * Both masks are squashed to a square by themselves, in one step from their own size (nearest, as Pillow). At `native` a
 * prediction of another size is brought to the truth's in the same way.
 *
 * @throws RLE_INVALID for a predicted mask that does not decode
 */
export function scoreSample({ box, mask }: Pick<Prediction, 'box' | 'mask'>, truth: Truth): Scores {
  return {
    box: truth.box && { predicted: box, truth: truth.box },
    mask: truth.mask && scoreMask(mask, truth.mask),
  };
}

function scoreMask(rle: CocoRle | null, truth: Mask): NonNullable<Scores['mask']> {
  const predicted = rle ? maskOf(rle) : { ...truth, data: new Uint8Array(truth.data.length) };
  const at = (heightPx: number, widthPx: number) =>
    countPixels({ predicted, truth, heightPx, widthPx });
  return {
    native: at(truth.heightPx, truth.widthPx),
    '480': at(480, 480),
    '800': at(800, 800),
  };
}

/** @throws RLE_INVALID */
export function maskOf(rle: CocoRle): Mask {
  const { shape, data } = decodeRle(rle);
  return { heightPx: shape[0]!, widthPx: shape[1]!, data };
}

interface Comparison {
  readonly predicted: Mask;
  readonly truth: Mask;
  /** The size to compare at. */
  readonly heightPx: number;
  readonly widthPx: number;
}

/** Pixels of both masks, of either and of each, at a size that both are brought to (nearest, as Pillow). */
export function countPixels({ predicted, truth, heightPx, widthPx }: Comparison): MaskCounts {
  const rows = pairIndices(predicted.heightPx, truth.heightPx, heightPx);
  const columns = pairIndices(predicted.widthPx, truth.widthPx, widthPx);
  let [intersection, inPredicted, inTruth] = [0, 0, 0];
  for (const [i, rowTimes] of rows.times.entries()) {
    const ofPredicted = rows.predicted[i]! * predicted.widthPx;
    const ofTruth = rows.truth[i]! * truth.widthPx;
    for (let j = 0; j < columns.times.length; j += 1) {
      const a = predicted.data[ofPredicted + columns.predicted[j]!]!;
      const b = truth.data[ofTruth + columns.truth[j]!]!;
      if (!(a | b)) continue;
      const pixels = rowTimes * columns.times[j]!;
      if (a & b) intersection += pixels;
      if (a) inPredicted += pixels;
      if (b) inTruth += pixels;
    }
  }
  const union = inPredicted + inTruth - intersection;
  return { intersection, union, predicted: inPredicted, truth: inTruth };
}

/** The row (or column) of each mask that every row of the common size reads; rows that read the same are one entry. */
function pairIndices(ofPredicted: number, ofTruth: number, side: number) {
  const from = {
    predicted: nearestIndicesPillow(ofPredicted, side),
    truth: nearestIndicesPillow(ofTruth, side),
  };
  const pairs = { predicted: [] as number[], truth: [] as number[], times: [] as number[] };
  for (let i = 0; i < side; i += 1) {
    const [predicted, truth] = [from.predicted[i]!, from.truth[i]!];
    const last = pairs.times.length - 1;
    if (pairs.predicted[last] === predicted && pairs.truth[last] === truth) pairs.times[last]! += 1;
    else {
      pairs.predicted.push(predicted);
      pairs.truth.push(truth);
      pairs.times.push(1);
    }
  }
  return pairs;
}
