/** result.json of `zeroov segment`, version 1: what SAM was told and what it drew. */
import { z } from 'zod';
import type { Prompt, Segmentation } from '../models/sam/sam.ts';
import { describeMask } from './mask.ts';
import {
  box,
  CIRCUMSTANCES,
  type Circumstances,
  checkpoint,
  circumstancesOf,
  describeCheckpoint,
  pixels,
  rle,
  rleOf,
  seconds,
  type UsedCheckpoint,
} from './record-parts.ts';

/** Keys may be added in later releases of version 1; none is removed and none changes its meaning. */
export const SEGMENT_SCHEMA = z.object({
  version: z.literal(1),
  prompt: z.object({
    box: box.nullable(),
    /** In pixels of the picture, continuous: the centre of the first pixel is (0.5, 0.5). */
    points: z.array(z.object({ x: z.number(), y: z.number(), positive: z.boolean() })),
  }),
  /** False where the mask is empty; then box is null. */
  found: z.boolean(),
  box: box.nullable(),
  areaPx: pixels,
  mask: rle,
  /** SAM's estimate of the mask's IoU, about 0..1. */
  predictedIou: z.number(),
  /** The same for each of its candidates; the mask is that of the highest. */
  candidates: z.array(z.number()),
  checkpoint,
  /** `open`: picture and checkpoint; `segment`: the picture's embedding and all prompts of the run. */
  seconds: z.object({ open: seconds, segment: seconds }),
  ...CIRCUMSTANCES,
});

export type SegmentRecord = z.infer<typeof SEGMENT_SCHEMA>;

export interface SegmentRecordParts extends Circumstances {
  readonly prompt: Prompt;
  readonly segmentation: Segmentation;
  readonly checkpoint: UsedCheckpoint;
  readonly seconds: SegmentRecord['seconds'];
}

/** The record of one prompt's mask, as JSON data. */
export function segmentRecordOf(parts: SegmentRecordParts): SegmentRecord {
  const { prompt, segmentation } = parts;
  const { found, box: tight, areaPx } = describeMask(segmentation.mask);
  return {
    version: 1,
    prompt: { box: prompt.box ? [...prompt.box] : null, points: [...(prompt.points ?? [])] },
    found,
    box: tight && [...tight],
    areaPx,
    mask: rleOf(segmentation.mask),
    predictedIou: segmentation.predictedIou,
    candidates: segmentation.candidates.map((candidate) => candidate.predictedIou),
    checkpoint: describeCheckpoint(parts.checkpoint),
    seconds: parts.seconds,
    ...circumstancesOf(parts),
  };
}
