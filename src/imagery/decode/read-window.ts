import type { Size } from '../../tensor/image.ts';
import { AreaAverage } from '../area-average.ts';
import type { Level, PictureFile } from '../picture-file.ts';
import type { Window } from '../window.ts';

export interface WindowRequest {
  /** Pixels of the full-resolution picture; may reach outside. */
  readonly window: Window;
  readonly out: Size;
  /** Indices; of a palette they do not matter. */
  readonly bands: readonly number[];
}

/** Numbers of a window at the size asked for, [H, W] by band. */
export interface WindowPixels {
  /** Bytes where the picture has bytes, rounded; else floats, which hold 16-bit integers exactly. */
  readonly bands: readonly (Uint8Array | Float32Array)[];
  /** 1 where a pixel has a picture: not outside, masked, transparent, never written or "no data" in all bands. */
  readonly valid: Uint8Array;
}

/** An overview this much smaller than asked for is still enough: sizes of overviews are rounded. */
const NEARLY = 0.99;

/**
 * Reads a window from the smallest level that has a pixel for every pixel of `out`, resampled as `AreaAverage` says.
 *
 * @param alive called after every block; what happens between two calls is bounded by one block
 * @throws IMAGE_DECODE, DECODE_OVERFLOW
 */
export async function readWindow(
  { info, levels }: PictureFile,
  { window, out, bands }: WindowRequest,
  alive: () => void = () => undefined,
): Promise<WindowPixels> {
  const regionIn = (level: Level): Window => {
    const [x, y] = [level.widthPx / info.widthPx, level.heightPx / info.heightPx];
    return {
      x: window.x * x,
      y: window.y * y,
      widthPx: window.widthPx * x,
      heightPx: window.heightPx * y,
    };
  };
  const isEnough = (level: Level) => {
    const region = regionIn(level);
    return region.widthPx >= out.widthPx * NEARLY && region.heightPx >= out.heightPx * NEARLY;
  };
  const level = levels.findLast(isEnough) ?? levels[0];
  const region = regionIn(level);
  const { noData, palette } = info;
  const average = new AreaAverage({ region, out, bands: palette ? 3 : bands.length, noData });
  for (const part of level.windowsIn(outward(region))) {
    average.add(part, await level.read(part, bands));
    alive();
  }
  const { bands: means, valid } = average.finish();
  const shown = info.sampleType === 'uint8' ? means.map(toBytes) : means;
  return { bands: shown, valid: valid.data };
}

/** The whole pixels that a region touches. */
function outward(region: Window): Window {
  const [x, y] = [Math.floor(region.x), Math.floor(region.y)];
  return {
    x,
    y,
    widthPx: Math.ceil(region.x + region.widthPx) - x,
    heightPx: Math.ceil(region.y + region.heightPx) - y,
  };
}

function toBytes(means: Float32Array): Uint8Array {
  const bytes = new Uint8Array(means.length);
  for (let i = 0; i < means.length; i += 1) bytes[i] = Math.round(means[i]!);
  return bytes;
}
