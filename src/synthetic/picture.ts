import sharp, { type Sharp } from 'sharp';
import type { RgbImage } from '../tensor/image.ts';

/** A picture for sharp to encode. */
export function picture({ widthPx, heightPx, data }: RgbImage): Sharp {
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

export async function writePng(path: string, image: RgbImage): Promise<void> {
  await picture(image).png().toFile(path);
}
