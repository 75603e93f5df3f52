import type { SampleArray } from '../picture-file.ts';
import type { SamplesLayout } from './read-samples-layout.ts';

/** Whether the numbers of a grey that is stored are not the ones that are shown. */
function isPainted({ bits, photometric, colorMap }: SamplesLayout): boolean {
  return colorMap === null && (bits < 8 || (bits === 8 && photometric === 'white-is-zero'));
}

/**
 * Stored numbers → numbers to show: a palette's colours, samples of 1, 2 or 4 bits spread over 0..255, and white where 8 bits
 * or fewer say that zero is white. Anything else is shown as it is.
 *
 * @returns as many bands as given, of a palette red, green and blue
 */
export function paintBands(
  bands: readonly SampleArray[],
  samples: SamplesLayout,
): readonly SampleArray[] {
  const { colorMap } = samples;
  if (colorMap) {
    const colours = colorMap.length / 3;
    const table = bytesOf(colorMap);
    return [0, 1, 2].map((c) => bands[0]!.map((i) => table[c * colours + i]!));
  }
  if (!isPainted(samples)) return bands;
  return bands.map((band) => band.map((value) => paintValue(value, samples)));
}

/** One number as `paintBands` would show it; of a palette the index as it is. */
export function paintValue(value: number, samples: SamplesLayout): number {
  if (!isPainted(samples)) return value;
  const spread = (value * 255) / (2 ** samples.bits - 1);
  return samples.photometric === 'white-is-zero' ? 255 - spread : spread;
}

/** TIFF's colours have 16 bits; of writers that put 8 bits there instead, no number is above 255. */
function bytesOf(colorMap: Float64Array): Uint8Array {
  const eightBit = colorMap.every((value) => value < 256);
  return Uint8Array.from(colorMap, (value) => (eightBit ? value : value >> 8));
}
