import { cutAtAntimeridian, lonLatBounds } from './antimeridian.ts';
import { groundFrame } from './ground-frame.ts';
import { lonLatRings } from './lon-lat-rings.ts';
import type { Place } from './place.ts';
import { type Bounds, type Polygon, type Ring, ringsOf, signedArea } from './polygon.ts';

/** A region that was found, in pixel corners, and what is known of it. */
export interface Region {
  readonly polygon: Polygon;
  readonly properties: RegionProperties;
}

/** The keys as they stand in GeoJSON and GeoPackage. */
export interface RegionProperties {
  readonly expression: string;
  /** Null where the method gives none. */
  readonly score: number | null;
  readonly area_m2: number;
  readonly source: string;
  readonly checkpoint: string;
  readonly preset: string;
}

type Position = [longitude: number, latitude: number];
export type Geometry =
  | { type: 'Polygon'; coordinates: Position[][] }
  | { type: 'MultiPolygon'; coordinates: Position[][][] };

export interface FeatureCollection {
  readonly type: 'FeatureCollection';
  /** Left out where there is no feature. */
  readonly bbox?: Bounds;
  readonly features: readonly {
    readonly type: 'Feature';
    readonly bbox: Bounds;
    readonly geometry: Geometry;
    readonly properties: RegionProperties;
  }[];
}

/** 1.1 cm; more only where pixels are so small that a corner would move by more than ⅛ of one. */
const DECIMALS = 7;
const METRES_PER_DEGREE = 111_320;

/**
 * Regions as RFC 7946 has them: longitude and latitude on WGS 84, outer rings counter-clockwise and closed, cut at the
 * antimeridian, no `crs`. Lines that bend in degrees get points between.
 */
export function toGeoJson(regions: readonly Region[], place: Place): FeatureCollection {
  const pieces = regions.map(({ polygon }) => lonLatPieces(polygon, place));
  const features = regions.map(({ properties }, i) => ({
    type: 'Feature' as const,
    bbox: lonLatBounds(pieces[i]!),
    geometry: geometryOf(pieces[i]!),
    properties,
  }));
  const all = pieces.flat();
  const bbox = all.length > 0 ? { bbox: lonLatBounds(all) } : {};
  return { type: 'FeatureCollection', ...bbox, features };
}

/** One polygon in pixel corners as RFC 7946 has it, with its bounds. */
export function toGeometry(polygon: Polygon, place: Place): { geometry: Geometry; bbox: Bounds } {
  const pieces = lonLatPieces(polygon, place);
  return { geometry: geometryOf(pieces), bbox: lonLatBounds(pieces) };
}

/** In degrees, rounded, cut at the antimeridian. */
function lonLatPieces(polygon: Polygon, place: Place): Polygon[] {
  const digits = decimalsFor(place);
  const rounded = cutAtAntimeridian(lonLatRings(polygon, place)).map((piece) => ({
    outer: round(piece.outer, digits),
    holes: piece.holes.map((hole) => round(hole, digits)).filter(hasArea),
  }));
  return rounded.filter(({ outer }) => hasArea(outer));
}

function decimalsFor(place: Place): number {
  const { columnMetres, rowMetres } = groundFrame(place, [place.widthPx / 2, place.heightPx / 2]);
  const pixelDegrees = Math.min(columnMetres, rowMetres) / METRES_PER_DEGREE;
  // Rounding moves a number by at most half of its last decimal.
  return Math.max(DECIMALS, Math.ceil(Math.log10(4 / pixelDegrees)));
}

/** Rounded, without points that became the one before. */
function round(ring: Ring, digits: number): Ring {
  const scale = 10 ** digits;
  const points = ring.map(
    ([x, y]) => [Math.round(x * scale) / scale, Math.round(y * scale) / scale] as const,
  );
  return points.filter(([x, y], i) => {
    const [px, py] = points.at(i - 1)!;
    return x !== px || y !== py;
  });
}

const hasArea = (ring: Ring) => ring.length >= 3 && signedArea(ring) !== 0;

function geometryOf(pieces: readonly Polygon[]): Geometry {
  const polygons = pieces.map((piece) => ringsOf(piece).map(closed));
  return polygons.length === 1
    ? { type: 'Polygon', coordinates: polygons[0]! }
    : { type: 'MultiPolygon', coordinates: polygons };
}

const closed = (ring: Ring): Position[] => [...ring, ring[0]!].map(([x, y]) => [x, y]);
