import type { Rgb } from './raster.ts';

/** The colours an expression may name, as painted before each object's own variation (±12 a channel). */
export const COLOURS = {
  red: [204, 44, 40],
  blue: [38, 84, 206],
  white: [240, 240, 236],
  yellow: [236, 208, 44],
  green: [40, 156, 62],
  black: [34, 34, 38],
  gray: [136, 138, 142],
  orange: [236, 128, 30],
} as const satisfies Record<string, Rgb>;

export type ColourName = keyof typeof COLOURS;
export const COLOUR_NAMES = Object.keys(COLOURS) as ColourName[];

/** A colour made darker (factor < 1) or lighter (> 1). */
export function shade([r, g, b]: Rgb, factor: number): Rgb {
  const scale = (v: number): number =>
    Math.max(0, Math.min(255, factor <= 1 ? v * factor : v + (255 - v) * (factor - 1)));
  return [scale(r), scale(g), scale(b)];
}
