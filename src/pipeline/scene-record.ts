/** result.json of a search over a scene's tiles, version 1. */
import { z } from 'zod';
import type { SceneGrounding } from './ground-scene.ts';
import type { UsedCheckpoints } from './grounder.ts';
import type { MethodOptions } from './presets.ts';
import { METHOD_RECORD, methodRecordOf, refinement } from './record.ts';
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
import { SCENE_OPTIONS, type SceneOptions } from './scene-options.ts';
import type { Extent } from './scene-regions.ts';

/** Where a mask lies: x, y of its top-left pixel in the scene. */
const window = z.object({ x: pixels, y: pixels, widthPx: pixels, heightPx: pixels });

const region = z.object({
  /** Mean of the evolved map over the mask, α..1: strength of evidence, no probability. */
  score: z.number(),
  box,
  areaPx: pixels,
  window,
  mask: rle,
  /** As in a picture's record; its mask lies in a window of its own. */
  refinement: refinement.extend({ before: refinement.shape.before.extend({ window }) }).nullable(),
});

/** Keys may be added in later releases of version 1; none is removed and none changes its meaning. */
export const SCENE_RESULT_SCHEMA = z.object({
  version: z.literal(1),
  kind: z.literal('scene'),
  expression: z.string(),
  found: z.boolean(),
  /** Best first; only that one unless all were asked for. */
  regions: z.array(region),
  /** Tiles that cover the scene, and those that the networks looked at closely. */
  tiles: z.object({
    planned: pixels,
    looked: pixels,
    /** The look from afar: its tiles, and how many times smaller its pixels were. Null for an exhaustive search. */
    coarse: z.object({ looked: pixels, shrink: z.number() }).nullable(),
  }),
  checkpoints: z.object({
    vlm: checkpoint.nullable(),
    diffusion: checkpoint.nullable(),
    sam: checkpoint.nullable(),
  }),
  options: METHOD_RECORD.extend(SCENE_OPTIONS.shape),
  seconds: z.object({ open: seconds, search: seconds }),
  ...CIRCUMSTANCES,
});

export type SceneResult = z.infer<typeof SCENE_RESULT_SCHEMA>;

export interface SceneRecordParts extends Circumstances {
  readonly expression: string;
  /** Its regions are those to be recorded. */
  readonly grounding: Pick<SceneGrounding, 'regions' | 'tiles'>;
  readonly checkpoints: UsedCheckpoints;
  readonly options: MethodOptions & SceneOptions;
  readonly seconds: SceneResult['seconds'];
}

/** The record of one search, as JSON data. */
export function sceneRecordOf(parts: SceneRecordParts): SceneResult {
  const { expression, grounding, checkpoints, options, seconds } = parts;
  const { vlm, diffusion, sam } = checkpoints;
  return {
    version: 1,
    kind: 'scene',
    expression,
    found: grounding.regions.length > 0,
    regions: grounding.regions.map(({ score, refinement: by = null, ...extent }) => ({
      score,
      ...describeExtent(extent),
      refinement: by && { ...by, before: describeExtent(by.before) },
    })),
    tiles: { ...grounding.tiles },
    checkpoints: {
      vlm: vlm && describeCheckpoint(vlm),
      diffusion: diffusion && describeCheckpoint(diffusion),
      sam: sam && describeCheckpoint(sam),
    },
    options: { ...options, ...methodRecordOf(options) },
    seconds,
    ...circumstancesOf(parts),
  };
}

function describeExtent({ box: [x1, y1, x2, y2], areaPx, window: at, mask }: Extent) {
  const corners: [number, number, number, number] = [x1, y1, x2, y2];
  return { box: corners, areaPx, window: { ...at }, mask: rleOf(mask) };
}
