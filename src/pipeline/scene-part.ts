/** A search that is kept to a part of a scene. */
import type { Window } from '../imagery/window.ts';
import type { Box } from '../tensor/image.ts';
import type { SceneReader } from './ground-scene.ts';
import type { Extent, Region } from './scene-regions.ts';

/** Where to search, in pixels of the scene. */
export interface Part {
  readonly window: Window;
  /** Whether a place inside the window belongs to it; everywhere when left out. */
  readonly contains?: (x: number, y: number) => boolean;
}

/** The part as a scene of its own, counted from the window's top-left corner; what does not belong to it has no picture. */
export function partOf(scene: SceneReader, { window: part, contains }: Part): SceneReader {
  return {
    widthPx: part.widthPx,
    heightPx: part.heightPx,
    async read(window, out) {
      const [x, y] = [window.x + part.x, window.y + part.y];
      const read = await scene.read({ ...window, x, y }, out);
      if (!contains) return read;
      const data = read.valid.data.map((valid, i) => {
        const across = x + (((i % out.widthPx) + 0.5) * window.widthPx) / out.widthPx;
        const down = y + ((Math.floor(i / out.widthPx) + 0.5) * window.heightPx) / out.heightPx;
        return valid && contains(across, down) ? 1 : 0;
      });
      return { image: read.image, valid: { ...out, data } };
    },
  };
}

/** A region of a part, in pixels of the whole scene. */
export function regionOfWhole({ refinement, ...region }: Region, part: Window): Region {
  const moved = { ...region, ...extentOfWhole(region, part) };
  if (!refinement) return moved;
  return {
    ...moved,
    refinement: { ...refinement, before: extentOfWhole(refinement.before, part) },
  };
}

function extentOfWhole(
  { box: [x1, y1, x2, y2], window, ...same }: Extent,
  { x, y }: Window,
): Extent {
  const box: Box = [x1 + x, y1 + y, x2 + x, y2 + y];
  return { ...same, box, window: { ...window, x: window.x + x, y: window.y + y } };
}
