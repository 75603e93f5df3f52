/** Masks for tests, and a plain way to fill polygons, written apart from what it checks. */
import fc from 'fast-check';
import type { Mask } from '../tensor/image.ts';
import { type Point, type Polygon, ringsOf } from './polygon.ts';

/** A mask from rows of "#" (1) and anything else (0). */
export function maskOf(rows: readonly string[]): Mask {
  const data = Uint8Array.from(rows.join(''), (character) => (character === '#' ? 1 : 0));
  return { widthPx: rows[0]!.length, heightPx: rows.length, data };
}

/** Masks of up to 14 × 14 pixels, from nearly empty to nearly full. */
export const anyMask: fc.Arbitrary<Mask> = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 14 }),
    heightPx: fc.integer({ min: 1, max: 14 }),
    percent: fc.integer({ min: 5, max: 95 }),
  })
  .chain(({ widthPx, heightPx, percent }) =>
    fc
      .array(fc.integer({ min: 0, max: 99 }), {
        minLength: widthPx * heightPx,
        maxLength: widthPx * heightPx,
      })
      .map((rolls) => ({
        widthPx,
        heightPx,
        data: Uint8Array.from(rolls, (roll) => (roll < percent ? 1 : 0)),
      })),
  );

/** How often each pixel's centre lies inside a polygon: even-odd over all rings, row by row. */
export function fill(polygons: readonly Polygon[], widthPx: number, heightPx: number): Uint8Array {
  const data = new Uint8Array(widthPx * heightPx);
  for (const polygon of polygons) {
    for (let row = 0; row < heightPx; row += 1) {
      const crossings = ringsOf(polygon)
        .flatMap((ring) => crossingsAt(ring, row + 0.5))
        .sort((a, b) => a - b);
      for (let column = 0; column < widthPx; column += 1) {
        const left = crossings.filter((x) => x < column + 0.5).length;
        if (left % 2 === 1) data[row * widthPx + column]! += 1;
      }
    }
  }
  return data;
}

function crossingsAt(ring: readonly Point[], y: number): number[] {
  return ring.flatMap(([x2, y2], i) => {
    const [x1, y1] = ring.at(i - 1)!;
    return y1 > y === y2 > y ? [] : [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)];
  });
}
