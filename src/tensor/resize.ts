import type { RgbImage } from './image.ts';
import { type Float32Tensor, float32 } from './tensor.ts';

export type PillowFilter = 'bicubic' | 'bilinear';

/** Fixed-point bits of a weight: 32 − 8 (a pixel) − 2 (room for overshoot), as Pillow's 8-bit path uses. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** Reach in source pixels at scale 1, and weight at distance x. */
const FILTERS: Record<PillowFilter, { support: number; weight: (x: number) => number }> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
};

/** Keys' cubic with a = −0.5. */
function cubic(x: number): number {
  const a = -0.5;
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return (((d - 5) * d + 8) * d - 4) * a;
  return 0;
}

/** For each output position: the first source pixel, how many are read, and their `taps`-strided weights. */
interface Kernel {
  readonly taps: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
}

/**
 * Weights for one axis. When shrinking, the filter is stretched by the scale (antialias); positions are pixel
 * centres; weights that fall outside the picture are dropped and the rest made to sum to 1, then rounded half
 * away from zero to fixed point.
 */
function kernelFor(from: number, to: number, filter: PillowFilter): Kernel {
  const { support: reach, weight } = FILTERS[filter];
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const support = reach * stretch;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const count = new Int32Array(to);
  const weights = new Int32Array(to * taps);
  const row = new Float64Array(taps);
  for (let i = 0; i < to; i += 1) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const n = Math.min(from, Math.trunc(centre + support + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < n; k += 1) {
      row[k] = weight((k + low - centre + 0.5) * (1 / stretch));
      sum += row[k]!;
    }
    first[i] = low;
    count[i] = n;
    for (let k = 0; k < n; k += 1) {
      const share = sum === 0 ? row[k]! : row[k]! / sum;
      weights[i * taps + k] = Math.trunc(share * (1 << PRECISION_BITS) + (share < 0 ? -0.5 : 0.5));
    }
  }
  return { taps, first, count, weights };
}

function clip8(fixed: number): number {
  const value = fixed >> PRECISION_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** [H, W, 3] → [H, to, 3] */
function resizeRows({ widthPx, heightPx, data }: RgbImage, kernel: Kernel): RgbImage {
  const { taps, first, count, weights } = kernel;
  const to = first.length;
  const out = new Uint8Array(heightPx * to * 3);
  for (let y = 0; y < heightPx; y += 1) {
    const row = y * widthPx;
    for (let i = 0; i < to; i += 1) {
      const end = i * taps + count[i]!;
      let source = (row + first[i]!) * 3;
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      for (let k = i * taps; k < end; k += 1, source += 3) {
        const weight = weights[k]!;
        red = (red + data[source]! * weight) | 0;
        green = (green + data[source + 1]! * weight) | 0;
        blue = (blue + data[source + 2]! * weight) | 0;
      }
      const target = (y * to + i) * 3;
      out[target] = clip8(red);
      out[target + 1] = clip8(green);
      out[target + 2] = clip8(blue);
    }
  }
  return { widthPx: to, heightPx, data: out };
}

/** [H, W, 3] → [to, W, 3] */
function resizeColumns({ widthPx, data }: RgbImage, kernel: Kernel): RgbImage {
  const { taps, first, count, weights } = kernel;
  const to = first.length;
  const stride = widthPx * 3;
  const out = new Uint8Array(to * stride);
  const sums = new Int32Array(stride);
  for (let i = 0; i < to; i += 1) {
    sums.fill(HALF);
    for (let k = 0; k < count[i]!; k += 1) {
      const weight = weights[i * taps + k]!;
      const source = (first[i]! + k) * stride;
      for (let x = 0; x < stride; x += 1) sums[x]! += data[source + x]! * weight;
    }
    for (let x = 0; x < stride; x += 1) out[i * stride + x] = clip8(sums[x]!);
  }
  return { widthPx, heightPx: to, data: out };
}

/**
 * Resizes as Pillow 13 does an 8-bit RGB picture (`Image.resize` with the same filter, no box, no gap): bit for bit.
 *
 * One axis after the other, rounded and clipped to 8 bits in between; an axis that keeps its size is not touched.
 * Pixel centres at half integers, origin top-left. The width goes first unless the height loses more than twice the
 * pixels that the width loses. Pillow 10 to 12 always take the width first, and so differ for such tall pictures only
 * (in the rounding and clipping between the passes).
 */
export function resizePillow(
  image: RgbImage,
  { widthPx, heightPx, filter }: { widthPx: number; heightPx: number; filter: PillowFilter },
): RgbImage {
  const resizeWidth = (from: RgbImage) =>
    widthPx === from.widthPx ? from : resizeRows(from, kernelFor(from.widthPx, widthPx, filter));
  const resizeHeight = (from: RgbImage) =>
    heightPx === from.heightPx
      ? from
      : resizeColumns(from, kernelFor(from.heightPx, heightPx, filter));
  const lostRows = image.heightPx - heightPx;
  const heightFirst = lostRows > 0 && lostRows > 2 * (image.widthPx - widthPx);
  return heightFirst ? resizeWidth(resizeHeight(image)) : resizeHeight(resizeWidth(image));
}

/**
 * For each of `m` output positions the source index 0..n−1 that Pillow's NEAREST reads.
 *
 * Pillow adds n/m up in float64 and truncates; `floor((i + 0.5)·n/m)` differs where that is a tie (e.g. 512 → 480).
 * Source: DATASETS.md §2.
 */
export function nearestIndicesPillow(n: number, m: number): Int32Array {
  const step = n / m;
  const indices = new Int32Array(m);
  let position = step * 0.5;
  for (let i = 0; i < m; i += 1) {
    indices[i] = Math.min(n - 1, Math.trunc(position));
    position += step;
  }
  return indices;
}

/** For each output position the two source indices it lies between, and the share of the second. */
function linearSpans(from: number, to: number) {
  const low = new Int32Array(to);
  const high = new Int32Array(to);
  const share = new Float64Array(to);
  for (let i = 0; i < to; i += 1) {
    const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    low[i] = Math.min(from - 1, Math.trunc(position));
    high[i] = Math.min(from - 1, low[i]! + 1);
    share[i] = position - low[i]!;
  }
  return { low, high, share };
}

/**
 * [H, W] → [height, width] bilinear: half-pixel centres, edges clamped, no antialias, as
 * `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`. Computed in float64, kept in float32.
 */
export function resizeBilinear(
  map: Float32Tensor,
  { height, width }: { height: number; width: number },
): Float32Tensor {
  const [rows, columns] = map.shape as readonly [h: number, w: number];
  if (rows === height && columns === width) return float32(map.shape, map.data.slice());
  const y = linearSpans(rows, height);
  const x = linearSpans(columns, width);
  const out = new Float32Array(height * width);
  /** A row of the map at the output's columns. */
  const alongRow = (row: number, values: Float64Array) => {
    const from = map.data.subarray(row * columns, (row + 1) * columns);
    for (let j = 0; j < width; j += 1) {
      const t = x.share[j]!;
      values[j] = from[x.low[j]!]! * (1 - t) + from[x.high[j]!]! * t;
    }
  };
  let upper = { row: -1, values: new Float64Array(width) };
  let lower = { row: -1, values: new Float64Array(width) };
  for (let i = 0; i < height; i += 1) {
    const [low, high, t] = [y.low[i]!, y.high[i]!, y.share[i]!];
    if (low === lower.row) [upper, lower] = [lower, upper];
    for (const [at, row] of [
      [upper, low],
      [lower, high],
    ] as const) {
      if (at.row === row) continue;
      alongRow(row, at.values);
      at.row = row;
    }
    const [top, bottom] = [upper.values, lower.values];
    const start = i * width;
    for (let j = 0; j < width; j += 1) out[start + j] = top[j]! * (1 - t) + bottom[j]! * t;
  }
  return float32([height, width], out);
}
