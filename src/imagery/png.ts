import sharp from 'sharp';
import type { Mask, RgbImage } from '../tensor/image.ts';

/** An 8-bit RGB PNG. */
export function encodePng({ widthPx, heightPx, data }: RgbImage): Promise<Buffer> {
  const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
  return sharp(data, { raw, limitInputPixels: false }).png().toBuffer();
}

/** An 8-bit grey PNG: 255 in the mask, 0 outside. */
export function encodeMaskPng({ widthPx, heightPx, data }: Mask): Promise<Buffer> {
  const grey = data.map((inside) => (inside ? 255 : 0));
  const raw = { width: widthPx, height: heightPx, channels: 1 } as const;
  return sharp(grey, { raw, limitInputPixels: false }).toColourspace('b-w').png().toBuffer();
}
