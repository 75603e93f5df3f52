import type { Size } from '../tensor/image.ts';

/** Samples of a tile, [side, side] row-major; null where nothing is. What lies beyond the picture's edge does not count. */
export type Tile<T> = T | null;
export type Samples = Uint8Array | Float32Array;

export interface PyramidOptions<T extends Samples> {
  readonly size: Size;
  /** Side of a tile in pixels, even. */
  readonly tilePx: number;
  /** What pixels hold where nothing is: 0, or NaN, or a value that stands for it. */
  readonly empty: number;
  readonly make: (length: number) => T;
  /** One pixel for four. */
  readonly merge: (values: readonly [number, number, number, number]) => number;
  /** Takes the tiles of each level in reading order. */
  readonly write: (level: number, tile: Tile<T>) => Promise<void>;
}

/** The top-left of four pixels: a mask stays a mask. */
export const nearest: PyramidOptions<Samples>['merge'] = ([topLeft]) => topLeft;

/** The mean of the pixels that hold something. */
export function averageWithout(empty: number): PyramidOptions<Samples>['merge'] {
  return (values) => {
    let [sum, count] = [0, 0];
    for (const value of values) {
      if (value === empty || Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
    return count === 0 ? empty : sum / count;
  };
}

/** Sizes from the full picture down: halves, rounded up, until one tile holds all. */
export function pyramidSizes({ widthPx, heightPx }: Size, tilePx: number): Size[] {
  const sizes: Size[] = [{ widthPx, heightPx }];
  while (Math.max(sizes.at(-1)!.widthPx, sizes.at(-1)!.heightPx) > tilePx) {
    const last = sizes.at(-1)!;
    sizes.push({
      widthPx: Math.ceil(last.widthPx / 2),
      heightPx: Math.ceil(last.heightPx / 2),
    });
  }
  return sizes;
}

/**
 * Makes overviews while the full picture passes by, tile after tile in reading order. Of each level only the row of tiles
 * that is being filled is held: one row of the full picture in all, or two.
 */
export class TilePyramid<T extends Samples> {
  private readonly sizes: readonly Size[];
  /** By level: the row of tiles that is being filled. */
  private readonly rows: Tile<T>[][];
  /** By level: how many tiles came. */
  private readonly seen: number[];

  constructor(private readonly options: PyramidOptions<T>) {
    this.sizes = pyramidSizes(options.size, options.tilePx);
    this.rows = this.sizes.map(() => []);
    this.seen = this.sizes.map(() => 0);
  }

  /** The next tile of the full picture. */
  async push(tile: Tile<T>, level = 0): Promise<void> {
    await this.options.write(level, tile);
    const across = this.tilesAcross(level);
    const index = this.seen[level]!;
    this.seen[level] = index + 1;
    if (level + 1 === this.sizes.length) return;
    const [column, row] = [index % across, Math.floor(index / across)];
    if (tile) this.shrink({ tile, level, column, row });
    const isRowEnd = column === across - 1;
    const isLastRow = (row + 1) * this.options.tilePx >= this.sizes[level]!.heightPx;
    if (isRowEnd && (row % 2 === 1 || isLastRow)) await this.flush(level + 1);
  }

  private async flush(level: number): Promise<void> {
    const row = this.rows[level]!;
    this.rows[level] = [];
    for (let column = 0; column < this.tilesAcross(level); column += 1) {
      await this.push(row[column] ?? null, level);
    }
  }

  private tilesAcross(level: number): number {
    return Math.ceil(this.sizes[level]!.widthPx / this.options.tilePx);
  }

  /** Puts a tile at half its size into its quarter of a tile of the next level. */
  private shrink(from: { tile: T; level: number; column: number; row: number }): void {
    const { tile, level, column, row } = from;
    const { tilePx, empty, make, merge } = this.options;
    const rows = this.rows[level + 1]!;
    const target = rows[column >> 1] ?? (make(tilePx * tilePx).fill(empty) as T);
    rows[column >> 1] = target;
    const [left, top] = [(column % 2) * (tilePx / 2), (row % 2) * (tilePx / 2)];
    const { widthPx, heightPx } = this.sizes[level]!;
    const width = Math.min(tilePx, widthPx - column * tilePx);
    const height = Math.min(tilePx, heightPx - row * tilePx);
    for (let y = 0; y < height; y += 2) {
      for (let x = 0; x < width; x += 2) {
        const at = y * tilePx + x;
        const right = x + 1 < width ? 1 : 0;
        const below = y + 1 < height ? tilePx : 0;
        const to = (top + y / 2) * tilePx + left + x / 2;
        // Beyond the picture's edge, the pixel at the edge stands for the one that is not there.
        target[to] = merge([
          tile[at]!,
          tile[at + right]!,
          tile[at + below]!,
          tile[at + below + right]!,
        ]);
      }
    }
  }
}
