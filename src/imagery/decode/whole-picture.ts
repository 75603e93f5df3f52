import sharp, { type Metadata } from 'sharp';
import { ZeroovError } from '../../errors.ts';
import type { RgbImage } from '../../tensor/image.ts';
import type { ImageFormat } from '../sniff-format.ts';

/** A scene of 8000 × 8000; its pixels take 192 MB here, four times that in what draws on it. */
const MAX_PIXELS = 64_000_000;

/** The last chunk's name and checksum; the decoder is content without it, a file that lost its end is not whole. */
const PNG_END = Buffer.from('IEND\xaeB`\x82', 'latin1');

/** What the library may load; of anything else not even the first bytes are looked at. */
const LOADERS = ['Png', 'Jpeg', 'Webp', 'Tiff'].map((name) => `VipsForeignLoad${name}Buffer`);

sharp.cache(false);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS });

/** A picture file as it was read. */
export interface PictureBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** What its first bytes say. */
  readonly format: ImageFormat;
}

/**
 * What a picture says of itself, after the checks that need no pixel.
 *
 * @throws IMAGE_TYPE (the decoder takes it for something else), IMAGE_TOO_LARGE, IMAGE_DECODE
 */
export async function readMetadata({ path, bytes, format }: PictureBytes): Promise<Metadata> {
  const metadata = await decoding(path, () => sharp(bytes, { limitInputPixels: false }).metadata());
  if (metadata.format !== format) {
    const found = `both ${format} and ${metadata.format}`;
    throw new ZeroovError('IMAGE_TYPE', { path, found });
  }
  if (
    format === 'png' &&
    !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(PNG_END)
  ) {
    throw new ZeroovError('IMAGE_DECODE', { path, reason: 'the end is missing' });
  }
  const { width, height } = metadata;
  if (width * height > MAX_PIXELS) {
    const [actual, limit] = [`${width} × ${height} pixels`, `${MAX_PIXELS / 1e6} megapixels`];
    throw new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
  }
  return metadata;
}

/** The way into the library that every picture takes: damage is an error, profiles are not applied. */
export function openPicture(bytes: Uint8Array, { upright }: { upright: boolean }) {
  const options = { failOn: 'error', limitInputPixels: MAX_PIXELS, ignoreIcc: true } as const;
  return sharp(bytes, { ...options, autoOrient: upright });
}

/**
 * A whole 8-bit picture as RGB, upright, with the pixel values of Pillow's `convert("RGB")`.
 *
 * @throws IMAGE_TYPE, IMAGE_TOO_LARGE, IMAGE_BANDS, IMAGE_DECODE
 */
export async function decodeWholePicture(picture: PictureBytes): Promise<RgbImage> {
  const { path, bytes } = picture;
  const { depth, channels, space } = await readMetadata(picture);
  const known = space === 'b-w' ? channels <= 2 : space === 'srgb' && channels <= 4;
  if (depth !== 'uchar' || !known) throw unknownBands(path, { depth, channels, space });
  const raw = () => openPicture(bytes, { upright: true }).raw();
  const { data, info } = await decoding(path, () => raw().toBuffer({ resolveWithObject: true }));
  const { width: widthPx, height: heightPx } = info;
  return { widthPx, heightPx, data: toRgb(data, info.channels) };
}

/** IMAGE_BANDS in words. */
export function unknownBands(
  path: string,
  { depth, channels, space }: Pick<Metadata, 'depth' | 'channels' | 'space'>,
): ZeroovError {
  const types: Record<string, string> = { uchar: '8-bit', ushort: '16-bit', float: '32-bit float' };
  const bands = `${channels} ${channels === 1 ? 'band' : 'bands'}`;
  const found = `${bands} of ${types[depth] ?? depth} ${space}`;
  return new ZeroovError('IMAGE_BANDS', { path, found });
}

/** Whatever the decoder throws is the file's fault. */
export async function decoding<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const reason = message.split('\n', 1)[0]!;
    throw new ZeroovError('IMAGE_DECODE', { path, reason }, { cause });
  }
}

/** [H, W, 1..4] → [H, W, 3]: one or two bands are grey (and alpha), four are RGB and alpha. */
function toRgb(data: Uint8Array, bands: number): Uint8Array {
  if (bands === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = data.length / bands;
  const [green, blue] = bands === 4 ? [1, 2] : [0, 0];
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i += 1) {
    rgb[i * 3] = data[i * bands]!;
    rgb[i * 3 + 1] = data[i * bands + green]!;
    rgb[i * 3 + 2] = data[i * bands + blue]!;
  }
  return rgb;
}
