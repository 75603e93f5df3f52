import { humanBytes, ZeroovError } from '../../errors.ts';
import type { Size } from '../../tensor/image.ts';
import type { ByteSource } from './byte-source.ts';
import { badLayout, tooLarge } from './read-directory.ts';
import type { SamplesLayout } from './read-samples-layout.ts';
import { numberOf, type Tags } from './tags.ts';
import type { TiffLimits } from './tiff-limits.ts';

/** Where the pixels of a page are: a grid of strips or tiles. */
export interface BlocksLayout extends Size {
  readonly kind: 'strip' | 'tile';
  /** Of a whole block. Tiles at the right and bottom edge are padded, the last strip has fewer rows. */
  readonly block: Size;
  /** Blocks in a row of the grid, and rows. Planar pages have one such grid after the other for each band. */
  readonly across: number;
  readonly down: number;
  /** In the file, by block; offset and count 0 stand for a block that was never written. */
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
}

/** Rows of an uncompressed strip that are read at once, in bytes. */
const RAW_STRIP_BYTES = 2 ** 20;

/** Width and height of a page. @throws TIFF_BAD_DIMS, IMAGE_TOO_LARGE */
export function readSize(source: ByteSource, tags: Tags, limits: TiffLimits): Size {
  const widthPx = numberOf(tags, 'ImageWidth', 0);
  const heightPx = numberOf(tags, 'ImageLength', 0);
  const found = `${widthPx} × ${heightPx} pixels`;
  if (!isCount(widthPx) || !isCount(heightPx)) {
    throw new ZeroovError('TIFF_BAD_DIMS', { path: source.path, found });
  }
  if (Math.max(widthPx, heightPx) > limits.sidePx) {
    throw tooLarge(source, found, `${limits.sidePx} pixels a side`);
  }
  if (widthPx * heightPx > limits.pixels) {
    throw tooLarge(source, found, `${limits.pixels / 1e6} megapixels`);
  }
  return { widthPx, heightPx };
}

const isCount = (value: number) => Number.isInteger(value) && value > 0;

/** @throws TIFF_BAD_LAYOUT */
export function readBlocksLayout(
  source: ByteSource,
  page: { tags: Tags; size: Size; samples: SamplesLayout; limits: TiffLimits },
): BlocksLayout {
  const { tags, size, samples, limits } = page;
  const tiled = tags.has('TileWidth') || tags.has('TileOffsets');
  const grid = tiled ? readTiles(source, tags, limits) : readStrips(source, tags, size);
  const [across, down] = [
    Math.ceil(size.widthPx / grid.block.widthPx),
    Math.ceil(size.heightPx / grid.block.heightPx),
  ];
  const blocks = across * down * (samples.planar ? samples.bands : 1);
  const { offsets, byteCounts } = grid;
  if (offsets.length !== blocks || byteCounts.length !== blocks) {
    const found = `${offsets.length} offsets and ${byteCounts.length} byte counts`;
    throw badLayout(source, `${found} for ${blocks} ${grid.kind}s`);
  }
  checkRanges(source, grid);
  const layout = { ...size, ...grid, across, down };
  const fit = samples.compression === 'none' ? splitRawStrips(source, layout, samples) : layout;
  const bytes = blockBytes(samples, fit.block);
  if (bytes > limits.blockBytes) {
    const limit = `the limit is ${humanBytes(limits.blockBytes)}`;
    throw badLayout(source, `${humanBytes(bytes)} in one ${grid.kind}, ${limit}`);
  }
  return fit;
}

/** Bytes of a block when decoded: rows start at whole bytes. */
export function blockBytes(samples: SamplesLayout, { widthPx, heightPx }: Size): number {
  const samplesInRow = widthPx * (samples.planar ? 1 : samples.bands);
  return Math.ceil((samplesInRow * samples.bits) / 8) * heightPx;
}

type Grid = Pick<BlocksLayout, 'kind' | 'block' | 'offsets' | 'byteCounts'>;

function readTiles(source: ByteSource, tags: Tags, limits: TiffLimits): Grid {
  const widthPx = numberOf(tags, 'TileWidth', 0);
  const heightPx = numberOf(tags, 'TileLength', 0);
  if (!isCount(widthPx) || !isCount(heightPx)) {
    throw badLayout(source, `its tiles are ${widthPx} × ${heightPx} pixels`);
  }
  if (Math.max(widthPx, heightPx) > limits.tileSidePx) {
    const limit = `the limit is ${limits.tileSidePx} pixels a side`;
    throw badLayout(source, `tiles of ${widthPx} × ${heightPx} pixels, ${limit}`);
  }
  const [offsets, byteCounts] = [tags.get('TileOffsets'), tags.get('TileByteCounts')];
  return { kind: 'tile', block: { widthPx, heightPx }, ...located(source, offsets, byteCounts) };
}

function readStrips(source: ByteSource, tags: Tags, { widthPx, heightPx }: Size): Grid {
  const rows = numberOf(tags, 'RowsPerStrip', heightPx);
  if (!isCount(rows)) throw badLayout(source, `its strips have ${rows} rows`);
  const [offsets, byteCounts] = [tags.get('StripOffsets'), tags.get('StripByteCounts')];
  const block = { widthPx, heightPx: Math.min(rows, heightPx) };
  return { kind: 'strip', block, ...located(source, offsets, byteCounts) };
}

function located(source: ByteSource, offsets: unknown, byteCounts: unknown) {
  if (offsets instanceof Float64Array && byteCounts instanceof Float64Array) {
    return { offsets, byteCounts };
  }
  throw badLayout(source, 'it does not say where they are or how long');
}

/** Every block inside the file, none in another: what is read once cannot be made to count a thousand times. */
function checkRanges(source: ByteSource, { kind, offsets, byteCounts }: Grid): void {
  let sorted = true;
  let end = 0;
  for (let i = 0; i < offsets.length; i += 1) {
    const [offset, bytes] = [offsets[i]!, byteCounts[i]!];
    if (offset === 0 && bytes === 0) continue;
    if (offset === 0 || bytes === 0 || offset + bytes > source.size) {
      const range = `bytes ${offset} to ${offset + bytes}`;
      throw badLayout(source, `${kind} ${i} is at ${range} of ${source.size}`);
    }
    sorted &&= offset >= end;
    end = offset + bytes;
  }
  if (sorted) return;
  const order = offsets.map((_, i) => i).sort((a, b) => offsets[a]! - offsets[b]!);
  for (let i = 1; i < order.length; i += 1) {
    const [before, after] = [order[i - 1]!, order[i]!];
    if (offsets[before]! + byteCounts[before]! <= offsets[after]!) continue;
    throw badLayout(source, `${kind}s ${before} and ${after} share bytes`);
  }
}

/**
 * Writers that do not compress often put a whole picture into one strip. Its rows lie one after the other, so it is as
 * good as many strips, of which a window needs a few.
 */
function splitRawStrips(
  source: ByteSource,
  layout: BlocksLayout,
  samples: SamplesLayout,
): BlocksLayout {
  const { kind, block, widthPx, heightPx, down } = layout;
  const rowBytes = blockBytes(samples, { widthPx, heightPx: 1 });
  const rows = Math.max(1, Math.floor(RAW_STRIP_BYTES / rowBytes));
  if (kind === 'tile' || down > 1 || rows >= block.heightPx) return layout;
  const parts = Math.ceil(heightPx / rows);
  const offsets = new Float64Array(parts * layout.offsets.length);
  const byteCounts = offsets.slice();
  for (const [band, offset] of layout.offsets.entries()) {
    if (offset === 0) continue;
    if (layout.byteCounts[band]! < rowBytes * heightPx) {
      throw badLayout(source, `strip ${band} is too short for its ${heightPx} rows`);
    }
    for (let i = 0; i < parts; i += 1) {
      offsets[band * parts + i] = offset + i * rows * rowBytes;
      byteCounts[band * parts + i] = Math.min(rows, heightPx - i * rows) * rowBytes;
    }
  }
  return { ...layout, block: { widthPx, heightPx: rows }, down: parts, offsets, byteCounts };
}
