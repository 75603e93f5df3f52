/** result.json, version 1: everything that tells how an answer came about. */
import { z } from 'zod';
import type { Grounding } from './ground.ts';
import type { UsedCheckpoints } from './grounder.ts';
import { METHOD_OPTIONS, type MethodOptions, REFINEMENTS } from './presets.ts';
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
} from './record-parts.ts';
import type { Refinement } from './refine.ts';

const { layers, maxPixels } = METHOD_OPTIONS.shape;
/** Every option of the method as it was used; their meaning is in `presets.ts`. */
export const METHOD_RECORD = METHOD_OPTIONS.extend({
  /** Null where no VLM was given. */
  layers: layers.unwrap().nullable(),
  /** Null: the model's own bound. */
  maxPixels: maxPixels.unwrap().nullable(),
});

export const refinement = z.object({
  by: z.enum(REFINEMENTS).exclude(['none']),
  /** SAM's estimate of its mask's IoU, about 0..1; null where no proposal was voted in. */
  predictedIou: z.number().nullable(),
  /** The mask that SAM was given: box, areaPx and mask of what it belongs to are those it drew. */
  before: z.object({ box, areaPx: pixels, mask: rle }),
});

/**
 * The document that `zeroov ground` writes as `result.json` and prints with `--json`. Keys may be added in later
 * releases of version 1; none is removed and none changes its meaning.
 */
export const RESULT_SCHEMA = z.object({
  version: z.literal(1),
  expression: z.string(),
  /** "Not found" is an answer: then box and score are null and the mask is empty. */
  found: z.boolean(),
  /** Mean of the evolved map over the mask, α..1: strength of evidence, no probability. Null for a direct box. */
  score: z.number().nullable(),
  box: box.nullable(),
  areaPx: pixels,
  mask: rle,
  /** What SAM redrew the mask from, and what it thinks of its work; null where it was not asked or nothing was found. */
  refinement: refinement.nullable(),
  /** What the VLM said, how its answer ended, and the box that its text spells. Null where no VLM ran. */
  answer: z
    .object({
      text: z.string(),
      ids: z.array(z.int()),
      stopped: z.enum(['end', 'limit']),
      box: box.nullable(),
    })
    .nullable(),
  checkpoints: z.object({
    vlm: checkpoint.nullable(),
    diffusion: checkpoint.nullable(),
    sam: checkpoint.nullable(),
  }),
  options: METHOD_RECORD,
  /** `open`: picture and checkpoints, shared by all expressions of a run, as the image tokens of the first overview are. */
  seconds: z.object({
    open: seconds,
    overview: seconds,
    focus: seconds,
    decide: seconds,
    refine: seconds,
  }),
  ...CIRCUMSTANCES,
});

export type ResultRecord = z.infer<typeof RESULT_SCHEMA>;

export interface RecordParts extends Circumstances {
  readonly grounding: Grounding;
  readonly checkpoints: UsedCheckpoints;
  readonly options: MethodOptions;
  /** Seconds that opening the picture and the checkpoints took. */
  readonly openSeconds: number;
}

/** The record of one grounding, as JSON data. */
export function recordOf(parts: RecordParts): ResultRecord {
  const { grounding, checkpoints, options, openSeconds } = parts;
  const { expression, found, score, box, areaPx, answer, seconds } = grounding;
  const { vlm, diffusion, sam } = checkpoints;
  return {
    version: 1,
    expression,
    found,
    score,
    box: box && [...box],
    areaPx,
    mask: rleOf(grounding.mask),
    refinement: grounding.refinement && describeRefinement(grounding.refinement),
    answer: answer && { ...answer, ids: [...answer.ids], box: answer.box && [...answer.box] },
    checkpoints: {
      vlm: vlm && describeCheckpoint(vlm),
      diffusion: diffusion && describeCheckpoint(diffusion),
      sam: sam && describeCheckpoint(sam),
    },
    options: methodRecordOf(options),
    seconds: { open: openSeconds, ...seconds },
    ...circumstancesOf(parts),
  };
}

/** Options in the form in which records have them. */
export function methodRecordOf(options: MethodOptions): z.infer<typeof METHOD_RECORD> {
  const { layers = null, maxPixels = null } = options;
  return { ...options, layers, maxPixels };
}

function describeRefinement({ by, predictedIou, before }: Refinement) {
  const { areaPx, mask } = before;
  const [x1, y1, x2, y2] = before.box!; // what was not found is not refined
  const corners: [number, number, number, number] = [x1, y1, x2, y2];
  return { by, predictedIou, before: { box: corners, areaPx, mask: rleOf(mask) } };
}
