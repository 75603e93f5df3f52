import { z } from 'zod';
import { apply, invert } from './affine.ts';
import type { Place } from './place.ts';
import { boundsOf, isInside, type Point, type Polygon, ringsOf } from './polygon.ts';

const position = z.array(z.number()).min(2);
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
  readonly bounds: ReturnType<typeof boundsOf>;
  /** Whether a point [column, row] lies in it (even-odd over all rings of each polygon). */
  contains(point: Point): boolean;
}

/** The polygons of a document, brought from longitude and latitude on WGS 84 to the scene's pixels. */
export function areaFromGeoJson(document: AreaGeoJson, place: Place): Area {
  const back = invert(place.affine);
  const pixel = ([longitude, latitude]: readonly number[]): Point =>
    apply(back, place.crs.fromLonLat([longitude!, latitude!]));
  const polygons = geometriesOf(document).flatMap((shape): Polygon[] => {
    const all = shape.type === 'Polygon' ? [shape.coordinates] : shape.coordinates;
    return all.map(([outer, ...holes]) => ({
      outer: split(outer!).map(pixel),
      holes: holes.map((hole) => split(hole).map(pixel)),
    }));
  });
  return {
    bounds: boundsOf(polygons.flatMap(({ outer }) => outer)),
    contains: (point) =>
      polygons.some(
        (shape) => ringsOf(shape).filter((ring) => isInside(point, ring)).length % 2 === 1,
      ),
  };
}

/** Edges are straight in longitude and latitude (RFC 7946), not in the scene: a point each fiftieth of a degree, at most 4096. */
function split(ring: readonly (readonly number[])[]): (readonly number[])[] {
  return ring.flatMap((from, i) => {
    const to = ring[i + 1];
    if (!to) return [from];
    const [x, y] = [to[0]! - from[0]!, to[1]! - from[1]!];
    const pieces = Math.min(4096, Math.max(1, Math.ceil(50 * Math.max(Math.abs(x), Math.abs(y)))));
    return Array.from({ length: pieces }, (_, k) => [
      from[0]! + (x * k) / pieces,
      from[1]! + (y * k) / pieces,
    ]);
  });
}

function geometriesOf(document: AreaGeoJson) {
  if (document.type === 'FeatureCollection') return document.features.map((f) => f.geometry);
  return [document.type === 'Feature' ? document.geometry : document];
}
