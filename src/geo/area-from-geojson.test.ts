import { describe, expect, it } from 'vitest';
import { apply, invert } from './affine.ts';
import { AREA_SCHEMA, areaFromGeoJson } from './area-from-geojson.ts';
import { placeOf } from './places.fixture.ts';
import type { Point } from './polygon.ts';

const size = { widthPx: 900, heightPx: 700 };
/** UTM 17 N, whose middle meridian is -81. */
const UTM = placeOf({ epsg: 32617, affine: [2, 0, 500_000, 0, -2, 4_000_000], size });
const PLACES = {
  UTM,
  'north pole': placeOf({ epsg: 3413, affine: [5000, 0, -2e6, 0, -5000, 2e6], size }),
  'the world in Web Mercator': placeOf({
    epsg: 3857,
    affine: [44_527, 0, -20_037_000, 0, -57_248, 20_037_000],
    size,
  }),
  'the antimeridian': placeOf({ epsg: 32601, affine: [300, 0, 20_000, 0, -300, 2e6], size }),
  'degrees from 0 to 351': placeOf({ epsg: 4326, affine: [0.39, 0, 0, 0, -0.2, 70], size }),
};

const box = (west: number, south: number, east: number, north: number) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];
const polygon = (...coordinates: number[][][]) =>
  AREA_SCHEMA.parse({ type: 'Polygon', coordinates });
const LATTICE = Array.from(
  { length: 90 },
  (_, i): Point => [((i % 10) + 0.5) * 90, (Math.floor(i / 10) + 0.5) * 77],
);
const pixel = (longitude: number, latitude: number) =>
  apply(invert(UTM.affine), UTM.crs.fromLonLat([longitude, latitude]));

describe('an area of a scene', () => {
  it('keeps the edges of a polygon on its parallels, however long they are', () => {
    // Half way along, the parallel lies south of the straight line between its ends.
    const area = areaFromGeoJson(polygon(box(-88, 30, -74, 36.14)), UTM)!;
    // A thousandth of a degree is 111 m.
    expect(area.contains(pixel(-81, 36.139))).toBe(true);
    expect(area.contains(pixel(-81, 36.141))).toBe(false);
  });

  it.each(Object.entries(PLACES))('may be the whole world: %s', (_, place) => {
    const area = areaFromGeoJson(polygon(box(-180, -90, 180, 90)), place)!;
    const [x1, y1, x2, y2] = area.bounds;
    expect(x1 <= 0 && y1 <= 0 && x2 >= size.widthPx && y2 >= size.heightPx).toBe(true);
    expect(LATTICE.filter((point) => !area.contains(point))).toEqual([]);
  });

  it('may reach to where the projection does not hold', () => {
    const area = areaFromGeoJson(polygon(box(-80.9943, -80, 99, 84)), UTM)!;
    const [west] = pixel(-80.9943, 36);
    for (const point of LATTICE) expect(area.contains(point)).toBe(point[0] > west);
  });

  it('has holes, parts, and parts on both sides of the antimeridian', () => {
    const document = AREA_SCHEMA.parse({
      type: 'MultiPolygon',
      coordinates: [[box(179, 15, 180, 19), box(179.2, 16, 179.8, 17)], [box(-180, 15, -179, 19)]],
    });
    const place = PLACES['the antimeridian'];
    const area = areaFromGeoJson(document, place)!;
    const at = (longitude: number, latitude: number) =>
      area.contains(apply(invert(place.affine), place.crs.fromLonLat([longitude, latitude])));
    expect([at(179.9, 16.5), at(-179.1, 16.5), at(180.5, 16.5)]).toEqual([true, true, true]);
    expect([at(179.5, 16.5), at(-178.9, 16.5), at(179.5, 19.5)]).toEqual([false, false, false]);
  });

  it.each([
    ['beside the scene', box(-80.9, 37, -80.8, 38)],
    ['on the other side of the Earth', box(90, 30, 110, 40)],
    ['where the projection has no point', box(0, -5, 9, 5)],
  ])('is none %s', (_, ring) => {
    expect(areaFromGeoJson(polygon(ring), UTM)).toBeNull();
  });

  it('lies as tightly around a polygon as its corners', () => {
    const area = areaFromGeoJson(polygon(box(-80.998, 36.135, -80.99, 36.14)), UTM)!;
    const corners = [pixel(-80.998, 36.14), pixel(-80.99, 36.135)] as const;
    const tight = [...corners[0], ...corners[1]];
    // Meridians lean by a thousandth this near to the middle one.
    for (const [i, edge] of area.bounds.entries())
      expect(Math.abs(edge - tight[i]!)).toBeLessThan(1);
  });

  it('is not in metres', () => {
    const { success } = AREA_SCHEMA.safeParse({
      type: 'Polygon',
      coordinates: [box(500_000, 3_999_000, 501_000, 4_000_000)],
    });
    expect(success).toBe(false);
  });
});
