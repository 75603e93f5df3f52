import type { Mask, Size } from '../tensor/image.ts';
import type { Pixels } from './picture-file.ts';
import type { Window } from './window.ts';

/** A part of a level, its corner and size not in whole pixels where the level is smaller than the scene. */
export type Region = Window;

/** Of an axis the output cells `first`, `first + 1`, … and the source pixels in each: those of starts[k] to starts[k + 1]. */
interface Axis {
  readonly first: number;
  readonly starts: readonly number[];
  /** Counted from the block's own first pixel. */
  readonly pixels: Int32Array;
  /** How much of a cell is this pixel, 0..1. */
  readonly shares: Float64Array;
}

/** Below this share of an output cell, an overlap is the rounding of a division. */
const ROUNDING = 1e-9;

/**
 * The cells of `out` that source pixels `from` … `from + count − 1` have a part in. Shrinking, a pixel is in every cell it
 * overlaps, by the overlap; growing, each cell takes the one pixel that its centre lies in.
 */
function axisOf(
  { start, length, out }: { start: number; length: number; out: number },
  { from, count }: { from: number; count: number },
): Axis {
  const ratio = length / out;
  const cellAt = (pixel: number) => (pixel - start) / ratio;
  const first = Math.max(0, Math.floor(cellAt(from)));
  const last = Math.min(out, Math.ceil(cellAt(from + count)));
  const starts = [0];
  const pixels: number[] = [];
  const shares: number[] = [];
  for (let cell = first; cell < last; cell += 1) {
    const [low, high] = ratio < 1 ? [cell + 0.5, cell + 0.5] : [cell, cell + 1];
    const begin = Math.max(from, Math.floor(start + low * ratio));
    const end = Math.min(from + count, Math.floor(start + high * ratio) + 1);
    for (let pixel = begin; pixel < end; pixel += 1) {
      const overlap = Math.min(high, cellAt(pixel + 1)) - Math.max(low, cellAt(pixel));
      if (ratio >= 1 && overlap < ROUNDING) continue;
      pixels.push(pixel - from);
      shares.push(ratio < 1 ? 1 : overlap);
    }
    starts.push(pixels.length);
  }
  return { first, starts, pixels: Int32Array.from(pixels), shares: Float64Array.from(shares) };
}

/**
 * Resamples a region to `out` while its blocks come in, in any order: shrinking, the mean of the pixels in a cell, weighed
 * by how much of each lies in it; growing, the nearest pixel. On an axis that keeps its size nothing changes. Pixels and
 * numbers that are not there (`valid`, `noData`, NaN, infinity) count for nothing, so that they bleed into none.
 */
export class AreaAverage {
  private readonly sums: readonly Float64Array[];
  private readonly weights: readonly Float64Array[];
  /** Of the blocks in one column of the level, which mostly come one after the other. */
  private columns: (Axis & { readonly key: string }) | undefined;

  constructor(
    private readonly options: {
      readonly region: Region;
      readonly out: Size;
      readonly bands: number;
      readonly noData: number | null;
    },
  ) {
    const cells = options.out.widthPx * options.out.heightPx;
    this.sums = Array.from({ length: options.bands }, () => new Float64Array(cells));
    this.weights = Array.from({ length: options.bands }, () => new Float64Array(cells));
  }

  /** `window`: where in the level the pixels are. */
  add(window: Window, { bands, valid }: Pixels): void {
    const { region, out, noData } = this.options;
    const y = { start: region.y, length: region.heightPx, out: out.heightPx };
    const rows = axisOf(y, { from: window.y, count: window.heightPx });
    const columns = this.columnsOf(window);
    for (const [b, values] of bands.entries()) {
      const sums = this.sums[b]!;
      const weights = this.weights[b]!;
      forEachPart(rows, (row, height, cellRow) => {
        const start = row * window.widthPx;
        for (let k = 0; k + 1 < columns.starts.length; k += 1) {
          let sum = 0;
          let weight = 0;
          for (let p = columns.starts[k]!; p < columns.starts[k + 1]!; p += 1) {
            const i = start + columns.pixels[p]!;
            const value = values[i]!;
            if (valid?.[i] === 0 || value === noData || !Number.isFinite(value)) continue;
            sum += value * columns.shares[p]!;
            weight += columns.shares[p]!;
          }
          const cell = cellRow * out.widthPx + columns.first + k;
          sums[cell]! += sum * height;
          weights[cell]! += weight * height;
        }
      });
    }
  }

  /** [H, W] by band, and the cells that at least one band has a number for. A band without one there is `noData`, or NaN. */
  finish(): { bands: Float32Array[]; valid: Mask } {
    const { out, noData } = this.options;
    const data = new Uint8Array(out.widthPx * out.heightPx);
    const bands = this.sums.map((sums, b) => {
      const weights = this.weights[b]!;
      const means = new Float32Array(data.length).fill(noData ?? Number.NaN);
      for (let cell = 0; cell < data.length; cell += 1) {
        if (weights[cell] === 0) continue;
        data[cell] = 1;
        means[cell] = sums[cell]! / weights[cell]!;
      }
      return means;
    });
    return { bands, valid: { ...out, data } };
  }

  private columnsOf({ x, widthPx }: Window): Axis {
    const key = `${x}+${widthPx}`;
    if (this.columns?.key !== key) {
      const { region, out } = this.options;
      const axis = { start: region.x, length: region.widthPx, out: out.widthPx };
      this.columns = { key, ...axisOf(axis, { from: x, count: widthPx }) };
    }
    return this.columns;
  }
}

function forEachPart(
  { first, starts, pixels, shares }: Axis,
  visit: (pixel: number, share: number, cell: number) => void,
): void {
  for (let k = 0; k + 1 < starts.length; k += 1) {
    for (let p = starts[k]!; p < starts[k + 1]!; p += 1) visit(pixels[p]!, shares[p]!, first + k);
  }
}
