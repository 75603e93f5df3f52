import { ZeroovError } from '../../errors.ts';
import type { RgbImage, Size } from '../../tensor/image.ts';
import { resizePillow } from '../../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { SamConfig } from './config.ts';

/** A picture as the image encoder reads it. */
export interface Square {
  /** [1, 3, S, S], normalised; zeros to the right of and below the picture. */
  readonly pixels: Float32Tensor;
  /** What of the square the picture fills, from the top left. */
  readonly resized: Size;
}

/** The long side filling SAM's square, the short one rounded half up. @throws IMAGE_ASPECT when nothing is left of it */
export function fitSquare({ widthPx, heightPx }: Size, sidePx: number): Size {
  const scale = sidePx / Math.max(widthPx, heightPx);
  const [width, height] = [Math.floor(widthPx * scale + 0.5), Math.floor(heightPx * scale + 0.5)];
  if (Math.min(width, height) < 1) {
    throw new ZeroovError('IMAGE_ASPECT', { widthPx, heightPx, limit: 2 * sidePx });
  }
  return { widthPx: width, heightPx: height };
}

/**
 * Long side to S px (bilinear, antialiased, as Pillow), rescale to 0..1, normalise, then pad with zeros.
 *
 * Reference: SamImageProcessor of transformers, with Pillow. @throws IMAGE_ASPECT
 */
export function preprocess(image: RgbImage, { imageEncoder, mean, std }: SamConfig): Square {
  const { imageSide: sidePx } = imageEncoder;
  const resized = fitSquare(image, sidePx);
  const { data } = resizePillow(image, { ...resized, filter: 'bilinear' });
  const pixels = float32([1, 3, sidePx, sidePx]);
  for (const [channel, average] of mean.entries()) {
    const shade = Float32Array.from({ length: 256 }, (_, v) => (v / 255 - average) / std[channel]!);
    for (let y = 0; y < resized.heightPx; y += 1) {
      const to = (channel * sidePx + y) * sidePx;
      const from = y * resized.widthPx;
      for (let x = 0; x < resized.widthPx; x += 1) {
        pixels.data[to + x] = shade[data[(from + x) * 3 + channel]!]!;
      }
    }
  }
  return { pixels, resized };
}
