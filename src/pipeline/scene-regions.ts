/** From a map over a scene to what was found in it: separate regions, each with a mask of its own window. */
import { ZeroovError } from '../errors.ts';
import type { Window } from '../imagery/window.ts';
import type { Box, Mask, Size } from '../tensor/image.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { describeMask } from './mask.ts';
import type { Refinement } from './refine.ts';
import { blend, tapOf } from './scene-grid.ts';

/** Where a region is. */
export interface Extent {
  /** Where the mask lies in the scene. */
  readonly window: Window;
  /** Of the window's size. */
  readonly mask: Mask;
  readonly areaPx: number;
  /** Tight box in pixels of the scene. */
  readonly box: Box;
}

export interface Region extends Extent {
  /** Mean of the map over the mask that was cut from it, α..1. */
  readonly score: number;
  /** How SAM redrew it; not there where it did not. */
  readonly refinement?: Omit<Refinement, 'before'> & { readonly before: Extent };
}

/** A region's mask is made in memory; this is 16 000 × 16 000. */
const MAX_REGION_PX = 256_000_000;

/** @throws REGION_TOO_LARGE */
export function assertFits({ widthPx, heightPx }: Size): void {
  if (widthPx * heightPx <= MAX_REGION_PX) return;
  throw new ZeroovError('REGION_TOO_LARGE', { widthPx, heightPx, limit: MAX_REGION_PX });
}

export interface RegionOptions {
  readonly scene: Size;
  readonly alpha: number;
  /** Which pixels of a window have a picture, [H, W]: the others belong to no region. All have one when left out. */
  readonly validIn?: (window: Window) => Promise<Uint8Array>;
}

/**
 * The separate regions where the map, bilinear over the scene, is above α; best score first, larger first among equals.
 *
 * Cells above 0 belong together when no more than one cell lies between them: the map in between depends on both.
 *
 * @throws REGION_TOO_LARGE
 */
export async function regionsOf(map: Float32Tensor, o: RegionOptions): Promise<Region[]> {
  const regions: Region[] = [];
  // One group at a time: the window of a bent one may hold cells of another.
  const own = float32(map.shape, new Float32Array(map.data.length));
  for (const cells of groupsOf(map)) {
    for (const cell of cells) own.data[cell] = map.data[cell]!;
    const region = await cut(own, o, windowOf(cells, { map, scene: o.scene }));
    if (region) regions.push(region);
    for (const cell of cells) own.data[cell] = 0;
  }
  return regions.sort((a, b) => b.score - a.score || b.areaPx - a.areaPx);
}

/** Cells above 0 in groups: indices of the map. */
function groupsOf({ shape, data }: Float32Tensor): number[][] {
  const [height, width] = shape as readonly [h: number, w: number];
  const taken = new Uint8Array(data.length);
  const groups: number[][] = [];
  for (const start of data.keys()) {
    if (taken[start] || !(data[start]! > 0)) continue;
    const group = [start];
    taken[start] = 1;
    for (let next = 0; next < group.length; next += 1) {
      const [row, column] = [Math.floor(group[next]! / width), group[next]! % width];
      for (let y = Math.max(0, row - 2); y <= Math.min(height - 1, row + 2); y += 1) {
        for (let x = Math.max(0, column - 2); x <= Math.min(width - 1, column + 2); x += 1) {
          const i = y * width + x;
          if (taken[i] || !(data[i]! > 0)) continue;
          taken[i] = 1;
          group.push(i);
        }
      }
    }
    groups.push(group);
  }
  return groups;
}

/** The pixels that a group of cells has a say in: one cell further on every side, inside the scene. */
function windowOf(
  cells: readonly number[],
  { map, scene }: { map: Float32Tensor; scene: Size },
): Window {
  const [height, width] = map.shape as readonly [h: number, w: number];
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (const cell of cells) {
    const [row, column] = [Math.floor(cell / width), cell % width];
    [left, right] = [Math.min(left, column - 1), Math.max(right, column + 2)];
    [top, bottom] = [Math.min(top, row - 1), Math.max(bottom, row + 2)];
  }
  const x = Math.max(0, Math.floor((left * scene.widthPx) / width));
  const y = Math.max(0, Math.floor((top * scene.heightPx) / height));
  return {
    x,
    y,
    widthPx: Math.min(scene.widthPx, Math.ceil((right * scene.widthPx) / width)) - x,
    heightPx: Math.min(scene.heightPx, Math.ceil((bottom * scene.heightPx) / height)) - y,
  };
}

/** The mask as another window shows it at `out` pixels: a pixel is inside when the mask is at its centre. */
export function maskIn(
  { window: own, mask }: Pick<Region, 'window' | 'mask'>,
  { window, out: { widthPx, heightPx } }: { readonly window: Window; readonly out: Size },
): Mask {
  const data = new Uint8Array(widthPx * heightPx);
  const [across, down] = [mask.widthPx / own.widthPx, mask.heightPx / own.heightPx];
  for (let y = 0; y < heightPx; y += 1) {
    const at = window.y + ((y + 0.5) * window.heightPx) / heightPx - own.y;
    if (at < 0 || at >= own.heightPx) continue;
    const row = Math.floor(at * down) * mask.widthPx;
    for (let x = 0; x < widthPx; x += 1) {
      const along = window.x + ((x + 0.5) * window.widthPx) / widthPx - own.x;
      if (along < 0 || along >= own.widthPx) continue;
      data[y * widthPx + x] = mask.data[row + Math.floor(along * across)]!;
    }
  }
  return { widthPx, heightPx, data };
}

/** The mask inside a window, or null where no pixel is above α. */
async function cut(
  map: Float32Tensor,
  { scene, alpha, validIn }: RegionOptions,
  window: Window,
): Promise<Region | null> {
  const { x: left, y: top, widthPx, heightPx } = window;
  assertFits(window);
  const [height, width] = map.shape as readonly [h: number, w: number];
  const columns = Array.from({ length: widthPx }, (_, i) =>
    tapOf((left + i + 0.5) / scene.widthPx, width),
  );
  const valid = await validIn?.(window);
  const data = new Uint8Array(widthPx * heightPx);
  let sum = 0;
  for (let i = 0; i < heightPx; i += 1) {
    const y = tapOf((top + i + 0.5) / scene.heightPx, height);
    for (const [j, x] of columns.entries()) {
      if (valid?.[i * widthPx + j] === 0) continue;
      const value = blend(map, { x, y });
      if (!(value > alpha)) continue;
      data[i * widthPx + j] = 1;
      sum += value;
    }
  }
  const extent = extentOf(window, { widthPx, heightPx, data });
  return extent && { ...extent, score: sum / extent.areaPx };
}

/** Where a mask over a window of the scene is; null for an empty one. */
export function extentOf(window: Window, drawn: Mask): Extent | null {
  const { mask, areaPx, box } = describeMask(drawn);
  if (!box) return null;
  const [x1, y1, x2, y2] = box;
  const { x, y } = window;
  return { window, mask, areaPx, box: [x1 + x, y1 + y, x2 + x, y2 + y] };
}
