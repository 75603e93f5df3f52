import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { Size } from '../tensor/image.ts';
import { CogLevel } from './cog-level.ts';
import { levelTags, placeTags } from './cog-tags.ts';
import { newFile } from './new-file.ts';
import type { Place } from './place.ts';
import {
  directoryBytes,
  encodeDirectory,
  encodeHeader,
  type TiffFormat,
} from './tiff-directory.ts';
import {
  averageWithout,
  nearest,
  type PyramidOptions,
  pyramidSizes,
  type Samples,
  type Tile,
  TilePyramid,
} from './tile-pyramid.ts';

/** Where the pixels come from, a tile at a time in reading order. */
export type TileSource = TilesOf<'uint8', Uint8Array> | TilesOf<'float32', Float32Array>;

interface TilesOf<Sample, T> extends Size {
  readonly sample: Sample;
  /** Side of a tile. */
  readonly tilePx: 256 | 512;
  /** The tile whose top-left pixel is [column · tilePx, row · tilePx]; null where nothing is. */
  readTile(column: number, row: number): Promise<Tile<T>>;
}

export interface CogOptions {
  /** A file that is not there yet; on failure it is not there either. `<path>.level-N` lie beside it meanwhile. */
  readonly path: string;
  readonly source: TileSource;
  /** The ground that the source covers, with as many pixels or others; left out for a picture without a place. */
  readonly place?: Place;
  /** The value that means "no data"; without it, tiles that are null hold 0. */
  readonly nodata?: number;
}

/** What a reader may rely on (GDAL, "Cloud optimized GeoTIFF", header ghost area); the last blank leaves room for "YES". */
const LAYOUT = [
  'LAYOUT=IFDS_BEFORE_DATA',
  'BLOCK_ORDER=ROW_MAJOR',
  'BLOCK_LEADER=SIZE_AS_UINT4',
  'BLOCK_TRAILER=LAST_4_BYTES_REPEATED',
  'KNOWN_INCOMPATIBLE_EDITION=NO',
  ' ',
].join('\n');
const LAYOUT_SIZE = String(LAYOUT.length).padStart(6, '0');
const GHOST = new TextEncoder().encode(
  `GDAL_STRUCTURAL_METADATA_SIZE=${LAYOUT_SIZE} bytes\n${LAYOUT}\0`,
);
const CLASSIC_LIMIT = 2 ** 32 - 1;
const pack = promisify(deflate);

/**
 * Writes one band as a cloud optimized GeoTIFF: tiled, deflate (with the floating point predictor for float32), overviews
 * by halves (nearest for uint8, average for float32), directories before data. BigTIFF beyond 4 GiB. Holds a few rows of
 * tiles whatever the picture's size; the packed tiles are on disk twice for a moment.
 *
 * @throws OUTPUT_WRITE
 */
export async function writeCog(options: CogOptions): Promise<void> {
  const { path, source } = options;
  const levels = pyramidSizes(source, source.tilePx).map(
    (size, i) => new CogLevel(`${path}.level-${i}`, size),
  );
  await newFile(path, async (file) => {
    try {
      if (source.sample === 'uint8') await fillBytes(source, levels, options.nodata);
      else await fillFloats(source, levels, options.nodata);
      await assemble(options, levels, file);
    } finally {
      for (const level of levels) await level.remove();
    }
  });
}

function fillBytes(
  source: TilesOf<'uint8', Uint8Array>,
  levels: readonly CogLevel[],
  nodata = 0,
): Promise<void> {
  const pixels = { empty: nodata, make: (n: number) => new Uint8Array(n), merge: nearest };
  return fill({ source, levels, pixels, bytesOf: (tile) => tile });
}

function fillFloats(
  source: TilesOf<'float32', Float32Array>,
  levels: readonly CogLevel[],
  nodata: number | undefined,
): Promise<void> {
  const pixels = {
    empty: nodata ?? 0,
    make: (n: number) => new Float32Array(n),
    merge: averageWithout(nodata ?? Number.NaN),
  };
  return fill({ source, levels, pixels, bytesOf: (tile) => predictFloats(tile, source.tilePx) });
}

async function fill<T extends Samples>(options: {
  readonly source: TilesOf<unknown, T>;
  readonly levels: readonly CogLevel[];
  readonly pixels: Pick<PyramidOptions<T>, 'empty' | 'make' | 'merge'>;
  readonly bytesOf: (tile: T) => Uint8Array;
}): Promise<void> {
  const { source, levels, pixels, bytesOf } = options;
  const { tilePx } = source;
  const nothing = await pack(bytesOf(pixels.make(tilePx ** 2).fill(pixels.empty) as T));
  const pyramid = new TilePyramid<T>({
    ...pixels,
    size: source,
    tilePx,
    write: async (level, tile) =>
      levels[level]!.append(tile === null ? nothing : await pack(bytesOf(tile))),
  });
  for (let row = 0; row * tilePx < source.heightPx; row += 1) {
    for (let column = 0; column * tilePx < source.widthPx; column += 1) {
      await pyramid.push(await source.readTile(column, row));
    }
  }
}

/**
 * TIFF's predictor 3: of each row the bytes of all samples, highest byte first, then each byte as its difference to the one
 * before (Adobe Photoshop TIFF Technical Note 3).
 */
function predictFloats(tile: Float32Array, widthPx: number): Uint8Array {
  const bits = new Uint32Array(tile.buffer, tile.byteOffset, tile.length);
  const bytes = new Uint8Array(tile.byteLength);
  for (let start = 0; start < tile.length; start += widthPx) {
    const row = bytes.subarray(4 * start, 4 * (start + widthPx));
    for (let x = 0; x < widthPx; x += 1) {
      for (let k = 0; k < 4; k += 1) row[k * widthPx + x] = bits[start + x]! >>> (24 - 8 * k);
    }
    for (let i = row.length - 1; i > 0; i -= 1) row[i] = row[i]! - row[i - 1]!;
  }
  return bytes;
}

/** Header, ghost area, directories from the full picture down, then the data from the smallest overview up. */
async function assemble(
  options: CogOptions,
  levels: readonly CogLevel[],
  file: FileHandle,
): Promise<void> {
  const data = levels.reduce((sum, level) => sum + level.bytes, 0);
  const classic = front(options, levels, 'classic');
  const isSmall = bytesOf(classic) + data <= CLASSIC_LIMIT;
  for (const part of isSmall ? classic : front(options, levels, 'big')) await file.appendFile(part);
  for (const level of [...levels].reverse()) await level.copyTo(file);
}

const bytesOf = (parts: readonly Uint8Array[]) =>
  parts.reduce((sum, { length }) => sum + length, 0);

/** Everything before the data. Where the data lies depends on how long this is, so the directories are measured first. */
function front(options: CogOptions, levels: readonly CogLevel[], format: TiffFormat): Uint8Array[] {
  const { source, place, nodata } = options;
  const tagsOf = (level: CogLevel, dataAt: number) => [
    ...levelTags({
      level,
      isOverview: level !== levels[0],
      sample: source.sample,
      tilePx: source.tilePx,
      nodata,
      dataAt,
      offsets: format === 'big' ? 'long8' : 'long',
    }),
    ...(place && level === levels[0] ? placeTags(place, level.size) : []),
  ];
  const directoryAt: number[] = [];
  let at = encodeHeader(format, 0).length + GHOST.length;
  for (const level of levels) {
    directoryAt.push(at);
    at += directoryBytes(tagsOf(level, 0), format);
  }
  const dataAt = new Map<CogLevel, number>();
  for (const level of [...levels].reverse()) {
    dataAt.set(level, at);
    at += level.bytes;
  }
  const directories = levels.map((level, i) =>
    encodeDirectory(tagsOf(level, dataAt.get(level)!), {
      format,
      at: directoryAt[i]!,
      next: directoryAt[i + 1] ?? 0,
    }),
  );
  return [encodeHeader(format, directoryAt[0]!), GHOST, ...directories];
}
