/** The pictures of a search over a scene's tiles: windows of the scene with what was found in it. */
import { groundMarks } from '../imagery/ground-marks.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { SceneGrounding } from '../pipeline/ground-scene.ts';
import { type Extent, maskIn, type Region } from '../pipeline/scene-regions.ts';
import type { Box, Size } from '../tensor/image.ts';
import { overlayOf, panelOf } from './pictures.ts';

/** Longest side of the pictures, and of the one that a panel is made of. */
const PICTURE_PX = 2048;
const PANEL_PX = 1024;

/** The box with as much again on every side, inside the scene. */
export function around([x1, y1, x2, y2]: Box, scene: Scene): Window {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const x = Math.max(0, x1 - dx);
  const y = Math.max(0, y1 - dy);
  return {
    x,
    y,
    widthPx: Math.min(scene.widthPx, x2 + dx) - x,
    heightPx: Math.min(scene.heightPx, y2 + dy) - y,
  };
}

export interface Drawing {
  readonly scene: Scene;
  readonly expression: string;
  readonly best: Region | undefined;
}

/** A window of the scene with the best region's mask and box. PNG bytes. */
export async function overlayIn(drawing: Drawing, window: Window): Promise<Uint8Array> {
  const { image, ground, shown } = await view(drawing, { window, mostPx: PICTURE_PX });
  return overlayOf({ expression: drawing.expression, ...shown }, { image, ground });
}

/** The window that was searched, stage by stage. PNG bytes. */
export async function panelIn(
  drawing: Drawing,
  { window, maps, tiles }: Pick<SceneGrounding, 'maps' | 'tiles'> & { readonly window: Window },
): Promise<Uint8Array> {
  const { image, ground, shown, refinement } = await view(drawing, { window, mostPx: PANEL_PX });
  const { relevance: overview, attention, evolved } = maps;
  const caption = `${tiles.looked} of ${tiles.planned} tiles looked at`;
  return panelOf(
    {
      expression: drawing.expression,
      maps: { overview, structure: null, attention, evolved },
      refinement,
      ...shown,
    },
    { image, size: window, caption, ground },
  );
}

/** A window of the scene, its longer side `mostPx` at most, and what of the best region lies in it, in its pixels. */
async function view(
  { scene, best }: Drawing,
  { window, mostPx }: { window: Window; mostPx: number },
) {
  const scale = Math.min(1, mostPx / Math.max(window.widthPx, window.heightPx));
  const out = {
    widthPx: Math.max(1, Math.round(window.widthPx * scale)),
    heightPx: Math.max(1, Math.round(window.heightPx * scale)),
  };
  const { image } = await scene.read(window, out);
  const ground = scene.place ? groundMarks(scene.place, { window, out }) : undefined;
  const shown = { ...inWindow(best, { window, out }), score: best?.score ?? null };
  const redrawn = best?.refinement;
  const before = redrawn && { ...inWindow(redrawn.before, { window, out }), score: shown.score };
  return { image, ground, shown, refinement: redrawn && before ? { ...redrawn, before } : null };
}

/** What lies in the window of a region, in the window's pixels. */
function inWindow(extent: Extent | undefined, at: { readonly window: Window; readonly out: Size }) {
  const { window, out } = at;
  if (!extent) {
    const data = new Uint8Array(out.widthPx * out.heightPx);
    return { found: false, mask: { ...out, data }, areaPx: 0, box: null };
  }
  const [sx, sy] = [out.widthPx / window.widthPx, out.heightPx / window.heightPx];
  const [x1, y1, x2, y2] = extent.box;
  const [left, top] = [(x1 - window.x) * sx, (y1 - window.y) * sy];
  const box: Box = [left, top, (x2 - window.x) * sx, (y2 - window.y) * sy];
  return { found: true, mask: maskIn(extent, at), areaPx: extent.areaPx, box };
}
