import type { GeoTiffTags } from '../../geo/place.ts';
import type { Level, PictureFile, PictureInfo, Pixels, SampleArray } from '../picture-file.ts';
import { intersect, type Window } from '../window.ts';
import { BlockCache } from './block-cache.ts';
import type { ByteSource } from './byte-source.ts';
import { bandsOfBlock, decodeBlock, isMissing } from './decode-block.ts';
import { paintBands, paintValue } from './paint-bands.ts';
import { preflightTiff, type TiffLevel, type TiffPage } from './preflight-tiff.ts';
import type { TiffHeader } from './read-directory.ts';
import { type TagName, type Tags, textOf } from './tags.ts';
import type { TiffLimits } from './tiff-limits.ts';
import { SAMPLE_ARRAYS } from './to-samples.ts';

/**
 * A TIFF, classic or Big, that passed the preflight.
 *
 * @param noData as stored; in place of GDAL's nodata tag
 * @throws what `preflightTiff` does
 */
export function openTiffPicture(
  source: ByteSource,
  { noData: asked, limits }: { noData?: number; limits?: TiffLimits } = {},
): PictureFile {
  const { header, levels } = preflightTiff(source, limits);
  const reader: Reader = { source, header, cache: new BlockCache() };
  const [{ page: full }] = levels;
  const noData = noDataOf(full, asked);
  const [first, ...rest] = levels.map(
    (level, i) => new TiffPictureLevel(reader, { ...level, noData, name: `${i}` }),
  );
  return { info: infoOf(full, noData), levels: [first!, ...rest] };
}

interface Reader {
  readonly source: ByteSource;
  readonly header: TiffHeader;
  readonly cache: BlockCache;
}

class TiffPictureLevel implements Level {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly blocks: number;

  constructor(
    private readonly reader: Reader,
    private readonly level: TiffLevel & { noData: number | null; name: string },
  ) {
    const { widthPx, heightPx, across, down } = level.page.blocks;
    [this.widthPx, this.heightPx, this.blocks] = [widthPx, heightPx, across * down];
  }

  blockAt(index: number): Window | null {
    const { page } = this.level;
    const planes = page.samples.planar ? page.samples.bands : 1;
    const missing = Array.from({ length: planes }, (_, i) =>
      isMissing(page, i * this.blocks + index),
    );
    return missing.every(Boolean) ? null : intersect(windowOf(page, index), this.whole());
  }

  *windowsIn(window: Window): Iterable<Window> {
    const inside = intersect(window, this.whole());
    for (const index of blocksOf(this.level.page, inside)) {
      const block = this.blockAt(index);
      if (block) yield intersect(block, inside);
    }
  }

  async read(window: Window, bands: readonly number[]): Promise<Pixels> {
    const { page, mask, noData, name } = this.level;
    const { samples } = page;
    const wanted = samples.alpha === null ? bands : [...bands, samples.alpha];
    const stored = await readBands(this.reader, page, { window, bands: wanted, name });
    const alpha = samples.alpha === null ? null : stored.pop()!;
    const read = { window, bands: [0], name: `${name} mask` };
    const [shown = null] = mask ? await readBands(this.reader, mask, read) : [];
    const index = samples.colorMap && noData !== null ? stored[0]! : null;
    const valid = alpha || shown || index ? new Uint8Array(window.widthPx * window.heightPx) : null;
    valid?.forEach((_, i) => {
      valid[i] = alpha?.[i] === 0 || shown?.[i] === 0 || index?.[i] === noData ? 0 : 1;
    });
    return { bands: paintBands(stored, samples), valid };
  }

  private whole(): Window {
    return { x: 0, y: 0, widthPx: this.widthPx, heightPx: this.heightPx };
  }
}

/** Where a block lies in its page, padding included. */
function windowOf({ blocks }: TiffPage, index: number): Window {
  const { across, block } = blocks;
  const [column, row] = [index % across, Math.floor(index / across)];
  return { x: column * block.widthPx, y: row * block.heightPx, ...block };
}

/** Of the first band, row by row. */
function* blocksOf({ blocks }: TiffPage, window: Window): Iterable<number> {
  const { block, across } = blocks;
  if (window.widthPx <= 0 || window.heightPx <= 0) return;
  const last = {
    column: Math.floor((window.x + window.widthPx - 1) / block.widthPx),
    row: Math.floor((window.y + window.heightPx - 1) / block.heightPx),
  };
  for (let row = Math.floor(window.y / block.heightPx); row <= last.row; row += 1) {
    for (let column = Math.floor(window.x / block.widthPx); column <= last.column; column += 1) {
      yield row * across + column;
    }
  }
}

/** Stored numbers of a window that lies inside the page, [H, W] by band; 0 where a block is missing. */
async function readBands(
  { source, header, cache }: Reader,
  page: TiffPage,
  { window, bands, name }: { window: Window; bands: readonly number[]; name: string },
): Promise<SampleArray[]> {
  const { samples, blocks } = page;
  const perBand = blocks.across * blocks.down;
  const arrays = bands.map(
    () => new SAMPLE_ARRAYS[samples.sampleType](window.widthPx * window.heightPx),
  );
  for (const index of blocksOf(page, window)) {
    for (const [i, band] of bands.entries()) {
      const block = samples.planar ? band * perBand + index : index;
      if (isMissing(page, block)) continue;
      const decoded = await cache.get(`${name}/${block}`, () =>
        decodeBlock({ source, header }, page, block),
      );
      copy(decoded, arrays[i]!, {
        from: windowOf(page, index),
        to: window,
        step: bandsOfBlock(page),
        first: samples.planar ? 0 : band,
      });
    }
  }
  return arrays;
}

/** Copies what `from` and `to` have in common, of one band in interleaved samples. */
function copy(
  source: SampleArray,
  target: SampleArray,
  { from, to, step, first }: { from: Window; to: Window; step: number; first: number },
): void {
  const common = intersect(from, to);
  for (let row = 0; row < common.heightPx; row += 1) {
    const at = (common.y + row - from.y) * from.widthPx + common.x - from.x;
    const start = (common.y + row - to.y) * to.widthPx + common.x - to.x;
    if (step === 1) target.set(source.subarray(at, at + common.widthPx), start);
    else {
      for (let i = 0; i < common.widthPx; i += 1) {
        target[start + i] = source[(at + i) * step + first]!;
      }
    }
  }
}

/** What each sample type can hold, and so what can stand for "no data" in it. */
const RANGES = { uint8: [0, 255], uint16: [0, 65535], int16: [-32768, 32767] } as const;

/**
 * The number asked for, else GDAL's nodata tag, as a number of the picture, painted like it. Text that is no number, and a
 * number that no sample can be (−10000 in bytes), stand for nothing.
 */
function noDataOf({ tags, samples }: TiffPage, asked: number | undefined): number | null {
  const text = textOf(tags, 'GdalNoData')?.trim();
  const value = asked ?? (text ? Number(text) : Number.NaN);
  if (samples.sampleType === 'float32') return Number.isFinite(value) ? Math.fround(value) : null;
  const [least, most] = RANGES[samples.sampleType];
  const possible = Number.isInteger(value) && value >= least && value <= most;
  return possible ? paintValue(value, samples) : null;
}

function infoOf({ blocks, samples, tags }: TiffPage, noData: number | null): PictureInfo {
  const { widthPx, heightPx } = blocks;
  const { bands, sampleType, alpha, colorMap } = samples;
  const palette = colorMap !== null;
  const stored = { widthPx, heightPx, bands, sampleType, alpha, palette };
  // Of a palette an index stands for "no data", which its colours do not tell.
  return { ...stored, noData: palette ? null : noData, geoTags: geoTagsOf(tags) };
}

function geoTagsOf(tags: Tags): GeoTiffTags {
  const numbers = (name: TagName) => {
    const value = tags.get(name);
    return value && [...value];
  };
  return {
    modelTiepoint: numbers('ModelTiepoint'),
    modelPixelScale: numbers('ModelPixelScale'),
    modelTransformation: numbers('ModelTransformation'),
    geoKeyDirectory: numbers('GeoKeyDirectory'),
    geoDoubleParams: numbers('GeoDoubleParams'),
    geoAsciiParams: textOf(tags, 'GeoAsciiParams'),
  };
}
