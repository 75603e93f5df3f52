import { apply } from './affine.ts';
import type { Crs } from './crs.ts';
import type { Place } from './place.ts';
import {
  boundsOf,
  mapRings,
  orient,
  type Point,
  type Polygon,
  type Ring,
  ringsOf,
} from './polygon.ts';

/** How far a straight line in degrees may leave the straight line on the map, in pixels. */
const OFF_PX = 0.005;
/** A line this short does not bend, away from the poles. */
const SHORT_PX = 4;
const [SMALL_DEGREES, LARGE_DEGREES] = [0.5, 45];
/** How near a pole a point is the pole, in pixels. */
const AT_POLE_PX = 1e-6;

/**
 * The rings of a polygon on the globe in degrees, outer ring first, the region at their left hand; longitudes may be whole
 * turns away from -180°..180°. Points are added where a straight line of the map bends in degrees. Where a ring goes through
 * a pole it has two points there: on the meridian on which it comes, and on the one on which it goes.
 *
 * @param polygon in pixel corners, as traced: either way round
 */
export function lonLatRings(polygon: Polygon, place: Place): Ring[] {
  const { affine, crs } = place;
  const onMap = orient(mapRings(polygon, (ring) => ring.map((point) => apply(affine, point))));
  const [a, b, , d, e] = affine;
  const pixel = Math.sqrt(Math.abs(a * e - b * d));
  const walker = new Walker({ crs, pixel, poles: polesNear(onMap.outer, crs, pixel) });
  return ringsOf(onMap).map((ring) => walker.walk(ring));
}

/** A pole that a map shows as one point. */
interface Pole {
  readonly at: Point;
  readonly latitude: 90 | -90;
}

function polesNear(outer: Ring, crs: Crs, pixel: number): Pole[] {
  const [x1, y1, x2, y2] = boundsOf(outer);
  return ([90, -90] as const).flatMap((latitude) => {
    const at = crs.fromLonLat([0, latitude]);
    const other = crs.fromLonLat([90, latitude]);
    const isPoint = Math.hypot(at[0] - other[0], at[1] - other[1]) < AT_POLE_PX * pixel;
    const inside =
      at[0] >= x1 - pixel && at[0] <= x2 + pixel && at[1] >= y1 - pixel && at[1] <= y2 + pixel;
    return isPoint && inside ? [{ at, latitude }] : [];
  });
}

class Walker {
  constructor(
    private readonly map: {
      readonly crs: Crs;
      readonly pixel: number;
      readonly poles: readonly Pole[];
    },
  ) {}

  walk(ring: Ring): Ring {
    const { crs } = this.map;
    const stops = ring.flatMap((point, i) => this.between(point, ring[(i + 1) % ring.length]!));
    return stops.flatMap((stop, i) => {
      const pole = this.poleAt(stop);
      if (!pole) return [crs.toLonLat(stop)];
      const [before, after] = [stops.at(i - 1)!, stops[(i + 1) % stops.length]!];
      return [before, after].map((beside): Point => [crs.toLonLat(beside)[0], pole.latitude]);
    });
  }

  /** The start of a line and the points to add on it, its end left out. */
  private between(start: Point, end: Point): Point[] {
    const pole = this.map.poles.find(({ at }) => this.isBetween(at, start, end));
    if (pole) return [...this.halve(start, pole.at), ...this.halve(pole.at, end)];
    return this.halve(start, end);
  }

  private halve(start: Point, end: Point): Point[] {
    const points: Point[] = [];
    const open: [Point, Point][] = [[start, end]];
    for (let line = open.pop(); line; line = open.pop()) {
      const [from, to] = line;
      const middle: Point = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      if (this.isStraight(from, middle, to)) points.push(from);
      else open.push([middle, to], [from, middle]);
    }
    return points;
  }

  private isStraight(from: Point, middle: Point, to: Point): boolean {
    const { crs, pixel } = this.map;
    // A meridian that ends in a pole is straight; its other points all have one longitude.
    if (this.poleAt(from) || this.poleAt(to)) return true;
    const [a, b] = [crs.toLonLat(from), crs.toLonLat(to)];
    const turn = Math.abs(halfTurn(b[0] - a[0]));
    const lengthPx = Math.hypot(to[0] - from[0], to[1] - from[1]) / pixel;
    if (lengthPx < AT_POLE_PX || (turn < SMALL_DEGREES && lengthPx <= SHORT_PX)) return true;
    if (turn > LARGE_DEGREES) return false;
    const [x, y] = crs.fromLonLat([a[0] + halfTurn(b[0] - a[0]) / 2, (a[1] + b[1]) / 2]);
    return Math.hypot(x - middle[0], y - middle[1]) <= OFF_PX * pixel;
  }

  private poleAt([x, y]: Point): Pole | undefined {
    const near = AT_POLE_PX * this.map.pixel;
    return this.map.poles.find(({ at }) => Math.hypot(at[0] - x, at[1] - y) <= near);
  }

  /** Whether a pole lies on a line, away from its ends. */
  private isBetween(pole: Point, start: Point, end: Point): boolean {
    if (this.poleAt(start) || this.poleAt(end)) return false;
    const [dx, dy] = [end[0] - start[0], end[1] - start[1]];
    const [px, py] = [pole[0] - start[0], pole[1] - start[1]];
    const length = Math.hypot(dx, dy);
    const along = (px * dx + py * dy) / length;
    const off = Math.abs(px * dy - py * dx) / length;
    return off <= AT_POLE_PX * this.map.pixel && along > 0 && along < length;
  }
}

/** Degrees as -180..180. */
const halfTurn = (degrees: number) => degrees - 360 * Math.round(degrees / 360);
