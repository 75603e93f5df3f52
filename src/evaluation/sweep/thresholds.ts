/**
 * Masks cut from one map at many thresholds α at once. A pixel is in the mask of every α below its value: so pixels are
 * counted by how many α lie below them, and the mask of the k-th α holds those that are above more than k. Its box follows from
 * the largest value of each row and column.
 */
import type { Box } from '../../tensor/image.ts';
import { nearestIndicesPillow } from '../../tensor/resize.ts';
import { type CocoRle, decodeRle } from '../../tensor/rle.ts';
import type { MaskCounts } from '../sample.ts';
import type { Rows } from './resized-rows.ts';

/** What a threshold gives: the mask's tight box, and its pixels against the truth's at 480²; null where there is no truth. */
export interface Rescored {
  readonly box: Box | null;
  readonly mask: MaskCounts | null;
}

/** A true mask at 480² (nearest, as Pillow), where the paper's profile compares. */
export interface TrueMask {
  /** [480, 480], 0 or 1. */
  readonly data: Uint8Array;
  readonly areaPx: number;
}

const SIDE = 480;

export function trueMaskOf(rle: CocoRle): TrueMask {
  const [height, width] = rle.size;
  const { data: full } = decodeRle(rle);
  const [rows, columns] = [nearestIndicesPillow(height, SIDE), nearestIndicesPillow(width, SIDE)];
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    return full[rows[Math.floor(i / SIDE)]! * width + columns[i % SIDE]!]!;
  });
  return { data, areaPx: data.reduce((sum, pixel) => sum + pixel, 0) };
}

/** For each α, 0..1, the pixels above it. */
export function scoreThresholds(
  rows: Rows,
  { alphas, truth }: { readonly alphas: readonly number[]; readonly truth: TrueMask | null },
): Rescored[] {
  const ascending = [...new Set(alphas)].sort((a, b) => a - b);
  const scan = new Scan(rows, { ascending, truth });
  for (let y = 0; y < rows.heightPx; y += 1) scan.add(y);
  return alphas.map((alpha) => ({
    box: scan.boxAbove(alpha),
    mask: scan.countsAbove(ascending.indexOf(alpha)),
  }));
}

/** One pass over the rows of a map, and what it tells of every threshold. */
class Scan {
  /** The largest values so far. */
  private readonly ofRow: Float32Array;
  private readonly ofColumn: Float32Array;
  /** By how many thresholds lie below: pixels at 480² outside the truth, and inside. */
  private readonly counts: readonly [outside: Int32Array, inside: Int32Array];
  private readonly sampledRows: Int32Array;
  private readonly sampledColumns: Int32Array;
  /** How many rows at 480² were counted. */
  private counted = 0;

  constructor(
    private readonly rows: Rows,
    private readonly about: { ascending: readonly number[]; truth: TrueMask | null },
  ) {
    const { widthPx, heightPx } = rows;
    this.ofRow = new Float32Array(heightPx);
    this.ofColumn = new Float32Array(widthPx);
    const classes = about.ascending.length + 1;
    this.counts = [new Int32Array(classes), new Int32Array(classes)];
    this.sampledRows = nearestIndicesPillow(heightPx, SIDE);
    this.sampledColumns = nearestIndicesPillow(widthPx, SIDE);
  }

  /** Rows are added in their order; one without a value is above no threshold. */
  add(y: number): void {
    const { ofColumn, rows } = this;
    const values = rows.row(y);
    if (values) {
      let largest = 0;
      for (let x = rows.from; x < rows.to; x += 1) {
        const value = values[x]!;
        if (value > largest) largest = value;
        if (value > ofColumn[x]!) ofColumn[x] = value;
      }
      this.ofRow[y] = largest;
    }
    // Of a picture with fewer than 480 rows, some are read more than once.
    for (; this.sampledRows[this.counted] === y; this.counted += 1) {
      if (values && this.about.truth) this.count(values, this.about.truth);
    }
  }

  private count(values: Float32Array, { data }: TrueMask): void {
    const { ascending } = this.about;
    const [outside, inside] = this.counts;
    const start = this.counted * SIDE;
    for (let j = 0; j < SIDE; j += 1) {
      const value = values[this.sampledColumns[j]!]!;
      let below = 0;
      while (below < ascending.length && value > ascending[below]!) below += 1;
      if (data[start + j]) inside[below]! += 1;
      else outside[below]! += 1;
    }
  }

  boxAbove(alpha: number): Box | null {
    const above = (value: number) => value > alpha;
    const [x1, y1] = [this.ofColumn.findIndex(above), this.ofRow.findIndex(above)];
    if (x1 < 0) return null;
    return [x1, y1, this.ofColumn.findLastIndex(above) + 1, this.ofRow.findLastIndex(above) + 1];
  }

  /** Of the k-th threshold from below. */
  countsAbove(k: number): MaskCounts | null {
    if (!this.about.truth) return null;
    const { areaPx } = this.about.truth;
    const [others, intersection] = this.counts.map((classes) =>
      classes.subarray(k + 1).reduce((sum, pixels) => sum + pixels, 0),
    ) as [number, number];
    const predicted = intersection + others;
    return { intersection, union: areaPx + others, predicted, truth: areaPx };
  }
}
