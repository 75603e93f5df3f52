import { createHash } from 'node:crypto';
import { ZeroovError } from '../errors.ts';
import type { RgbImage } from '../tensor/image.ts';
import { Decoder } from './decode/decoder.ts';
import { checkWholeSize, openFile } from './open-file.ts';
import { type ImageFormat, sniffFormat } from './sniff-format.ts';

export interface OpenedImage {
  readonly image: RgbImage;
  /** Of the bytes that were decoded, lower-case hex. */
  readonly sha256: string;
  readonly format: ImageFormat;
}

/** All pictures that are opened as a whole share a child. */
const decoder = new Decoder({ idleMs: 5000 });

/**
 * Reads a PNG, JPEG, WebP or 8-bit TIFF (the first page) as RGB, upright.
 *
 * Pixel values are those of Pillow's `convert("RGB")`, which the reference pipelines use: no colour management, alpha
 * dropped and not blended, grey repeated, palettes looked up, bands after the fourth none. The EXIF orientation is
 * applied. CMYK is refused, since its colours need a profile. The file is opened once and read once; it is decoded in a
 * process of its own.
 *
 * @throws IMAGE_NOT_FOUND, IMAGE_NOT_A_FILE, IMAGE_UNREADABLE, IMAGE_TYPE, IMAGE_TOO_LARGE, IMAGE_BANDS, IMAGE_DECODE,
 * DECODER_CRASH, TEMPORARY_FOLDER
 */
export async function openImage(path: string): Promise<OpenedImage> {
  const bytes = await readFile(path);
  const format = sniffFormat(bytes);
  if (format.kind === 'other') throw new ZeroovError('IMAGE_TYPE', { path, found: format.found });
  const picture = { path, bytes, format: format.kind };
  const image = await decoder.ask({ kind: 'picture', picture }, path);
  return { image, sha256: createHash('sha256').update(bytes).digest('hex'), format: format.kind };
}

async function readFile(path: string): Promise<Buffer> {
  const { handle, stats } = await openFile(path);
  try {
    checkWholeSize(path, stats.size);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
