import { ZeroovError } from '../../errors.ts';
import type { RgbImage, Size } from '../../tensor/image.ts';
import { resizePillow } from '../../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { QwenConfig } from './config.ts';
import { type Grid, mergeGroupOrder } from './positions.ts';

/**
 * The most pixels an image is given unless asked for more: 1280 image tokens of 28 × 28 px. Published checkpoints allow
 * 16 384, for which the language model's attention alone would need 30 GB; the benchmarks' 800 × 800 px stay below it.
 */
export const DEFAULT_MAX_PIXELS = 1280 * 28 * 28;

/** The longer side over the shorter one; the reference refuses more. */
const MAX_ASPECT = 200;

/** An image as the vision tower reads it. */
export interface Patches {
  /** (T, 3·temporal·patch²): channel, time, row, column within a patch; the patches in merge-group order. */
  readonly patches: Float32Tensor;
  /** Rows and columns of patches. */
  readonly grid: Grid;
  /** What the image was resized to: the frame in which the model speaks of pixels. */
  readonly resized: Size;
}

/**
 * Both sides to multiples of `factor`, the area within the bounds, the aspect kept as nearly as that allows.
 *
 * @throws IMAGE_ASPECT
 */
export function smartResize(
  { widthPx, heightPx }: Size,
  bounds: { readonly factor: number; readonly minPixels: number; readonly maxPixels: number },
): Size {
  const { factor, minPixels, maxPixels } = bounds;
  if (Math.max(widthPx, heightPx) / Math.min(widthPx, heightPx) > MAX_ASPECT) {
    throw new ZeroovError('IMAGE_ASPECT', { widthPx, heightPx, limit: MAX_ASPECT });
  }
  const sides = (side: (px: number) => number): Size => ({
    widthPx: side(widthPx) * factor,
    heightPx: side(heightPx) * factor,
  });
  const nearest = sides((px) => roundHalfEven(px / factor));
  const area = nearest.widthPx * nearest.heightPx;
  if (area > maxPixels) {
    const shrink = Math.sqrt((heightPx * widthPx) / maxPixels);
    return sides((px) => Math.max(1, Math.floor(px / shrink / factor)));
  }
  if (area < minPixels) {
    const grow = Math.sqrt(minPixels / (heightPx * widthPx));
    return sides((px) => Math.ceil((px * grow) / factor));
  }
  return nearest;
}

/** Python's `round`. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Smart resize (bicubic, as Pillow), rescale to 0..1, normalise, cut into patches; the one frame fills every time step.
 *
 * @param maxPixels upper bound of the resized area; the smaller of the checkpoint's and DEFAULT_MAX_PIXELS by default
 * @throws IMAGE_ASPECT, OPTION_INVALID for a maxPixels below the checkpoint's minimum
 */
export function preprocess(
  image: RgbImage,
  { image: bounds, vision }: QwenConfig,
  maxPixels = Math.min(bounds.maxPixels, DEFAULT_MAX_PIXELS),
): Patches {
  const { minPixels } = bounds;
  if (!(maxPixels >= minPixels)) {
    const expected = `a number from ${minPixels} px on`;
    throw new ZeroovError('OPTION_INVALID', { option: 'maxPixels', expected, got: `${maxPixels}` });
  }
  const factor = vision.patch * vision.merge;
  const resized = smartResize(image, { factor, minPixels, maxPixels });
  const pixels = resizePillow(image, { ...resized, filter: 'bicubic' });
  const grid = { height: resized.heightPx / vision.patch, width: resized.widthPx / vision.patch };
  return { patches: cut(pixels, grid, { image: bounds, vision }), grid, resized };
}

/** [H, W, 3] 0..255 → (T, 3·temporal·patch²) */
function cut(
  { data, widthPx }: RgbImage,
  grid: Grid,
  {
    image: { mean, std },
    vision: { patch, temporal, merge },
  }: Pick<QwenConfig, 'image' | 'vision'>,
): Float32Tensor {
  const order = mergeGroupOrder(grid, merge);
  const out = float32([order.length, 3 * temporal * patch ** 2]);
  const shades = mean.map((m, channel) =>
    Float32Array.from({ length: 256 }, (_, value) => (value / 255 - m) / std[channel]!),
  );
  let next = 0;
  for (const place of order) {
    const top = Math.floor(place / grid.width) * patch;
    const left = (place % grid.width) * patch;
    for (const [channel, shade] of shades.entries()) {
      const start = next;
      for (let row = top; row < top + patch; row += 1) {
        for (let column = left; column < left + patch; column += 1) {
          out.data[next] = shade[data[(row * widthPx + column) * 3 + channel]!]!;
          next += 1;
        }
      }
      for (let time = 1; time < temporal; time += 1) {
        out.data.copyWithin(next, start, start + patch ** 2);
        next += patch ** 2;
      }
    }
  }
  return out;
}
