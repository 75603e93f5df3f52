import { apply } from './affine.ts';
import { cutAtAntimeridian, lonLatBounds } from './antimeridian.ts';
import { WGS84 } from './ground-frame.ts';
import { lonLatRings } from './lon-lat-rings.ts';
import type { Place } from './place.ts';
import { type Bounds, boundsOf, type Polygon, type Ring, ringsOf } from './polygon.ts';

/** A region in the units of the ground. */
export interface Measures {
  readonly areaM2: number;
  /** [x1, y1, x2, y2] in map units. */
  readonly mapBounds: Bounds;
  /** [west, south, east, north] in degrees; west is larger than east where it crosses the antimeridian. */
  readonly lonLatBounds: Bounds;
}

/** @param polygon in pixel corners of `place` */
export function measure(polygon: Polygon, place: Place): Measures {
  const pieces = cutAtAntimeridian(lonLatRings(polygon, place));
  return {
    areaM2: areaM2(pieces),
    mapBounds: boundsOf(polygon.outer.map((point) => apply(place.affine, point))),
    lonLatBounds: lonLatBounds(pieces),
  };
}

/**
 * The area of polygons on the WGS 84 ellipsoid in m²: -∮ Q(φ) dλ over all rings, where Q(φ) is the area between the equator
 * and latitude φ per radian of longitude (Snyder 1987, Map Projections, equation 3-12, times a²/2). Lines are straight in
 * degrees, each integrated by Simpson's rule.
 *
 * @param polygons in degrees, holes the other way round than outer rings
 */
export function areaM2(polygons: readonly Polygon[]): number {
  return polygons.flatMap(ringsOf).reduce((sum, ring) => sum + ringArea(ring), 0);
}

function ringArea(ring: Ring): number {
  // Counted from the ring's own latitude, so that small rings keep their digits.
  const base = equatorialArea(ring[0]![1]);
  let [lon, lat] = ring.at(-1)!;
  let area = 0;
  for (const [longitude, latitude] of ring) {
    const [from, middle, to] = [lat, (lat + latitude) / 2, latitude].map(equatorialArea);
    area -= ((from! + 4 * middle! + to!) / 6 - base) * radians(longitude - lon);
    [lon, lat] = [longitude, latitude];
  }
  return area;
}

const radians = (degrees: number) => (degrees * Math.PI) / 180;

/** m² between the equator and a latitude, per radian of longitude. */
function equatorialArea(latitude: number): number {
  const e = Math.sqrt(WGS84.f * (2 - WGS84.f));
  const s = Math.sin(radians(latitude));
  const q = (1 - e * e) * (s / (1 - (e * s) ** 2) + Math.atanh(e * s) / e);
  return (WGS84.a ** 2 / 2) * q;
}
