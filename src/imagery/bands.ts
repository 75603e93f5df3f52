import { ZeroovError } from '../errors.ts';
import type { PictureInfo } from './picture-file.ts';

const EXPECTED = 'one band (grey) or three (red, green, blue), counted from 1, e.g. 4,3,2';

/** `4,3,2` → [4, 3, 2]. @throws OPTION_INVALID */
export function parseBands(text: string): number[] {
  const bands = text.split(',').map((part) => (/^\s*\d{1,4}\s*$/.test(part) ? Number(part) : 0));
  return checkBands(bands, text);
}

/**
 * The bands that are shown, as indices: those asked for (counted from 1, as everywhere outside this room), else the first
 * three that are not alpha, or of fewer the first as grey. A palette is one band of colours.
 *
 * @throws OPTION_INVALID
 */
export function chooseBands(
  { bands, alpha, palette }: Pick<PictureInfo, 'bands' | 'alpha' | 'palette'>,
  asked?: readonly number[],
): number[] {
  if (asked) {
    const got = asked.join(',');
    checkBands(asked, got);
    if (asked.some((band) => band > bands)) {
      const expected = `bands 1 to ${bands}, which is what the picture has`;
      throw new ZeroovError('OPTION_INVALID', { option: '--bands', expected, got });
    }
    return asked.map((band) => band - 1);
  }
  const colours = Array.from({ length: bands }, (_, band) => band).filter((band) => band !== alpha);
  return colours.length >= 3 && !palette ? colours.slice(0, 3) : [colours[0] ?? 0];
}

function checkBands(bands: readonly number[], got: string): number[] {
  const whole = bands.every((band) => Number.isInteger(band) && band > 0);
  if (whole && (bands.length === 1 || bands.length === 3)) return [...bands];
  throw new ZeroovError('OPTION_INVALID', { option: '--bands', expected: EXPECTED, got });
}
