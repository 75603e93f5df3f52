/**
 * One map over a whole scene, made of the maps of overlapping tiles.
 *
 * A tile's map says most in its middle: where tiles overlap, values are averaged with weights that fall towards a tile's edge,
 * so that no seam is left.
 */
import type { Window } from '../imagery/window.ts';
import type { Size } from '../tensor/image.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';

/** A place in a tile, 0..1 from its top-left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface TileMap {
  readonly window: Window;
  /** [h, w] of any grid. */
  readonly map: Float32Tensor;
  /** Whether the scene has a picture there. */
  readonly isValid: (place: Place) => boolean;
}

/** Weight at a tile's very edge, of 1 in its middle: a cell that only edges cover still has a value. */
const EDGE_WEIGHT = 1e-3;

export class SceneGrid {
  readonly height: number;
  readonly width: number;
  private readonly sums: Float64Array;
  private readonly weights: Float64Array;

  /** `cells`: of one tile's side; the grid has as many to a window's pixels. */
  constructor(
    private readonly scene: Size,
    { window, cells }: { readonly window: Size; readonly cells: number },
  ) {
    this.width = Math.round((cells * scene.widthPx) / window.widthPx);
    this.height = Math.round((cells * scene.heightPx) / window.heightPx);
    this.sums = new Float64Array(this.width * this.height);
    this.weights = new Float64Array(this.width * this.height);
  }

  /** Adds a tile's map [h, w], read bilinearly at the centres of the grid's cells; not where the tile has no picture. */
  add({ window, map, isValid }: TileMap): void {
    const [h, w] = map.shape as readonly [h: number, w: number];
    const columns = this.cellsIn(window.x, window.widthPx, {
      total: this.scene.widthPx,
      cells: this.width,
    });
    const rows = this.cellsIn(window.y, window.heightPx, {
      total: this.scene.heightPx,
      cells: this.height,
    });
    for (const row of rows) {
      const y = tapOf(row.at, h);
      for (const column of columns) {
        const x = tapOf(column.at, w);
        if (!isValid({ x: column.at, y: row.at })) continue;
        const weight = row.weight * column.weight;
        const i = row.cell * this.width + column.cell;
        this.sums[i]! += weight * blend(map, { x, y });
        this.weights[i]! += weight;
      }
    }
  }

  /** The weighted means [height, width]; NaN where no tile has a picture. */
  values(): Float64Array {
    return this.sums.map((sum, i) => sum / this.weights[i]!);
  }

  /** Cells whose centre lies in start..start + length: which, where in the interval (0..1), and how much it says there. */
  private cellsIn(
    start: number,
    length: number,
    { total, cells }: { total: number; cells: number },
  ): { cell: number; at: number; weight: number }[] {
    const found = [];
    const first = Math.max(0, Math.ceil((start * cells) / total - 0.5));
    for (let cell = first; cell < cells; cell += 1) {
      const at = (((cell + 0.5) * total) / cells - start) / length;
      if (at > 1) break;
      found.push({ cell, at, weight: Math.max(EDGE_WEIGHT, 1 - Math.abs(2 * at - 1)) });
    }
    return found;
  }
}

/** A map over the scene, read bilinearly at the centres of `cells` × `cells` equal parts of a window: [cells, cells]. */
export function sampleWindow(
  map: Float32Tensor,
  { scene, window, cells }: { scene: Size; window: Window; cells: number },
): Float32Tensor {
  const [h, w] = map.shape as readonly [h: number, w: number];
  const data = new Float32Array(cells * cells);
  for (let i = 0; i < cells; i += 1) {
    const y = tapOf((window.y + ((i + 0.5) * window.heightPx) / cells) / scene.heightPx, h);
    for (let j = 0; j < cells; j += 1) {
      const x = tapOf((window.x + ((j + 0.5) * window.widthPx) / cells) / scene.widthPx, w);
      data[i * cells + j] = blend(map, { x, y });
    }
  }
  return float32([cells, cells], data);
}

export interface Tap {
  readonly low: number;
  readonly high: number;
  readonly share: number;
}

/** Bilinear between four cells of a map. */
export function blend({ shape, data }: Float32Tensor, { x, y }: { x: Tap; y: Tap }): number {
  const width = shape[1]!;
  const along = (row: number) =>
    data[row * width + x.low]! * (1 - x.share) + data[row * width + x.high]! * x.share;
  return along(y.low) * (1 - y.share) + along(y.high) * y.share;
}

/** The two of `cells` centres that a place in 0..1 lies between, and its share of the second; the ends are kept. */
export function tapOf(at: number, cells: number): Tap {
  const place = Math.min(cells - 1, Math.max(0, at * cells - 0.5));
  const low = Math.floor(place);
  return { low, high: Math.min(cells - 1, low + 1), share: place - low };
}
