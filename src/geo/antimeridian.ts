import { polygonsFrom } from './planar-polygons.ts';
import { type Bounds, boundsOf, type Point, type Polygon, type Ring, ringsOf } from './polygon.ts';

/** Points this near the edge of the map are on it: with 7 decimals they would be. */
const SLACK_DEGREES = 5e-8;

/** A part of a ring from one point on the edge of the map to the next; between them it is inside. */
type Chain = readonly Point[];

/**
 * A region on the globe as polygons on the map from -180° to 180° and -90° to 90°, cut where it crosses the antimeridian
 * (RFC 7946, 3.1.9). Outer rings are counter-clockwise, holes clockwise. A region with a pole in it reaches the map's upper
 * or lower edge there.
 *
 * Rings are cut into chains where they meet the edge of the map; the parts of the edge that lie in the region close them.
 *
 * @param rings of one region as of `lonLatRings`, outer ring first, the region at the left hand
 */
export function cutAtAntimeridian(rings: readonly Ring[]): Polygon[] {
  const onMap = rings.map((ring) => ring.map(toMap));
  const cut = onMap.map(cutRing);
  const whole = onMap.filter((_, i) => cut[i] === undefined);
  const chains = cut.flatMap((parts) => parts ?? []);
  // An outline that lies on the edge altogether: the region is the map, but for its holes.
  const isMap = cut[0]?.length === 0;
  const around = isMap && chains.length === 0 ? [CORNERS] : [];
  if (chains.length === 0 && !isMap) return [{ outer: whole[0]!, holes: whole.slice(1) }];
  return polygonsFrom([...chains, ...edgeParts(chains, isMap)], [...whole, ...around]);
}

/** Whole turns taken away; what is nearly on the edge is on it, in the west where it could be either. */
function toMap([longitude, latitude]: Point): Point {
  const x = longitude - 360 * Math.floor((longitude + 180 + SLACK_DEGREES) / 360);
  return [
    Math.abs(x + 180) <= SLACK_DEGREES ? -180 : x,
    Math.abs(latitude) >= 90 - SLACK_DEGREES ? 90 * Math.sign(latitude) : latitude,
  ];
}

const isOnEdge = ([x, y]: Point) => Math.abs(x) === 180 || Math.abs(y) === 90;

/** The chains of a ring; undefined where it keeps away from the edge. Sides that lie on the edge are no part of them. */
function cutRing(ring: Ring): Chain[] | undefined {
  const lines = ring.flatMap((point, i) => linesOf(point, ring[(i + 1) % ring.length]!));
  const start = lines.findIndex(([from]) => isOnEdge(from));
  if (start === -1) return lines.length > 0 ? undefined : [];
  const chains: Point[][] = [];
  for (const [from, to] of [...lines.slice(start), ...lines.slice(0, start)]) {
    if (isOnEdge(from)) chains.push([from]);
    chains.at(-1)!.push(to);
  }
  return chains;
}

/** What of a line lies inside the map: two parts where it passes the antimeridian, none where it runs along the edge. */
function linesOf(start: Point, end: Point): (readonly [Point, Point])[] {
  const isAlongEdge =
    (Math.abs(start[0]) === 180 && Math.abs(end[0]) === 180) ||
    (Math.abs(start[1]) === 90 && start[1] === end[1]);
  if (isAlongEdge) return [];
  const [from, to] = [seenFrom(end, start), seenFrom(start, end)];
  if (Math.abs(to[0] - from[0]) <= 180) return [[from, to]];
  const side = from[0] > 0 ? 180 : -180;
  // `to` a turn further, where the line is straight.
  const along = (side - from[0]) / (to[0] + 2 * side - from[0]);
  const latitude = from[1] + along * (to[1] - from[1]);
  return [
    [from, [side, latitude]],
    [[-side, latitude], to],
  ];
}

/** A point on the antimeridian is in the east for what comes from there. */
function seenFrom([x]: Point, point: Point): Point {
  return Math.abs(point[0]) === 180 ? [x > 0 ? 180 : -180, point[1]] : point;
}

/** Round the map's edge counter-clockwise from its lower right corner: east side 0..180, top ..540, west ..720, bottom. */
const SIDES = [180, 540, 720, 1080];
const CORNERS: readonly Point[] = [
  [180, 90],
  [-180, 90],
  [-180, -90],
  [180, -90],
];

function alongEdge([x, y]: Point): number {
  if (y === 90) return 360 - x;
  if (y === -90) return 900 + x;
  return x > 0 ? y + 90 : 630 - y;
}

/**
 * The parts of the map's edge that lie in the region, counter-clockwise, between the points at which chains end and start:
 * where a chain ends the region begins, where one starts it is over, and where as many end as start nothing changes.
 */
function edgeParts(chains: readonly Chain[], isMap: boolean): Chain[] {
  const stops = new Map<number, { point: Point; change: number }>();
  for (const chain of chains) {
    for (const [point, change] of [
      [chain[0]!, -1],
      [chain.at(-1)!, 1],
    ] as const) {
      const at = alongEdge(point);
      stops.set(at, { point, change: (stops.get(at)?.change ?? 0) + change });
    }
  }
  const order = [...stops].sort(([a], [b]) => a - b);
  const first = order.find(([, { change }]) => change !== 0);
  // Where rings only touch the edge nothing changes all the way round.
  let isInside = first ? first[1].change < 0 : isMap;
  return order.flatMap(([at, { point, change }], i): Chain[] => {
    isInside = change === 0 ? isInside : change > 0;
    if (!isInside) return [];
    const [next, { point: end }] = order[(i + 1) % order.length]!;
    const until = i + 1 < order.length ? next : next + SIDES[3]!;
    return [[point, ...cornersBetween(at, until), end]];
  });
}

function cornersBetween(start: number, stop: number): Point[] {
  const twice = [...SIDES, ...SIDES.map((side) => side + SIDES[3]!)];
  return twice.flatMap((side, i) => (side > start && side < stop ? [CORNERS[i % 4]!] : []));
}

/**
 * The smallest [west, south, east, north] around polygons in -180°..180°: what is left of the circle when its widest gap is
 * taken out, so west is larger than east where they lie on both sides of the antimeridian.
 */
export function lonLatBounds(polygons: readonly Polygon[]): Bounds {
  const boxes = polygons.map(({ outer }) => boundsOf(outer)).sort((a, b) => a[0] - b[0]);
  const [, south, , north] = boundsOf(polygons.flatMap(ringsOf).flat());
  let [west, east] = [boxes[0]![0], boxes[0]![2]];
  let gap = { width: -1, west: 0, east: 0 };
  for (const [left, , right] of boxes) {
    if (left - east > gap.width && left > east)
      gap = { width: left - east, west: east, east: left };
    east = Math.max(east, right);
  }
  // The gap across the antimeridian, if it is wider than those inside, leaves the plain bounds.
  if (gap.width > 360 - (east - west)) [west, east] = [gap.east, gap.west];
  return [west, south, east, north];
}
