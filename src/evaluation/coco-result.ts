/** Predictions as COCO's results format, which pycocotools reads: {image_id, category_id, bbox, segmentation, score}. */
import { describeMask } from '../pipeline/mask.ts';
import type { Box } from '../tensor/image.ts';
import type { CocoRle } from '../tensor/rle.ts';
import { maskOf } from './metrics/score-sample.ts';
import type { Prediction } from './sample.ts';

export interface CocoResult {
  /** Every sample is an image of its own: its id, as a number where it is written as one. */
  readonly image_id: string | number;
  /** "What the expression refers to": there is no other. */
  readonly category_id: 1;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly segmentation?: CocoRle;
  readonly score: number;
}

/** Null for what was not found: COCO lists detections only. A mask without a box is given its tight one. */
export function cocoResultOf({ id, box, mask, score }: Prediction): CocoResult | null {
  const found = box ?? (mask && describeMask(maskOf(mask)).box);
  if (!found) return null;
  return {
    image_id: /^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : id,
    category_id: 1,
    bbox: toXywh(found),
    ...(mask ? { segmentation: mask } : {}),
    score: score ?? 1,
  };
}

function toXywh([x1, y1, x2, y2]: Box): CocoResult['bbox'] {
  return [x1, y1, x2 - x1, y2 - y1];
}
