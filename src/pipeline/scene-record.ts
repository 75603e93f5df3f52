/** result.json of a search over a scene's tiles, version 1. */
import { z } from 'zod';
import type { SceneGrounding } from './ground-scene.ts';
import type { UsedCheckpoints } from './grounder.ts';
import type { MethodOptions } from './presets.ts';
import { METHOD_RECORD, methodRecordOf } from './record.ts';
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

const region = z.object({
  /** Mean of the evolved map over the mask, α..1: strength of evidence, no probability. */
  score: z.number(),
  box,
  areaPx: pixels,
  /** Where the mask lies: x, y of its top-left pixel in the scene. */
  window: z.object({ x: pixels, y: pixels, widthPx: pixels, heightPx: pixels }),
  mask: rle,
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
  tiles: z.object({ planned: pixels, looked: pixels }),
  checkpoints: z.object({ vlm: checkpoint.nullable(), diffusion: checkpoint.nullable() }),
  options: METHOD_RECORD.extend(SCENE_OPTIONS.shape),
  /** Where it is on the Earth: EPSG code (null where the file describes its own system) and pixels → map. */
  place: z
    .object({
      epsg: z.int().nullable(),
      crs: z.string(),
      affine: z.array(z.number()).length(6),
    })
    .nullable(),
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
  readonly place: SceneResult['place'];
  readonly seconds: SceneResult['seconds'];
}

/** The record of one search, as JSON data. */
export function sceneRecordOf(parts: SceneRecordParts): SceneResult {
  const { expression, grounding, checkpoints, options, place, seconds } = parts;
  const { vlm, diffusion } = checkpoints;
  return {
    version: 1,
    kind: 'scene',
    expression,
    found: grounding.regions.length > 0,
    regions: grounding.regions.map(({ score, box: [x1, y1, x2, y2], areaPx, window, mask }) => ({
      score,
      box: [x1, y1, x2, y2],
      areaPx,
      window: { ...window },
      mask: rleOf(mask),
    })),
    tiles: { ...grounding.tiles },
    checkpoints: {
      vlm: vlm && describeCheckpoint(vlm),
      diffusion: diffusion && describeCheckpoint(diffusion),
    },
    options: { ...options, ...methodRecordOf(options) },
    place,
    seconds,
    ...circumstancesOf(parts),
  };
}
