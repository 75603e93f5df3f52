import type { Level, PictureFile, Pixels, SampleArray } from '../picture-file.ts';
import { intersect, type Window } from '../window.ts';
import {
  decoding,
  openPicture,
  type PictureBytes,
  readMetadata,
  unknownBands,
} from './whole-picture.ts';

/** Colour spaces of the library that are read, by the bits of a sample. */
const SPACES = { uchar: ['b-w', 'srgb'], ushort: ['grey16', 'rgb16'] } as const;

/**
 * A PNG, JPEG or WebP (its first picture), decoded as a whole: these formats have no windows. 8 or 16 bits, grey or RGB, with
 * or without alpha; palettes are looked up, profiles are not applied.
 *
 * @param upright whether the EXIF orientation is applied
 * @param noData the number that stands for "no data" in every band
 * @throws IMAGE_TYPE, IMAGE_TOO_LARGE, IMAGE_BANDS, IMAGE_DECODE
 */
export async function openRasterPicture(
  picture: PictureBytes,
  { upright, noData = null }: { upright: boolean; noData?: number | null },
): Promise<PictureFile> {
  const { path, bytes } = picture;
  const metadata = await readMetadata(picture);
  const { depth, space, channels } = metadata;
  const deep = depth === 'ushort';
  const spaces: readonly string[] = SPACES[deep ? 'ushort' : 'uchar'];
  if ((depth !== 'uchar' && !deep) || !spaces.includes(space) || channels > 4) {
    throw unknownBands(path, metadata);
  }
  const raw = () => openPicture(bytes, { upright }).toColourspace(space).raw({ depth });
  const { data, info } = await decoding(path, () => raw().toBuffer({ resolveWithObject: true }));
  // A copy starts at a whole number of samples.
  const copy = new Uint8Array(data);
  const samples = deep ? new Uint16Array(copy.buffer) : copy;
  const size = { widthPx: info.width, heightPx: info.height };
  const alpha = info.channels % 2 === 0 ? info.channels - 1 : null;
  const level = new RasterLevel(samples, { ...size, bands: info.channels, alpha });
  const sampleType = deep ? 'uint16' : 'uint8';
  const rest = { palette: false, noData, geoTags: null };
  return {
    info: { ...size, bands: info.channels, sampleType, alpha, ...rest },
    levels: [level],
  };
}

class RasterLevel implements Level {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly blocks = 1;

  constructor(
    /** [H, W, bands] */
    private readonly samples: Uint8Array | Uint16Array,
    private readonly layout: Pick<Window, 'widthPx' | 'heightPx'> & {
      bands: number;
      alpha: number | null;
    },
  ) {
    ({ widthPx: this.widthPx, heightPx: this.heightPx } = layout);
  }

  blockAt(): Window {
    return { x: 0, y: 0, widthPx: this.widthPx, heightPx: this.heightPx };
  }

  *windowsIn(window: Window): Iterable<Window> {
    const inside = intersect(window, this.blockAt());
    if (inside.widthPx > 0 && inside.heightPx > 0) yield inside;
  }

  async read(window: Window, bands: readonly number[]): Promise<Pixels> {
    const { alpha } = this.layout;
    const opacity = alpha === null ? null : this.band(window, alpha);
    return {
      bands: bands.map((band) => this.band(window, band)),
      valid: opacity && opaque(opacity),
    };
  }

  private band({ x, y, widthPx, heightPx }: Window, band: number): SampleArray {
    const { samples } = this;
    const Samples = samples instanceof Uint16Array ? Uint16Array : Uint8Array;
    const values = new Samples(widthPx * heightPx);
    for (let row = 0; row < heightPx; row += 1) {
      const start = ((y + row) * this.widthPx + x) * this.layout.bands + band;
      for (let i = 0; i < widthPx; i += 1) {
        values[row * widthPx + i] = samples[start + i * this.layout.bands]!;
      }
    }
    return values;
  }
}

function opaque(opacity: SampleArray): Uint8Array {
  const valid = new Uint8Array(opacity.length);
  for (let i = 0; i < valid.length; i += 1) valid[i] = opacity[i] === 0 ? 0 : 1;
  return valid;
}
