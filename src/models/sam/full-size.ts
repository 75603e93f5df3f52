import type { Mask } from '../../tensor/image.ts';
import { resizeBilinear } from '../../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { Frame } from './prompts.ts';

/**
 * Low-resolution logits [L, L] → logits of the picture's size [H, W]: to SAM's square, the padding cut off, then to the picture,
 * bilinear both times. Reference: post_process_masks of transformers.
 */
export function fullSizeLogits(
  lowRes: Float32Tensor,
  { image, resized, imageSide }: Frame & { readonly imageSide: number },
): Float32Tensor {
  const { data } = resizeBilinear(lowRes, { height: imageSide, width: imageSide });
  const { heightPx: height, widthPx: width } = resized;
  const cropped = float32([height, width]);
  for (let y = 0; y < height; y += 1) {
    const from = y * imageSide;
    cropped.data.set(data.subarray(from, from + width), y * width);
  }
  return resizeBilinear(cropped, { height: image.heightPx, width: image.widthPx });
}

/** The pixels whose logit is above 0. */
export function maskOf({ shape, data }: Float32Tensor): Mask {
  const [heightPx, widthPx] = shape as readonly [h: number, w: number];
  const pixels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 1) pixels[i] = data[i]! > 0 ? 1 : 0;
  return { widthPx, heightPx, data: pixels };
}
