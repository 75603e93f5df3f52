import { type Affine, apply, checked, shift } from './affine.ts';
import { type NoGeoref, noGeoref } from './no-georef.ts';

/**
 * The affine of a world file (.pgw, .jgw, .tfw, .wld): six lines a, d, b, e and the map coordinates of the CENTRE of the
 * top-left pixel.
 */
export function affineFromWorldFile(text: string): Affine | NoGeoref {
  const lines = text.trim().split(/\s+/);
  const numbers = lines.map(Number);
  if (lines.length !== 6 || numbers.some(Number.isNaN)) {
    return noGeoref(`its world file has ${lines.length} words, expected six numbers`);
  }
  const [a, d, b, e, x, y] = numbers as [number, number, number, number, number, number];
  return checked(shift([a, b, x, d, e, y], [-0.5, -0.5]));
}

/** The text of a world file, one number a line. Numbers are written so that they read back the same. */
export function toWorldFile(affine: Affine): string {
  const [a, b, , d, e] = affine;
  const [x, y] = apply(affine, [0.5, 0.5]);
  return `${[a, d, b, e, x, y].join('\n')}\n`;
}
