import { ZeroovError } from '../../errors.ts';
import type { SampleType } from '../picture-file.ts';
import type { ByteSource } from './byte-source.ts';
import { tooLarge } from './read-directory.ts';
import { numberOf, type TagName, type Tags } from './tags.ts';
import type { TiffLimits } from './tiff-limits.ts';

/** Names as used in errors; the numbers are those of TIFF 6.0 and libtiff. */
export const COMPRESSIONS = {
  1: 'none',
  5: 'lzw',
  7: 'jpeg',
  8: 'deflate',
  32773: 'packbits',
  32946: 'deflate',
  34887: 'lerc',
  50000: 'zstd',
  50001: 'webp',
} as const;
export type Compression = (typeof COMPRESSIONS)[keyof typeof COMPRESSIONS];

/** How the stored numbers of a page become colours. */
const PHOTOMETRICS = {
  0: 'white-is-zero',
  1: 'black-is-zero',
  2: 'rgb',
  3: 'palette',
  4: 'mask',
  6: 'ycbcr',
} as const;
export type Photometric = (typeof PHOTOMETRICS)[keyof typeof PHOTOMETRICS];

/** What one pixel of a page is. */
export interface SamplesLayout {
  /** Alpha included. */
  readonly bands: number;
  /** Of one sample as stored: 1, 2, 4, 8 to 16, or 32 for float. */
  readonly bits: number;
  readonly sampleType: SampleType;
  readonly photometric: Photometric;
  readonly compression: Compression;
  /** 1 none, 2 horizontal differences, 3 the same of floats, byte by byte. */
  readonly predictor: 1 | 2 | 3;
  /** Each band in blocks of its own. */
  readonly planar: boolean;
  /** Index of the band that is alpha. */
  readonly alpha: number | null;
  /** [3 · 2^bits]: all reds, then greens, then blues, 16-bit. */
  readonly colorMap: Float64Array | null;
}

/** The codecs whose output libtiff takes differences of. */
const PREDICTED: readonly Compression[] = ['lzw', 'deflate', 'zstd'];
/** Codecs of whole pictures, and the bands that those may have. */
const PICTURE_BANDS: Partial<Record<Compression, readonly number[]>> = {
  jpeg: [1, 3, 4],
  webp: [3, 4],
};
/** ExtraSamples: premultiplied or not. Colours are used as stored either way. */
const ALPHAS = [1, 2];

/** Refuses a page for what `tag` says, unless that is `fine`. */
type Demand = (fine: boolean, tag: TagName, expected: string) => void;

/** @throws IMAGE_TOO_LARGE (bands), UNSUPPORTED_BAND_LAYOUT naming the tag */
export function readSamplesLayout(
  source: ByteSource,
  tags: Tags,
  limits: TiffLimits,
): SamplesLayout {
  const demand: Demand = (fine, tag, expected) => {
    if (fine) return;
    const found = [...(tags.get(tag)?.slice(0, 8) ?? ['absent'])].join(', ');
    throw new ZeroovError('UNSUPPORTED_BAND_LAYOUT', { path: source.path, tag, found, expected });
  };
  const bands = numberOf(tags, 'SamplesPerPixel', 1);
  if (bands > limits.bands) throw tooLarge(source, `${bands} bands`, `${limits.bands}`);
  demand(Number.isInteger(bands) && bands > 0, 'SamplesPerPixel', 'one band or more');
  const stored = readStored(tags, demand);
  const coding = readCoding(tags, demand, { ...stored, bands });
  return { bands, ...stored, ...coding, ...readColours(tags, demand, { ...stored, bands }) };
}

function readStored(tags: Tags, demand: Demand): Pick<SamplesLayout, 'bits' | 'sampleType'> {
  const bits = numberOf(tags, 'BitsPerSample', 1);
  const format = numberOf(tags, 'SampleFormat', 1);
  const same = (name: TagName, value: number) =>
    (tags.get(name) ?? []).every((other: number) => other === value);
  demand(same('BitsPerSample', bits), 'BitsPerSample', 'the same for every band');
  demand(same('SampleFormat', format), 'SampleFormat', 'the same for every band');
  const sampleType = sampleTypeOf(format, bits);
  const tag = bits === 8 || bits === 16 || bits === 32 ? 'SampleFormat' : 'BitsPerSample';
  demand(sampleType !== null, tag, 'unsigned of up to 16 bits, int16 or float32');
  return { bits, sampleType: sampleType! };
}

/** SampleFormat 1 unsigned, 2 signed, 3 float; 4 is "undefined", read as unsigned like libtiff does. */
function sampleTypeOf(format: number, bits: number): SampleType | null {
  if (format === 1 || format === 4) {
    if (bits === 1 || bits === 2 || bits === 4 || bits === 8) return 'uint8';
    if (Number.isInteger(bits) && bits > 8 && bits <= 16) return 'uint16';
  }
  if (format === 2 && bits === 16) return 'int16';
  return format === 3 && bits === 32 ? 'float32' : null;
}

function readCoding(
  tags: Tags,
  demand: Demand,
  { bands, bits, sampleType }: Pick<SamplesLayout, 'bands' | 'bits' | 'sampleType'>,
): Pick<SamplesLayout, 'compression' | 'predictor' | 'planar'> {
  const compression = COMPRESSIONS[numberOf(tags, 'Compression', 1) as keyof typeof COMPRESSIONS];
  const names = [...new Set(Object.values(COMPRESSIONS))].join(', ');
  demand(compression !== undefined, 'Compression', `the number of ${names}`);
  demand(numberOf(tags, 'FillOrder', 1) === 1, 'FillOrder', '1');
  const configuration = numberOf(tags, 'PlanarConfiguration', 1);
  demand(configuration === 1 || configuration === 2, 'PlanarConfiguration', '1 or 2');
  const planar = configuration === 2 && bands > 1;
  const counts = PICTURE_BANDS[compression];
  if (counts) {
    demand(bits === 8, 'BitsPerSample', `8 in ${compression}`);
    demand(counts.includes(planar ? 1 : bands), 'SamplesPerPixel', `${counts.join(' or ')}`);
  }
  const predictor = PREDICTED.includes(compression) ? numberOf(tags, 'Predictor', 1) : 1;
  const horizontal = predictor === 2 && bits % 8 === 0;
  const float = predictor === 3 && sampleType === 'float32';
  demand(predictor === 1 || horizontal || float, 'Predictor', '1, 2, or 3 for floats');
  return { compression, predictor: predictor as 1 | 2 | 3, planar };
}

function readColours(
  tags: Tags,
  demand: Demand,
  { bands, bits, sampleType }: Pick<SamplesLayout, 'bands' | 'bits' | 'sampleType'>,
): Pick<SamplesLayout, 'photometric' | 'colorMap' | 'alpha'> {
  const number = numberOf(tags, 'PhotometricInterpretation', 1);
  const photometric = PHOTOMETRICS[number as keyof typeof PHOTOMETRICS];
  const inJpeg = numberOf(tags, 'Compression', 1) === 7;
  const known = photometric !== undefined && (photometric !== 'ycbcr' || inJpeg);
  demand(known, 'PhotometricInterpretation', 'grey, RGB, palette, or YCbCr in JPEG');
  const three = photometric === 'rgb' || photometric === 'ycbcr';
  demand(!three || bands >= 3, 'SamplesPerPixel', `3 or more for ${photometric}`);
  const palette = photometric === 'palette';
  const colorMap = palette ? tags.get('ColorMap') : undefined;
  if (palette) {
    demand(bands === 1 && sampleType === 'uint8', 'BitsPerSample', '1 to 8 for a palette');
    const colours = 3 * 2 ** bits;
    demand(colorMap?.length === colours, 'ColorMap', `${colours} numbers`);
  }
  const extras = [...(tags.get('ExtraSamples') ?? [])].slice(0, bands);
  const alpha = extras.findIndex((kind) => ALPHAS.includes(kind));
  return {
    photometric,
    colorMap: colorMap instanceof Float64Array ? colorMap : null,
    alpha: alpha < 0 ? null : bands - extras.length + alpha,
  };
}
