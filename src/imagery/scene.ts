/**
 * A picture of any size, often with a place on the Earth, read in windows.
 *
 * ```ts
 * const scene = await openScene('harbour.tif', { bands: [4, 3, 2] });
 * const { image, valid } = await scene.read({ x: 0, y: 0, widthPx: 4096, heightPx: 4096 }, { widthPx: 1024, heightPx: 1024 });
 * await scene.close();
 * ```
 */
import { basename } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { sayCrs } from '../geo/crs.ts';
import { isPlaced, type NoGeoref, noGeoref } from '../geo/no-georef.ts';
import { type Place, placeFromGeoTiff, placeFromWorldFile } from '../geo/place.ts';
import type { Mask, RgbImage, Size } from '../tensor/image.ts';
import type { Range } from '../tensor/reduce.ts';
import { chooseBands } from './bands.ts';
import { type DecodeLimits, Decoder } from './decode/decoder.ts';
import type { Answers, Request, SceneSource } from './decode/messages.ts';
import type { WindowPixels } from './decode/read-window.ts';
import { digestFile, type FileDigest } from './digest-file.ts';
import { findWorldFile, type WorldFile } from './find-world-file.ts';
import { checkWholeSize, isUnchanged, type OpenPicture, openFile } from './open-file.ts';
import type { PictureInfo } from './picture-file.ts';
import { sniffFormat } from './sniff-format.ts';
import { PERCENTILES, rangeOfPercentiles, type Stretch, toByte } from './stretch.ts';
import type { TiffLimits } from './tiff/tiff-limits.ts';
import type { Window } from './window.ts';

export interface SceneOptions {
  /** Bands shown as grey, or as red, green and blue, counted from 1. Default: see `chooseBands`. */
  readonly bands?: readonly number[];
  /** Default: none for bytes, the 2nd to the 98th percentile of the scene for anything else. */
  readonly stretch?: Stretch;
  /** The stored number that stands for "no data", in place of the one that the file names, if it names one. */
  readonly noData?: number;
  /** The coordinate system of a world file, or of a GeoTIFF whose tags name none that can be used. */
  readonly epsg?: number;
  readonly limits?: Partial<DecodeLimits & TiffLimits>;
}

/** The size is that of the full-resolution picture. */
export interface Scene extends Size, FileDigest {
  readonly path: string;
  /** Alpha included. */
  readonly bands: number;
  readonly sampleType: PictureInfo['sampleType'];
  readonly place: Place | null;
  /** Why there is no place; null where there is one. */
  readonly placeProblem: string | null;
  /**
   * A window in scene pixels at any size, as 8-bit RGB. An overview is read where it has enough pixels. Shrinking gives the
   * mean of the valid pixels by area, growing the nearest pixel. Pixels that are not valid (outside, no data, transparent,
   * masked, never written) are black.
   *
   * @throws IMAGE_DECODE, DECODE_OVERFLOW, DECODER_CRASH, IMAGE_CHANGED, IMAGE_TOO_LARGE (more than 64 megapixels at once)
   */
  read(window: Window, out: Size): Promise<{ image: RgbImage; valid: Mask }>;
  /** Ends the decoder and closes the file. */
  close(): Promise<void>;
}

/** Pixels given at once: 192 MB of RGB. */
const MAX_PIXELS = 64_000_000;
/** Of these as many are asked of the decoder at once; it holds 16 bytes a band for each. */
const PART_PIXELS = 2 ** 21;

/**
 * Opens a GeoTIFF, BigTIFF or COG, or a PNG, JPEG or WebP with or without a world file beside it. The file is opened once
 * and decoded in a process of its own, which lives until `close`.
 *
 * @throws IMAGE_NOT_FOUND, IMAGE_NOT_A_FILE, IMAGE_UNREADABLE, IMAGE_TYPE, IMAGE_TOO_LARGE, IMAGE_BANDS, IMAGE_DECODE,
 * IMAGE_CHANGED, TIFF_IFD_CYCLE, TIFF_BAD_DIMS, TIFF_BAD_LAYOUT, UNSUPPORTED_BAND_LAYOUT, DECODE_OVERFLOW,
 * DECODER_CRASH, TEMPORARY_FOLDER, OPTION_INVALID
 */
export async function openScene(path: string, options: SceneOptions = {}): Promise<Scene> {
  const file = await openFile(path);
  const decoder = new Decoder({ fd: file.handle.fd, limits: options.limits });
  const opened = { path, file, decoder };
  try {
    const world = await findWorldFile(path);
    const { noData, limits } = options;
    const stored = { upright: world === null, noData, limits };
    const source = { ...(await identify(opened)), ...stored };
    const info = await ask(opened, { kind: 'open', scene: source });
    const placed = placeOf(info, world, options.epsg);
    const bands = chooseBands(info, options.bands);
    const byDefault = info.sampleType === 'uint8' ? 'none' : PERCENTILES;
    const stretch = info.palette ? 'none' : (options.stretch ?? byDefault);
    const digest = await digestFile(file.handle, file.stats.size);
    await checkUnchanged(opened);
    return new DecodedScene({ ...opened, source, info, placed, bands, stretch, digest });
  } catch (error) {
    await close(opened);
    throw error;
  }
}

interface Opened {
  readonly path: string;
  readonly file: OpenPicture;
  readonly decoder: Decoder;
}

interface Parts extends Opened {
  readonly source: SceneSource;
  readonly info: PictureInfo;
  readonly placed: Place | NoGeoref;
  /** Indices. */
  readonly bands: readonly number[];
  readonly stretch: Stretch;
  readonly digest: FileDigest;
}

class DecodedScene implements Scene {
  readonly path: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bands: number;
  readonly sampleType: Scene['sampleType'];
  readonly sha256: string;
  readonly sha256Of: Scene['sha256Of'];
  readonly place: Place | null;
  readonly placeProblem: string | null;
  private ranges: Promise<readonly Range[]> | undefined;

  constructor(private readonly parts: Parts) {
    const { info, digest, placed } = parts;
    this.path = parts.path;
    ({ widthPx: this.widthPx, heightPx: this.heightPx } = info);
    ({ bands: this.bands, sampleType: this.sampleType } = info);
    ({ sha256: this.sha256, sha256Of: this.sha256Of } = digest);
    this.place = isPlaced(placed) ? placed : null;
    this.placeProblem = isPlaced(placed) ? null : placed.noGeoref;
  }

  async read(window: Window, out: Size): Promise<{ image: RgbImage; valid: Mask }> {
    const { path, source, bands } = this.parts;
    const { widthPx, heightPx } = out;
    if (widthPx * heightPx > MAX_PIXELS) {
      const [actual, limit] = [
        `${widthPx} × ${heightPx} pixels at once`,
        `${MAX_PIXELS / 1e6} million`,
      ];
      throw new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
    }
    const ranges = await this.rangesOnce();
    const image = { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx * 3) };
    const valid = { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx) };
    const rows = Math.max(1, Math.floor(PART_PIXELS / widthPx));
    for (let row = 0; row < heightPx; row += rows) {
      const count = Math.min(rows, heightPx - row);
      const scale = window.heightPx / heightPx;
      const part = { ...window, y: window.y + row * scale, heightPx: count * scale };
      const request = { window: part, out: { widthPx, heightPx: count }, bands };
      const pixels = await ask(this.parts, { kind: 'window', scene: source, ...request });
      valid.data.set(pixels.valid, row * widthPx);
      paint(image.data.subarray(row * widthPx * 3), pixels, ranges);
    }
    return { image, valid };
  }

  close(): Promise<void> {
    return close(this.parts);
  }

  /** What becomes 0 and 255, by band: of the whole scene, so that every window of it is stretched alike. */
  private async rangesOnce(): Promise<readonly Range[]> {
    this.ranges ??= this.findRanges();
    try {
      return await this.ranges;
    } catch (error) {
      this.ranges = undefined;
      throw error;
    }
  }

  private async findRanges(): Promise<readonly Range[]> {
    const { source, bands, stretch } = this.parts;
    if (stretch === 'none') return [BYTES];
    const values = await ask(this.parts, { kind: 'sample', scene: source, bands });
    return values.map((band) => rangeOfPercentiles(band, stretch));
  }
}

/** Numbers that are bytes already. */
const BYTES: Range = { min: 0, max: 255 };

/** Writes grey or RGB into [H, W, 3]; one band is repeated. */
function paint(rgb: Uint8Array, { bands, valid }: WindowPixels, ranges: readonly Range[]): void {
  for (let colour = 0; colour < 3; colour += 1) {
    const band = bands[colour] ?? bands[0]!;
    const range = ranges[colour] ?? ranges[0]!;
    const asIs = band instanceof Uint8Array && range === BYTES;
    for (let i = 0; i < valid.length; i += 1) {
      if (valid[i] === 1) rgb[i * 3 + colour] = asIs ? band[i]! : toByte(band[i]!, range);
    }
  }
}

/** What the first bytes say the file is. */
async function identify({
  path,
  file,
}: Opened): Promise<Pick<SceneSource, 'path' | 'size' | 'format'>> {
  const { size } = file.stats;
  const start = await file.handle.read(Buffer.alloc(64), 0, 64, 0);
  const format = sniffFormat(start.buffer.subarray(0, start.bytesRead));
  if (format.kind === 'other') throw new ZeroovError('IMAGE_TYPE', { path, found: format.found });
  if (format.kind !== 'tiff') checkWholeSize(path, size);
  return { path, size, format: format.kind };
}

/**
 * A GeoTIFF's own tags come first; without them a world file counts, if its coordinate system is named.
 *
 * @throws OPTION_INVALID for another system than the one that the file names
 */
function placeOf(info: PictureInfo, world: WorldFile | null, epsg?: number): Place | NoGeoref {
  const { geoTags: tags } = info;
  const place =
    (tags && placeFromGeoTiff(tags, info, epsg)) ?? noGeoref('it has no world file beside it');
  const found =
    !isPlaced(place) && world
      ? placeBeside(world, { tags: tags ?? undefined, epsg, size: info })
      : place;
  if (!isPlaced(found) || epsg === undefined || found.crs.epsg === epsg) return found;
  const expected = `nothing, since the file names its coordinate system, ${sayCrs(found.crs)}`;
  throw new ZeroovError('OPTION_INVALID', { option: '--epsg', expected, got: `${epsg}` });
}

function placeBeside(
  world: WorldFile,
  about: Omit<Parameters<typeof placeFromWorldFile>[0], 'name' | 'text'>,
): Place | NoGeoref {
  if ('problem' in world) return noGeoref(world.problem);
  return placeFromWorldFile({ name: basename(world.path), text: world.text, ...about });
}

async function ask<R extends Request>(opened: Opened, request: R): Promise<Answers[R['kind']]> {
  return opened.decoder.ask(request, opened.path).finally(() => checkUnchanged(opened));
}

async function checkUnchanged({ path, file }: Opened): Promise<void> {
  if (!(await isUnchanged(file))) throw new ZeroovError('IMAGE_CHANGED', { path });
}

async function close({ decoder, file }: Opened): Promise<void> {
  await decoder.close();
  await file.handle.close();
}
