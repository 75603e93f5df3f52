import type { Size } from '../../tensor/image.ts';
import type { ByteSource } from './byte-source.ts';
import { type BlocksLayout, readBlocksLayout, readSize } from './read-blocks-layout.ts';
import type { TiffHeader } from './read-directory.ts';
import { readSamplesLayout, type SamplesLayout } from './read-samples-layout.ts';
import { numberOf, type Tags } from './tags.ts';
import { TIFF_LIMITS, type TiffLimits } from './tiff-limits.ts';
import { walkDirectories } from './walk-directories.ts';

/** A picture of the file, checked so far that its blocks can be asked for. */
export interface TiffPage {
  readonly samples: SamplesLayout;
  readonly blocks: BlocksLayout;
  readonly tags: Tags;
}

/** The scene at one size. */
export interface TiffLevel {
  readonly page: TiffPage;
  /** Which of its pixels have a picture; null: all. */
  readonly mask: TiffPage | null;
}

export interface PreflightedTiff {
  readonly header: TiffHeader;
  /** Full resolution first, then overviews from large to small. */
  readonly levels: readonly [TiffLevel, ...TiffLevel[]];
}

/** NewSubfileType's bits. */
const [REDUCED, MASK] = [1, 4];

/**
 * Reads and checks everything in a TIFF that is not pixels: its directories, and of the first page, its overviews and its
 * masks how the pixels are laid out. Nothing is decoded; time and memory are bounded by `limits`, whatever the bytes say.
 * Further pages are not looked at beyond their tags.
 *
 * @throws TIFF_IFD_CYCLE, TIFF_BAD_DIMS, TIFF_BAD_LAYOUT, IMAGE_TOO_LARGE, UNSUPPORTED_BAND_LAYOUT
 */
export function preflightTiff(
  source: ByteSource,
  limits: TiffLimits = TIFF_LIMITS,
): PreflightedTiff {
  const { header, directories } = walkDirectories(source, limits);
  const [first, ...others] = directories.map(({ tags }) => tags);
  const full = readPage(source, first!, limits);
  const flagged = (tags: Tags, bit: number) =>
    Math.trunc(numberOf(tags, 'NewSubfileType', 0) / bit) % 2 === 1;
  const masks = others
    .filter((tags) => flagged(tags, MASK))
    .map((tags) => readPage(source, tags, limits))
    .filter(({ samples }) => samples.bands === 1 && samples.sampleType === 'uint8');
  const overviews = others
    .filter((tags) => flagged(tags, REDUCED) && !flagged(tags, MASK))
    .map((tags) => readPage(source, tags, limits))
    .filter((page) => isOverviewOf(full, page))
    .sort((a, b) => b.blocks.widthPx - a.blocks.widthPx);
  const masked = masks.some((mask) => sameSize(mask.blocks, full.blocks));
  const level = (page: TiffPage): TiffLevel => ({
    page,
    mask: masks.find((mask) => sameSize(mask.blocks, page.blocks)) ?? null,
  });
  // An overview of a masked scene without a mask of its own would show what is hidden.
  const usable = overviews.map(level).filter(({ mask }) => mask !== null || !masked);
  return { header, levels: [level(full), ...usable] };
}

function readPage(source: ByteSource, tags: Tags, limits: TiffLimits): TiffPage {
  const size = readSize(source, tags, limits);
  const samples = readSamplesLayout(source, tags, limits);
  return { tags, samples, blocks: readBlocksLayout(source, { tags, size, samples, limits }) };
}

function isOverviewOf(full: TiffPage, { samples, blocks }: TiffPage): boolean {
  return (
    blocks.widthPx < full.blocks.widthPx &&
    samples.bands === full.samples.bands &&
    samples.sampleType === full.samples.sampleType &&
    samples.alpha === full.samples.alpha &&
    (samples.colorMap === null) === (full.samples.colorMap === null)
  );
}

function sameSize(a: Size, b: Size): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}
