import { z } from 'zod';
import { apply, invert } from './affine.ts';
import { type Place, toLonLat } from './place.ts';
import { type Bounds, boundsOf, type Point } from './polygon.ts';

/** Longitude and latitude; what is in metres is refused by its range. */
const position = z
  .tuple([z.number().min(-540).max(540), z.number().min(-90).max(90)])
  .rest(z.number());
const polygon = z.array(z.array(position).min(4)).min(1);
const geometry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Polygon'), coordinates: polygon }),
  z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(polygon).min(1) }),
]);
const feature = z.object({ type: z.literal('Feature'), geometry });
const collection = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(feature).min(1).max(10_000),
});

/** A GeoJSON document that holds at least one polygon. */
export const AREA_SCHEMA = z.union([geometry, feature, collection]);
export type AreaGeoJson = z.infer<typeof AREA_SCHEMA>;

/** A part of a scene, in pixel corners. */
export interface Area {
  /** Around all of it that lies in the scene, and maybe more. */
  readonly bounds: Bounds;
  /** Whether a point [column, row] lies in it (even-odd over all rings of each polygon). */
  contains(point: Point): boolean;
}

/**
 * The polygons of a document. Their edges are straight in longitude and latitude on WGS 84 (RFC 7946), so that is where points
 * are looked for, however far beyond the scene's projection a polygon reaches. Null where none of them can meet the scene.
 */
export function areaFromGeoJson(document: AreaGeoJson, place: Place): Area | null {
  const around = boundsOf(latticeOf(place).map((pixel) => toLonLat(place, pixel)));
  const parts = geometriesOf(document)
    .flatMap((shape) => (shape.type === 'Polygon' ? [shape.coordinates] : shape.coordinates))
    .map((rings) => new GlobePolygon((rings as unknown as Point[][]).map(closed)))
    .map((shape) => ({ shape, bounds: boundsIn(place, shape, around) }));
  const meeting = parts.flatMap(({ shape, bounds }) => (bounds ? [{ shape, bounds }] : []));
  if (meeting.length === 0) return null;
  return {
    bounds: boundsOf(
      meeting.flatMap(({ bounds: [x1, y1, x2, y2] }) => [
        [x1, y1],
        [x2, y2],
      ]),
    ),
    contains: (pixel) => {
      const lonLat = toLonLat(place, pixel);
      return meeting.some(({ shape }) => shape.contains(lonLat));
    },
  };
}

/** A ring whose last point is not its first again goes on to it. */
const closed = (ring: readonly Point[]) =>
  `${ring.at(-1)}` === `${ring[0]}` ? ring : [...ring, ring[0]!];

/** Bands of latitude of a polygon, at most; it has no more than edges. */
const MAX_BANDS = 512;

type Edge = readonly [from: Point, to: Point];

/** A polygon in degrees; a point meets only the edges in its own band of latitude. */
class GlobePolygon {
  readonly bounds: Bounds;
  private readonly bands: Edge[][];

  constructor(readonly rings: readonly (readonly Point[])[]) {
    this.bounds = boundsOf(rings[0]!);
    const edges = rings.flatMap((ring) => ring.slice(1).map((to, i): Edge => [ring[i]!, to]));
    this.bands = Array.from({ length: Math.min(MAX_BANDS, edges.length) }, () => []);
    for (const edge of edges) {
      const [first, last] = edge.map(([, latitude]) => this.bandOf(latitude)).sort((a, b) => a - b);
      for (let band = first!; band <= last!; band += 1) this.bands[band]!.push(edge);
    }
  }

  /** By the even-odd rule; longitudes may be any whole turns away. */
  contains([longitude, latitude]: Point): boolean {
    const [west, south, east, north] = this.bounds;
    const x = longitude - 360 * Math.floor((longitude - west) / 360);
    if (!(x <= east && latitude >= south && latitude <= north)) return false;
    let inside = false;
    for (const [[ax, ay], [bx, by]] of this.bands[this.bandOf(latitude)]!) {
      if (ay > latitude === by > latitude) continue;
      if (x < ax + ((latitude - ay) * (bx - ax)) / (by - ay)) inside = !inside;
    }
    return inside;
  }

  private bandOf(latitude: number): number {
    const [, south, , north] = this.bounds;
    const { length } = this.bands;
    const band = Math.floor(((latitude - south) / (north - south)) * length);
    return Math.min(length - 1, Math.max(0, band || 0)); // NaN where it has no height
  }
}

/**
 * Where a polygon lies in the scene, in pixel corners: around its outline, or the whole scene where parts of that lie where the
 * projection does not hold. Null where it lies elsewhere on the Earth.
 *
 * @param around the scene in degrees
 */
function boundsIn(place: Place, { rings, bounds }: GlobePolygon, around: Bounds): Bounds | null {
  const [west, south, east, north] = bounds;
  const outline =
    east - west < 180 ? split(rings[0]!).map((point) => toPixel(place, point)) : [null];
  const there = outline.filter((point) => point !== null);
  const [w, s, e, n] = around;
  const { widthPx, heightPx } = place;
  if (there.length === outline.length) {
    const [x1, y1, x2, y2] = boundsOf(there);
    return x1 < widthPx && y1 < heightPx && x2 > 0 && y2 > 0 ? [x1, y1, x2, y2] : null;
  }
  const turn = 360 * Math.floor((e - west) / 360);
  const meets = east + turn >= w && north >= s && south <= n;
  return meets ? [0, 0, widthPx, heightPx] : null;
}

/** Pixel corners over the whole scene: its longitudes and latitudes, near enough. */
function latticeOf({ widthPx, heightPx }: Place): Point[] {
  return Array.from({ length: 33 * 33 }, (_, i) => [
    ((i % 33) / 32) * widthPx,
    (Math.floor(i / 33) / 32) * heightPx,
  ]);
}

/** Null where the projection does not bring it back to where it was. */
function toPixel(place: Place, [longitude, latitude]: Point): Point | null {
  const onMap = place.crs.fromLonLat([longitude, latitude]);
  if (!onMap.every(Number.isFinite)) return null;
  const [x, y] = place.crs.toLonLat(onMap);
  const turns = (x - longitude) / 360;
  const east = 360 * (turns - Math.round(turns)) * Math.cos((latitude * Math.PI) / 180);
  return Math.hypot(east, y - latitude) <= SAME_DEGREES ? apply(invert(place.affine), onMap) : null;
}

/** A metre. */
const SAME_DEGREES = 1e-5;

/** Edges are not straight in the scene: a point each 500th of a degree, half a millimetre beside them, at most 4096 an edge. */
function split(ring: readonly Point[]): Point[] {
  return ring.flatMap((from, i): Point[] => {
    const to = ring[i + 1];
    if (!to) return [from];
    const [x, y] = [to[0] - from[0], to[1] - from[1]];
    const pieces = Math.min(4096, Math.max(1, Math.ceil(500 * Math.max(Math.abs(x), Math.abs(y)))));
    return Array.from({ length: pieces }, (_, k) => [
      from[0] + (x * k) / pieces,
      from[1] + (y * k) / pieces,
    ]);
  });
}

function geometriesOf(document: AreaGeoJson) {
  if (document.type === 'FeatureCollection') return document.features.map((f) => f.geometry);
  return [document.type === 'Feature' ? document.geometry : document];
}
