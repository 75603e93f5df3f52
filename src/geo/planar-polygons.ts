import { isInside, type Point, type Polygon, type Ring, signedArea } from './polygon.ts';

/** A line that ends where others begin. */
type Line = readonly Point[];

/**
 * Valid polygons from the border of a region: lines and closed rings with the region at their left hand, which may touch but
 * not cross. Parts that meet in a point only are polygons of their own, and no ring passes a point twice.
 */
export function polygonsFrom(lines: readonly Line[], rings: readonly Ring[]): Polygon[] {
  const closed = rings.map((ring): Line => [...ring, ring[0]!]);
  const faces = link(breakAtMeetings([...lines, ...closed]));
  const loops = faces.flatMap(splitAtRepeats).filter((ring) => ring.length >= 3);
  const polygons = loops
    .filter((ring) => signedArea(ring) > 0)
    .map((outer) => ({ outer, holes: [] as Ring[] }));
  for (const hole of loops.filter((ring) => signedArea(ring) < 0)) {
    innermost(polygons, hole).holes.push(hole);
  }
  return polygons;
}

const keyOf = (point: Point) => `${point}`;

/** Lines from one point where several begin to the next. */
function breakAtMeetings(lines: readonly Line[]): Line[] {
  const leaving = new Map<string, number>();
  for (const point of lines.flatMap((line) => line.slice(0, -1))) {
    leaving.set(keyOf(point), (leaving.get(keyOf(point)) ?? 0) + 1);
  }
  return lines.flatMap((line) => {
    const parts: Point[][] = [[line[0]!]];
    line.slice(1).forEach((point, i) => {
      parts.at(-1)!.push(point);
      const isLast = i === line.length - 2;
      if (!isLast && leaving.get(keyOf(point))! > 1) parts.push([point]);
    });
    return parts;
  });
}

/** Closed walks along lines; where several begin, the one furthest to the left goes on around the same region. */
function link(lines: readonly Line[]): Ring[] {
  const from = new Map<string, Line[]>();
  for (const line of lines) {
    const key = keyOf(line[0]!);
    from.set(key, [...(from.get(key) ?? []), line]);
  }
  const left = new Set(lines);
  const rings: Ring[] = [];
  for (const first of left) {
    let ring: Point[] = [];
    for (let line: Line | undefined = first; line && left.delete(line); ) {
      ring = ring.concat(line.slice(0, -1));
      line = leftmost(line, from.get(keyOf(line.at(-1)!)) ?? []);
    }
    rings.push(ring);
  }
  return rings;
}

function leftmost(line: Line, candidates: readonly Line[]): Line | undefined {
  const [[x1, y1], [x2, y2]] = line.slice(-2) as [Point, Point];
  const [dx, dy] = [x2 - x1, y2 - y1];
  const turn = ([start, next]: Line): number => {
    const [ex, ey] = [next![0] - start![0], next![1] - start![1]];
    return Math.atan2(dx * ey - dy * ex, dx * ex + dy * ey);
  };
  return [...candidates].sort((a, b) => turn(b) - turn(a))[0];
}

/** Rings that pass no point twice: an outline and the hole that touches it are one walk. */
function splitAtRepeats(ring: Ring): Ring[] {
  const loops: Ring[] = [];
  const points: Point[] = [];
  const seen = new Map<string, number>();
  for (const point of ring) {
    const at = seen.get(keyOf(point));
    if (at !== undefined && at < points.length && keyOf(points[at]!) === keyOf(point)) {
      loops.push(points.splice(at));
    }
    seen.set(keyOf(point), points.length);
    points.push(point);
  }
  return [...loops, points];
}

/** The polygon around a hole; of several, the smallest. */
function innermost<P extends Polygon>(polygons: readonly P[], hole: Ring): P {
  // A corner of a hole may lie on another ring, the middle of a side does not.
  const [[x1, y1], [x2, y2]] = hole as unknown as readonly [Point, Point];
  const middle: Point = [(x1 + x2) / 2, (y1 + y2) / 2];
  const around = polygons.filter(({ outer }) => isInside(middle, outer));
  return around.sort((a, b) => signedArea(a.outer) - signedArea(b.outer))[0] ?? polygons[0]!;
}
