/** How a scene larger than one network input is covered: windows of equal size that overlap, at one or several scales. */
import type { Window } from '../imagery/window.ts';
import type { Size } from '../tensor/image.ts';

/** A window and the size that the networks see it at. */
export interface Tile {
  readonly window: Window;
  readonly seen: Size;
}

export interface TileOptions {
  /** Side of what the networks see, in pixels. */
  readonly tilePx: number;
  /** Share of a window's side that it has in common with the next, 0..0.9. */
  readonly overlap: number;
  /** Pixels seen for one pixel of the scene, 0..1: at 0.25 a window of 4 · tilePx is seen as tilePx. */
  readonly scale: number;
}

/** All windows, row by row. They lie inside the scene, evenly spread, and overlap by at least `overlap`. */
export function planTiles(scene: Size, { tilePx, overlap, scale }: TileOptions): Tile[] {
  const side = tilePx / scale;
  const columns = spread(scene.widthPx, { side, overlap });
  const rows = spread(scene.heightPx, { side, overlap });
  return rows.flatMap((row) =>
    columns.map((column) => {
      const window = {
        x: column.start,
        y: row.start,
        widthPx: column.length,
        heightPx: row.length,
      };
      const seen = { widthPx: seenPx(column.length, scale), heightPx: seenPx(row.length, scale) };
      return { window, seen };
    }),
  );
}

function seenPx(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale));
}

/** Intervals of one length that cover 0..`total`; a single one where `total` is not longer than `side`. */
function spread(
  total: number,
  { side, overlap }: { side: number; overlap: number },
): { start: number; length: number }[] {
  const length = Math.min(total, Math.round(side));
  const count = Math.ceil((total - length) / (length * (1 - overlap))) + 1;
  const step = count > 1 ? (total - length) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => ({ start: Math.round(i * step), length }));
}
