/**
 * SAM over a scene: a region is redrawn in a picture of its own, the scene around it. What a search found on a grid of some
 * pixels a cell gets the object's own edges by that.
 */
import { throwIfAborted } from '../errors.ts';
import type { Window } from '../imagery/window.ts';
import type { Box, Size } from '../tensor/image.ts';
import { WORKING_GRID } from './focus.ts';
import type { Models } from './gather.ts';
import type { SceneGrounding, SceneReader } from './ground-scene.ts';
import { type Decision, describeMask } from './mask.ts';
import type { MethodOptions } from './presets.ts';
import { refine } from './refine.ts';
import { sampleWindow } from './scene-grid.ts';
import type { SceneOptions } from './scene-options.ts';
import { assertFits, type Extent, extentOf, maskIn, type Region } from './scene-regions.ts';
import { validPixels } from './validity.ts';
import type { Watch } from './watch.ts';

export interface RegionsInScene {
  readonly scene: SceneReader;
  /** Of the same scene. */
  readonly maps: SceneGrounding['maps'];
  readonly regions: readonly Region[];
}

/**
 * The regions as SAM draws them, prompted as `o.refine` says: maps and seeds are those of the picture that it sees. What SAM
 * draws nothing of is left out; with `none` they stay as they are.
 * @throws REGION_TOO_LARGE, CANCELLED and what reading and the network throw
 */
export async function refineRegions(
  models: Pick<Models, 'sam' | 'memory'>,
  { scene, maps, regions }: RegionsInScene,
  o: MethodOptions & SceneOptions,
  { signal, onProgress }: Watch,
): Promise<readonly Region[]> {
  if (o.refine === 'none') return regions;
  const refined: Region[] = [];
  for (const [i, region] of regions.entries()) {
    throwIfAborted(signal);
    onProgress?.({ stage: 'refine', done: i, total: regions.length });
    const looked = lookAt(region, { scene, maps, tilePx: o.tilePx });
    const { image } = await scene.read(looked.window, looked.out);
    const { mask, refinement } = await refine(models, { image, decision: looked.decision }, o, {
      signal,
    });
    const { by, predictedIou } = refinement!; // a region is never empty
    const drawn = await inScene({ window: looked.window, mask }, scene);
    const { score, ...before } = region;
    if (drawn) refined.push({ ...drawn, score, refinement: { by, predictedIou, before } });
  }
  onProgress?.({ stage: 'refine', done: regions.length, total: regions.length });
  return refined;
}

/** What SAM is to see of a region: where, how large, and what was decided there. */
function lookAt(
  region: Region,
  { scene, maps, tilePx }: Pick<RegionsInScene, 'scene' | 'maps'> & { tilePx: number },
): { window: Window; out: Size; decision: Decision } {
  const window = around(region.box, { scene, leastPx: tilePx / 4 });
  const scale = Math.min(1, tilePx / Math.max(window.widthPx, window.heightPx));
  const seen = (px: number) => Math.max(1, Math.round(px * scale));
  const out = { widthPx: seen(window.widthPx), heightPx: seen(window.heightPx) };
  const mask = maskIn(region, { window, out });
  const [x1, y1, x2, y2] = region.box;
  const across = (x: number) => ((x - window.x) * out.widthPx) / window.widthPx;
  const down = (y: number) => ((y - window.y) * out.heightPx) / window.heightPx;
  const sampled = (map: SceneGrounding['maps']['evolved']) =>
    sampleWindow(map, { scene, window, cells: WORKING_GRID });
  const overview = sampled(maps.relevance); // [32, 32]
  const evolved = sampled(maps.evolved); // [32, 32]
  const decision = {
    ...describeMask(mask),
    found: true,
    score: region.score,
    box: [across(x1), down(y1), across(x2), down(y2)] as const,
    maps: { overview, evolved, structure: null, attention: null },
  };
  return { window, out, decision };
}

/**
 * A square with as much again of the scene on either side of the box, `leastPx` at least, inside the scene: SAM resizes what it
 * sees to its own size, so a closer look has finer edges.
 */
function around(
  [x1, y1, x2, y2]: Box,
  { scene, leastPx }: { readonly scene: Size; readonly leastPx: number },
): Window {
  const side = Math.ceil(Math.max(leastPx, 3 * (x2 - x1), 3 * (y2 - y1)));
  const span = (low: number, high: number, total: number) => {
    const length = Math.min(total, side);
    const start = Math.round((low + high - length) / 2);
    return { start: Math.min(total - length, Math.max(0, start)), length };
  };
  const [x, y] = [span(x1, x2, scene.widthPx), span(y1, y2, scene.heightPx)];
  return { x: x.start, y: y.start, widthPx: x.length, heightPx: y.length };
}

/** A mask of any resolution over a window as pixels of the scene, where it has a picture; null where nothing is left. */
async function inScene(
  drawn: Pick<Region, 'window' | 'mask'>,
  scene: SceneReader,
): Promise<Extent | null> {
  const { box } = describeMask(drawn.mask);
  if (!box) return null;
  const window = windowOf(box, drawn);
  assertFits(window);
  const valid = await validPixels(scene, window);
  const { data, ...size } = maskIn(drawn, { window, out: window });
  return extentOf(window, { ...size, data: data.map((on, i) => on & valid[i]!) });
}

/** The pixels of the scene that a box of the mask covers. */
function windowOf(
  [x1, y1, x2, y2]: Box,
  { window, mask }: Pick<Region, 'window' | 'mask'>,
): Window {
  const [across, down] = [window.widthPx / mask.widthPx, window.heightPx / mask.heightPx];
  const [x, y] = [Math.floor(x1 * across), Math.floor(y1 * down)];
  return {
    x: window.x + x,
    y: window.y + y,
    widthPx: Math.min(window.widthPx, Math.ceil(x2 * across)) - x,
    heightPx: Math.min(window.heightPx, Math.ceil(y2 * down)) - y,
  };
}
