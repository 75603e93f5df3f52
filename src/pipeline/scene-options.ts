/** How a scene larger than one network input is searched. */
import { z } from 'zod';
import { parseOptions } from './presets.ts';

export const SEARCHES = ['coarse-to-fine', 'exhaustive'] as const;

export const SCENE_OPTIONS = z.strictObject({
  /** Side of what the networks see of a tile, in pixels. */
  tilePx: z.int().min(64).max(4096),
  /** Share of a tile's side that it has in common with the next. */
  overlap: z.number().min(0).max(0.9),
  /** Pixels seen for one pixel of the scene; evidence of several scales is averaged. */
  scales: z.array(z.number().min(0.001).max(1)).min(1).max(8),
  /** `coarse-to-fine` looks at the whole scene from afar, then only at tiles where that pointed. */
  search: z.enum(SEARCHES),
  /** Pixels of a tile's side for one that the look from afar has of it, at most: less where fewer show the scene at once. */
  shrink: z.number().min(1).max(1000),
});

export type SceneOptions = z.infer<typeof SCENE_OPTIONS>;

export const SCENE_DEFAULTS: SceneOptions = {
  tilePx: 1024,
  overlap: 0.25,
  scales: [1],
  search: 'coarse-to-fine',
  shrink: 2,
};

/** @throws OPTION_INVALID naming the first that is out of range */
export function resolveSceneOptions(given: Partial<SceneOptions>): SceneOptions {
  const set = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  return parseOptions(SCENE_OPTIONS, { ...SCENE_DEFAULTS, ...set });
}
