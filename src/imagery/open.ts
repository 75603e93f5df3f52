import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import sharp, { type Metadata } from 'sharp';
import { humanBytes, ZeroovError } from '../errors.ts';
import type { RgbImage } from '../tensor/image.ts';
import { type ImageFormat, sniffFormat } from './sniff-format.ts';

/** A scene of 8000 × 8000; its pixels take 192 MB here, four times that in what draws on it. */
const MAX_PIXELS = 64_000_000;
/** Twice what 64 MPx of uncompressed RGBA take. */
const MAX_BYTES = 512 * 2 ** 20;

/** The last chunk's name and checksum; the decoder is content without it, a file that lost its end is not whole. */
const PNG_END = Buffer.from('IEND\xaeB`\x82', 'latin1');

sharp.cache(false);

export interface OpenedImage {
  readonly image: RgbImage;
  /** Of the bytes that were decoded, lower-case hex. */
  readonly sha256: string;
  readonly format: ImageFormat;
}

/**
 * Reads a PNG, JPEG, WebP or 8-bit TIFF (the first page) as RGB, upright.
 *
 * Pixel values are those of Pillow's `convert("RGB")`, which the reference pipelines use: no colour management, alpha
 * dropped and not blended, grey repeated, palettes looked up, bands after the fourth none. The EXIF orientation is
 * applied. CMYK is refused, since its colours need a profile. The file is opened once and read once.
 *
 * @throws IMAGE_NOT_FOUND, IMAGE_NOT_A_FILE, IMAGE_UNREADABLE, IMAGE_TYPE, IMAGE_TOO_LARGE, IMAGE_BANDS, IMAGE_DECODE
 */
export async function openImage(path: string): Promise<OpenedImage> {
  const bytes = await readRegularFile(path);
  const format = sniffFormat(bytes);
  if (format.kind === 'other') throw new ZeroovError('IMAGE_TYPE', { path, found: format.found });
  const metadata = await decoding(path, () => sharp(bytes, { limitInputPixels: false }).metadata());
  if (metadata.format !== format.kind) {
    throw new ZeroovError('IMAGE_TYPE', {
      path,
      found: `both ${format.kind} and ${metadata.format}`,
    });
  }
  if (format.kind === 'png' && !bytes.includes(PNG_END)) {
    throw new ZeroovError('IMAGE_DECODE', { path, reason: 'the end is missing' });
  }
  checkSize(path, metadata);
  checkBands(path, metadata);
  const image = await decoding(path, () => decode(bytes));
  return { image, sha256: createHash('sha256').update(bytes).digest('hex'), format: format.kind };
}

async function readRegularFile(path: string): Promise<Buffer> {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new ZeroovError('IMAGE_NOT_FOUND', { path });
    if (code === 'ENXIO') throw new ZeroovError('IMAGE_NOT_A_FILE', { path, kind: 'socket' });
    throw new ZeroovError('IMAGE_UNREADABLE', { path, reason: code }, { cause });
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new ZeroovError('IMAGE_NOT_A_FILE', { path, kind: kindOf(stats) });
    if (stats.size > MAX_BYTES) {
      const [actual, limit] = [humanBytes(stats.size), humanBytes(MAX_BYTES)];
      throw new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return 'device';
  return 'special file';
}

function checkSize(path: string, { width, height }: Metadata): void {
  if (width * height <= MAX_PIXELS) return;
  const actual = `${width} × ${height} pixels`;
  throw new ZeroovError('IMAGE_TOO_LARGE', {
    path,
    actual,
    limit: `${MAX_PIXELS / 1e6} megapixels`,
  });
}

function checkBands(path: string, { depth, channels, space }: Metadata): void {
  const known = space === 'b-w' ? channels <= 2 : space === 'srgb' && channels <= 4;
  if (depth === 'uchar' && known) return;
  const types: Record<string, string> = { uchar: '8-bit', ushort: '16-bit', float: '32-bit float' };
  const type = types[depth] ?? depth;
  const bands = `${channels} ${channels === 1 ? 'band' : 'bands'} of ${type} ${space}`;
  throw new ZeroovError('IMAGE_BANDS', { path, found: bands });
}

async function decode(bytes: Buffer): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, {
    failOn: 'error',
    limitInputPixels: MAX_PIXELS,
    ignoreIcc: true,
    autoOrient: true,
  })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rgb = toRgb(data, info.channels);
  return { widthPx: info.width, heightPx: info.height, data: rgb };
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

/** Whatever the decoder throws is the file's fault. */
async function decoding<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const [reason = 'unknown'] = (cause instanceof Error ? cause.message : String(cause)).split(
      '\n',
    );
    throw new ZeroovError('IMAGE_DECODE', { path, reason }, { cause });
  }
}
