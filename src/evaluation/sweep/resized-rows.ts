import type { Size } from '../../tensor/image.ts';
import type { Float32Tensor } from '../../tensor/tensor.ts';

/** Rows of a map at a picture's size, values from 0 up. */
export interface Rows extends Size {
  /** Outside these columns every value is 0. */
  readonly from: number;
  readonly to: number;
  /** The values of row `y`, [W], until the next call; null where all are 0. */
  row(y: number): Float32Array | null;
}

/**
 * What `resizeBilinear` gives, to the last bit, without holding it: the source's rows are stretched once, in float64, and a row
 * of the result lies between two of them. map [h, w] → rows of `size`
 */
export function resizedRows(map: Float32Tensor, { widthPx, heightPx }: Size): Rows {
  const [height, width] = map.shape as readonly [h: number, w: number];
  const stretched = new Float64Array(height * widthPx); // [h, W]
  const filled = new Uint8Array(height);
  let [from, to] = [widthPx, 0];
  for (let x = 0; x < widthPx; x += 1) {
    const { low, high, share } = spanOf(x, { from: width, to: widthPx });
    for (let i = 0; i < height; i += 1) {
      const [a, b] = [map.data[i * width + low]!, map.data[i * width + high]!];
      const value = a * (1 - share) + b * share;
      if (value === 0) continue;
      stretched[i * widthPx + x] = value;
      filled[i] = 1;
      if (x < from) from = x;
      to = x + 1;
    }
  }
  const values = new Float32Array(widthPx);
  const row = (y: number) => {
    const { low, high, share } = spanOf(y, { from: height, to: heightPx });
    if (!filled[low] && !filled[high]) return null;
    const [upper, lower] = [low * widthPx, high * widthPx];
    for (let x = from; x < to; x += 1) {
      values[x] = stretched[upper + x]! * (1 - share) + stretched[lower + x]! * share;
    }
    return values;
  };
  return { widthPx, heightPx, from, to, row };
}

/** The two source indices that output `i` lies between, and the share of the second: half-pixel centres, edges clamped. */
function spanOf(i: number, { from, to }: { from: number; to: number }) {
  const position = Math.max(0, ((i + 0.5) * from) / to - 0.5);
  const low = Math.min(from - 1, Math.trunc(position));
  return { low, high: Math.min(from - 1, low + 1), share: position - low };
}
