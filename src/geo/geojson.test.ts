import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeatureCollection, type Region, toGeoJson } from './geojson.ts';
import { anyMask, maskOf } from './masks.fixture.ts';
import { toLonLat } from './place.ts';
import { PLACES, placeOf } from './places.fixture.ts';
import { isInside, type Point, signedArea } from './polygon.ts';
import { traceMask } from './trace.ts';

const size = { widthPx: 4, heightPx: 4 };
const properties: Region['properties'] = {
  expression: 'the white ship',
  score: 0.5,
  area_m2: 1,
  source: 'scene.tif',
  checkpoint: 'demo',
  preset: 'paper',
};
const regionsOf = (rows: readonly string[]): Region[] =>
  traceMask(maskOf(rows)).map((polygon) => ({ polygon, properties }));

type Feature = FeatureCollection['features'][number];
const polygonsOf = ({ geometry }: Feature): Point[][][] =>
  geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;

/** How many of the polygons a position lies in, holes taken out. */
function covers(feature: Feature, point: Point): number {
  return polygonsOf(feature).filter((rings) => {
    const inside = rings.filter((ring) => isInside(point, ring.slice(0, -1)));
    return inside.length % 2 === 1;
  }).length;
}

/** What RFC 7946 asks of a feature, as words where it is not so. */
function faults(feature: Feature): string[] {
  const found: string[] = [];
  for (const rings of polygonsOf(feature)) {
    rings.forEach((ring, i) => {
      if (ring.length < 4) found.push(`a ring of ${ring.length}`);
      if (String(ring[0]) !== String(ring.at(-1))) found.push('an open ring');
      if (signedArea(ring.slice(0, -1)) > 0 !== (i === 0))
        found.push(`ring ${i} runs the wrong way`);
      for (const [x, y] of ring) {
        if (!(Math.abs(x) <= 180 && Math.abs(y) <= 90)) found.push(`${x}, ${y} is off the map`);
      }
    });
  }
  return found;
}

describe('toGeoJson', () => {
  it.each(Object.entries(PLACES))('covers the pixels of the mask and no others: %s', (_, place) => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const regions = traceMask(mask).map((polygon) => ({ polygon, properties }));
        const { features } = toGeoJson(regions, place);
        expect(features.flatMap(faults)).toEqual([]);
        mask.data.forEach((value, i) => {
          const x = (i % mask.widthPx) + 0.5;
          const y = Math.floor(i / mask.widthPx) + 0.5;
          const [lon, lat] = toLonLat(place, [x, y]);
          const point: Point = [lon - 360 * Math.floor((lon + 180) / 360), lat];
          const times = features.reduce((sum, feature) => sum + covers(feature, point), 0);
          expect([x, y, times]).toEqual([x, y, value]);
        });
      }),
      { numRuns: 40 },
    );
  });

  const [utm, crossing] = [PLACES['UTM, north up']!, PLACES['degrees across the antimeridian']!];

  it('has the members of RFC 7946 and the properties as given, and no crs', () => {
    const document = toGeoJson(regionsOf(['##']), utm);
    expect(Object.keys(document)).toEqual(['type', 'bbox', 'features']);
    expect(document.features[0]).toMatchObject({ type: 'Feature', properties });
    expect(Object.keys(document.features[0]!.properties)).toEqual(Object.keys(properties));
  });

  it('rounds to 7 decimals', () => {
    const { features } = toGeoJson(regionsOf(['##']), utm);
    const numbers = polygonsOf(features[0]!).flat(2) as unknown as number[][];
    const longest = Math.max(...numbers.flat().map((value) => `${value}`.split('.')[1]!.length));
    expect(longest).toBe(7);
  });

  it('gives pixels of 5 mm the decimals that they need', () => {
    const place = placeOf({
      epsg: 32617,
      affine: [0.005, 0, 404211.9, 0, -0.005, 3285142.9],
      size,
    });
    const [outer] = polygonsOf(toGeoJson(regionsOf(['#']), place).features[0]!)[0]!;
    expect(new Set(outer!.map(String)).size).toBe(4);
    const [[x1], , [x2]] = outer as unknown as [Point, Point, Point];
    // 5 mm at 29.7° N, to an eighth of a pixel.
    const metres = Math.abs(x2 - x1) * 111320 * Math.cos((29.7 * Math.PI) / 180);
    expect(Math.abs(metres - 0.005)).toBeLessThan(0.005 / 8);
  });

  it('cuts at the antimeridian, where the bounds run from west to a smaller east', () => {
    // Pixels of half a degree from 176° E on: columns 6..9 are 179° to 181°.
    const [feature] = toGeoJson(regionsOf(['......####']), crossing).features;
    expect(feature?.geometry.type).toBe('MultiPolygon');
    expect(feature?.bbox).toEqual([179, -16.5, -179, -16]);
    const sides = polygonsOf(feature!).map((rings) => signedArea(rings[0]!.slice(0, -1)));
    expect(sides).toEqual([0.5, 0.5]);
  });

  it('bounds regions on both sides of the antimeridian without going round the world', () => {
    const document = toGeoJson(regionsOf(['......#..#']), crossing);
    expect(document.bbox).toEqual([179, -16.5, -179, -16]);
  });

  it('says that nothing was found with no feature and no bounds', () => {
    expect(toGeoJson([], utm)).toEqual({ type: 'FeatureCollection', features: [] });
  });
});
