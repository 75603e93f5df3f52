/** Columns and rows, map units or degrees: every function says which. */
export type Point = readonly [x: number, y: number];

/** A closed line; the last point joins the first, which is not repeated. */
export type Ring = readonly Point[];

export interface Polygon {
  readonly outer: Ring;
  readonly holes: readonly Ring[];
}

/** [x1, y1, x2, y2]: smallest and largest of each axis. */
export type Bounds = readonly [x1: number, y1: number, x2: number, y2: number];

export const ringsOf = (polygon: Polygon): Ring[] => [polygon.outer, ...polygon.holes];

/** Every ring with `change` applied. */
export function mapRings(polygon: Polygon, change: (ring: Ring) => Ring): Polygon {
  return { outer: change(polygon.outer), holes: polygon.holes.map(change) };
}

/**
 * The area a ring encloses, in the square of its unit (shoelace formula, taken from the first point so that large
 * coordinates lose nothing). Positive: counter-clockwise where y points up.
 */
export function signedArea(ring: Ring): number {
  const [x0, y0] = ring[0] ?? [0, 0];
  let twice = 0;
  let [px, py] = [0, 0];
  for (const [x, y] of ring) {
    twice += px * (y - y0) - (x - x0) * py;
    [px, py] = [x - x0, y - y0];
  }
  return twice / 2;
}

/** Outer ring counter-clockwise, holes clockwise, where y points up. */
export function orient(polygon: Polygon): Polygon {
  const turned = (ring: Ring, sign: 1 | -1): Ring =>
    signedArea(ring) * sign < 0 ? [...ring].reverse() : ring;
  return {
    outer: turned(polygon.outer, 1),
    holes: polygon.holes.map((hole) => turned(hole, -1)),
  };
}

/** The bounds of all points; infinite and inside out where there are none. */
export function boundsOf(points: Iterable<Point>): Bounds {
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    x1 = Math.min(x1, x);
    y1 = Math.min(y1, y);
    x2 = Math.max(x2, x);
    y2 = Math.max(y2, y);
  }
  return [x1, y1, x2, y2];
}

/** Whether a point lies inside a ring (even-odd rule); on the line itself either answer may come. */
export function isInside([x, y]: Point, ring: Ring): boolean {
  let inside = false;
  let [px, py] = ring[ring.length - 1]!;
  for (const [qx, qy] of ring) {
    if (qy > y !== py > y && x < qx + ((y - qy) * (px - qx)) / (py - qy)) inside = !inside;
    [px, py] = [qx, qy];
  }
  return inside;
}
