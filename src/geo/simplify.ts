import { boundsOf, isInside, type Point, type Polygon, type Ring, signedArea } from './polygon.ts';

export interface SimplifyOptions {
  /** No corner that goes is further than this from the line that stays, in metres. */
  readonly toleranceMetres: number;
  /** Pixels → metres, as of `groundFrame`. */
  readonly toMetres: (pixel: Point) => Point;
}

/** How near a new line may come to a corner that is not its own, in pixels; rounding to degrees moves less than this. */
const CLEARANCE_PX = 0.25;
const CELL_PX = 8;

/** A ring and which of its points stay. */
interface Thinned {
  readonly points: Ring;
  readonly metres: Ring;
  readonly stays: Uint8Array;
}

/** Points from..to of a ring, counted on beyond its end, of which only the two ends stay. */
interface Chain {
  readonly ring: Thinned;
  readonly from: number;
  readonly to: number;
}

/**
 * Fewer corners for outlines of `traceMask`, with their topology: all polygons of a mask go in together, and afterwards no
 * line crosses another, holes are in their polygons and islands in their holes.
 *
 * The rule: Douglas–Peucker on each ring, in metres; a line may stand for a chain of corners only if no corner that stays,
 * of this ring or any other, lies between the two or nearer to the line than ¼ px; else the corner furthest from the line
 * stays too, and so on. Corners where rings touch stay, with their neighbours. Points of the result are points of the
 * input, in the same order.
 */
export function simplify(
  polygons: readonly Polygon[],
  { toleranceMetres, toMetres }: SimplifyOptions,
): Polygon[] {
  const rings = new Map<Ring, Thinned>();
  for (const ring of polygons.flatMap(({ outer, holes }) => [outer, ...holes])) {
    const stays = new Uint8Array(ring.length);
    rings.set(ring, { points: ring, metres: ring.map(toMetres), stays });
  }
  const all = [...rings.values()];
  keepTouching(all);
  for (const ring of all) {
    if (!ring.stays.includes(1)) ring.stays[0] = 1;
    thin(chainsOf(ring), toleranceMetres);
  }
  // Each pass keeps at least one corner more, so it ends with the input at the latest.
  for (let changed = true; changed; ) changed = refine(all, toleranceMetres);
  const result = (ring: Ring) => ring.filter((_, i) => rings.get(ring)!.stays[i] !== 0);
  return polygons.map(({ outer, holes }) => ({ outer: result(outer), holes: holes.map(result) }));
}

/** Keeps the corners that two rings share, and their neighbours: the rings meet there as they did, and nowhere else. */
function keepTouching(rings: readonly Thinned[]): void {
  const times = new Map<string, number>();
  for (const { points } of rings) {
    for (const point of points) times.set(`${point}`, (times.get(`${point}`) ?? 0) + 1);
  }
  for (const { points, stays } of rings) {
    points.forEach((point, i) => {
      if (times.get(`${point}`)! < 2) return;
      for (const step of [-1, 0, 1]) stays[(i + step + points.length) % points.length] = 1;
    });
  }
}

/** Douglas–Peucker: keeps the furthest corner of a chain while it is beyond the tolerance, on both sides of it. */
function thin(chains: Chain[], toleranceMetres: number): void {
  for (let chain = chains.pop(); chain; chain = chains.pop()) {
    const { index, metres } = furthest(chain);
    if (metres > toleranceMetres) chains.push(...split(chain, index));
  }
}

/** Keeps a corner of a chain; the two chains that it parts. */
function split(chain: Chain, index: number): [Chain, Chain] {
  chain.ring.stays[index % chain.ring.points.length] = 1;
  return [
    { ...chain, to: index },
    { ...chain, from: index },
  ];
}

/** Keeps what the rule asks for; false when there is nothing to keep. */
function refine(rings: readonly Thinned[], toleranceMetres: number): boolean {
  const corners = new Corners(rings);
  let changed = false;
  for (const ring of rings) {
    const chains = chainsOf(ring);
    const broken = chains.filter((chain) => corners.standInTheWay(chain));
    if (broken.length === 0 && isSound(ring)) continue;
    for (const chain of broken.length > 0 ? broken : chains) {
      const { index } = furthest(chain);
      if (index === chain.from) continue;
      thin(split(chain, index), toleranceMetres);
      changed = true;
    }
  }
  return changed;
}

/** A ring of at least three corners that still runs the same way round. */
function isSound({ points, stays }: Thinned): boolean {
  const kept = points.filter((_, i) => stays[i] !== 0);
  return kept.length >= 3 && Math.sign(signedArea(kept)) === Math.sign(signedArea(points));
}

function chainsOf(ring: Thinned): Chain[] {
  const kept = [...ring.stays.keys()].filter((i) => ring.stays[i] !== 0);
  return kept.map((from, k) => ({
    ring,
    from,
    to: kept[k + 1] ?? kept[0]! + ring.points.length,
  }));
}

/** The point between the ends of a chain that is furthest from their line; `from` where there is none. */
function furthest({ ring, from, to }: Chain): { index: number; metres: number } {
  const { metres } = ring;
  const [p, q] = [metres[from % metres.length]!, metres[to % metres.length]!];
  let [index, largest] = [from, -1];
  for (let i = from + 1; i < to; i += 1) {
    const distance = distanceTo(metres[i % metres.length]!, p, q);
    if (distance > largest) [index, largest] = [i, distance];
  }
  return { index, metres: largest };
}

/** From a point to a segment. */
function distanceTo([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const square = dx * dx + dy * dy;
  const along = square === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / square;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}

/** The corners that stay, by cells of a grid. */
class Corners {
  private readonly cells = new Map<string, Point[]>();

  constructor(rings: readonly Thinned[]) {
    for (const { points, stays } of rings) {
      points.forEach((point, i) => {
        if (stays[i] === 0) return;
        const key = `${point.map(cellOf)}`;
        const cell = this.cells.get(key);
        if (cell) cell.push(point);
        else this.cells.set(key, [point]);
      });
    }
  }

  /** Whether one is in the way of the line that is to stand for a chain. */
  standInTheWay({ ring, from, to }: Chain): boolean {
    if (to - from < 2) return false;
    const { points } = ring;
    const chain = Array.from(
      { length: to - from + 1 },
      (_, i) => points[(from + i) % points.length]!,
    );
    const [start, end] = [chain[0]!, chain.at(-1)!];
    const isEnd = ([x, y]: Point) =>
      (x === start[0] && y === start[1]) || (x === end[0] && y === end[1]);
    for (const corner of this.near(chain)) {
      if (isEnd(corner)) continue;
      if (distanceTo(corner, start, end) < CLEARANCE_PX || isInside(corner, chain)) return true;
    }
    return false;
  }

  /** The corners within a chain's bounds. */
  private *near(chain: readonly Point[]): Generator<Point> {
    const [left, top, right, bottom] = boundsOf(chain);
    for (let row = cellOf(top); row <= cellOf(bottom); row += 1) {
      for (let column = cellOf(left); column <= cellOf(right); column += 1) {
        for (const corner of this.cells.get(`${column},${row}`) ?? []) {
          const [x, y] = corner;
          if (x >= left && x <= right && y >= top && y <= bottom) yield corner;
        }
      }
    }
  }
}

const cellOf = (value: number) => Math.floor(value / CELL_PX);
