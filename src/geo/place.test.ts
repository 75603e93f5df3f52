import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, invert } from './affine.ts';
import { epsgGeoKeys, KEY, USER_DEFINED as USER } from './geo-keys.ts';
import { isPlaced, type NoGeoref } from './no-georef.ts';
import {
  type GeoTiffTags,
  type Place,
  placeFromGeoTiff,
  placeFromWorldFile,
  toLonLat,
} from './place.ts';
import { at, custom, expectAt, keyTags, placeOf } from './places.fixture.ts';
import type { Point } from './polygon.ts';

const size = { widthPx: 4, heightPx: 4 };
const reason = (result: Place | NoGeoref): string =>
  isPlaced(result) ? `it has a place: ${result.crs.definition}` : result.noGeoref;
/** Map [x, y] → [longitude, latitude] by PROJ 9.5.1 without grids (pyproj 3.7.2, Transformer.from_crs(code, 4326)). */
const PROJ: [epsg: number, what: string, at: Point, lonLat: Point][] = [
  [26913, 'UTM on NAD83', [519467.5, 4311669.8], [-104.775326939, 38.953764528]],
  [32750, 'UTM, south', [297463.3, 9050677.1], [115.159676479, -8.583786554]],
  [3395, 'Mercator on the ellipsoid', [13467532, 1632019.9], [120.98089835, 14.596850184]],
  [3857, 'Web Mercator', [13467532, 1632019.9], [120.98089835, 14.50327382]],
  [28992, 'Amersfoort, 100 m from WGS 84', [127375, 428250], [4.986337079, 51.842150363]],
  [27700, 'OSGB36', [530000, 180000], [-0.12835394, 51.503990828]],
  [27572, 'NTF, degrees from Paris', [600000, 2400000], [2.336509264, 48.598672391]],
  [2056, 'CH1903+, oblique Mercator', [2600000, 1200000], [7.438632421, 46.951082772]],
  [2263, 'US survey feet', [980000, 200000], [-74.015331015, 40.715629477]],
  [2193, 'axes north, east in EPSG', [1570000, 5180000], [172.62871836, -43.532340382]],
  [3413, 'north polar', [-200000, -1500000], [-52.594643369, 76.096408899]],
  [3031, 'south polar, its pole only implied', [300000, 1600000], [10.619655276, -75.098699298]],
  [32661, 'polar, scale at the pole', [2100000, 1900000], [45, 88.726257367]],
  [5070, 'Albers', [-500000, 1800000], [-101.838009604, 39.086787203]],
  [2154, 'Lambert conic', [700000, 6600000], [3, 46.5]],
  [5514, 'Krovak, east and north', [-743000, -1043000], [14.418593891, 50.087346615]],
];

describe('a place by its EPSG code', () => {
  it.each(PROJ)('EPSG:%i, %s', (epsg, _, [x, y], expected) => {
    expectAt(placeOf({ epsg, affine: [1, 0, x, 0, -1, y], size }), expected);
  });

  it.each([
    [4326, 'degrees', [10.5, 45.25], [10.5, 45.25]],
    [4289, 'degrees on another datum', [5, 52], [4.999620868, 51.999030682]],
  ] as [number, string, Point, Point][])('EPSG:%i, %s', (code, _, corner, expected) => {
    const tags = { ...at(corner), modelPixelScale: [1e-5, 1e-5, 0] };
    const place = placeFromGeoTiff({ ...epsgGeoKeys(code, 'geographic'), ...tags }, size);
    expectAt(place as Place, expected);
  });

  it('says what it is called, its unit and how far its datum may be off', () => {
    const { crs } = placeOf({ epsg: 2263, affine: [1, 0, 980000, 0, -1, 200000], size });
    // NAD83 to WGS 84 (1): 4 m.
    expect(crs).toMatchObject({ epsg: 2263, name: 'EPSG:2263', kind: 'projected' });
    expect(crs.unitMetres).toBeCloseTo(1200 / 3937, 9);
    expect(crs.accuracyMetres).toBe(4);
  });

  it('takes longitudes from either side of the antimeridian', () => {
    const affine = [50000, 0, 19800000, 0, -50000, 8500000] as const;
    const { crs } = placeOf({ epsg: 3857, affine, size: { widthPx: 14, heightPx: 14 } });
    // 20037508.34 m is the antimeridian.
    expect(crs.toLonLat([20148827.83, 0])[0]).toBeCloseTo(181, 6);
    expect(crs.fromLonLat([181, 0])[0]).toBeCloseTo(20148827.83, 2);
    expect(crs.fromLonLat([-179, 0])[0]).toBeCloseTo(20148827.83, 2);
  });

  it('comes with a world file too', () => {
    const text = '1\n0\n0\n-1\n127375.5\n428249.5\n';
    const place = placeFromWorldFile({ name: 'a.wld', text, epsg: 28992, size });
    expectAt(place as Place, [4.986337079, 51.842150363]);
  });
});

describe('no place, never a made-up one', () => {
  const utm = { [KEY.modelType]: 1, [KEY.projectedCrs]: 32617 };
  const corner = at([404211.9, 3285142.9]);
  const cases: [what: string, tags: GeoTiffTags, expected: RegExp][] = [
    ['no tags', {}, /no GeoKeys/],
    [
      'a directory cut short',
      { geoKeyDirectory: [1, 1, 0, 9, 1024, 0, 1, 1] },
      /ends before its 9/,
    ],
    ['a count that is no number', { geoKeyDirectory: [1, 1, 0, Number.NaN] }, /ends before/],
    [
      'a key that points outside',
      { geoKeyDirectory: [1, 1, 0, 1, 1026, 34737, 9, 0] },
      /1026 points/,
    ],
    [
      'a key that points into the directory',
      { geoKeyDirectory: [1, 1, 0, 1, 1024, 34735, 1, 4] },
      /1024 points/,
    ],
    [
      'an unknown code',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 9999 }), ...corner },
      /EPSG:9999/,
    ],
    ['code 0', { ...keyTags({ ...utm, [KEY.projectedCrs]: 0 }), ...corner }, /not how/],
    [
      'code 32767 alone',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: USER }), ...corner },
      /neither an EPSG code nor/,
    ],
    // Transverse Mercator south orientated: x runs west.
    [
      'axes that run west',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 2053 }), ...corner },
      /EPSG:2053/,
    ],
    // Hotine oblique Mercator variant A, which the library takes for variant B, 8000 km away.
    [
      'a code whose projection is not proven',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 3078 }), ...corner },
      /EPSG:3078/,
    ],
    [
      'a datum far from its area',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 28992 }), ...at([9e6, 4e5]) },
      /no way from/,
    ],
    [
      'feet beside a code in metres',
      { ...keyTags({ ...utm, [KEY.linearUnits]: 9002 }), ...corner },
      /contradict/,
    ],
    [
      'degrees that are grads',
      {
        ...keyTags({ [KEY.modelType]: 2, [KEY.geodeticCrs]: 4326, [KEY.angularUnits]: 9105 }),
        ...corner,
      },
      /not the degree/,
    ],
    ['geocentric coordinates', { ...keyTags({ [KEY.modelType]: 3 }), ...corner }, /geocentric/],
    ['no model', { ...keyTags({ [KEY.projectedCrs]: 32617 }), ...corner }, /no kind/],
    ['an unknown method', { ...keyTags({ ...custom, [KEY.method]: 3 }), ...corner }, /method 3/],
    [
      'a method without its parallels',
      { ...keyTags({ ...custom, [KEY.method]: 8 }), ...corner },
      /lacks/,
    ],
    [
      'an unknown unit',
      { ...keyTags({ ...custom, [KEY.linearUnits]: 9036 }), ...corner },
      /linear unit/,
    ],
    [
      'a sphere without a datum',
      {
        ...keyTags({
          ...custom,
          [KEY.geodeticCrs]: USER,
          [KEY.semiMajorAxis]: 6371007,
          [KEY.inverseFlattening]: 0,
          3075: 24,
        }),
        ...corner,
      },
      /datum/,
    ],
    [
      'metres in a system of degrees',
      { ...epsgGeoKeys(4326, 'geographic'), ...corner },
      /not on the Earth/,
    ],
    [
      'a scene beyond the pole of its projection',
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 3857 }), ...at([0, 5e8]) },
      /does not come back/,
    ],
  ];

  it('for the whole Earth from another meridian than 180°, which is where it is cut', () => {
    const degrees = (west: number, widthPx = 3600) =>
      placeFromGeoTiff(
        {
          ...epsgGeoKeys(4326, 'geographic'),
          modelPixelScale: [0.1, 0.1, 0],
          modelTiepoint: [0, 0, 0, west, 90, 0],
        },
        { widthPx, heightPx: 1800 },
      );
    expect(reason(degrees(0))).toMatch(/around the Earth from 0°/);
    expect(reason(degrees(-179.95))).toMatch(/from -179.95°/);
    expect(isPlaced(degrees(-180))).toBe(true);
    expect(isPlaced(degrees(0, 3590))).toBe(true);
  });

  it.each(cases)('%s', (_, tags, expected) => {
    expect(reason(placeFromGeoTiff(tags, size))).toMatch(expected);
  });

  it('for any tags: a place from which every pixel comes back within 0.01 px, or a reason', () => {
    const valid: GeoTiffTags[] = [
      { ...keyTags(utm), ...corner },
      { ...keyTags({ ...custom, 3075: 1, 3080: -81, 3092: 0.9996, 3082: 5e5 }), ...corner },
      { ...keyTags({ ...utm, [KEY.projectedCrs]: 3413 }), ...at([-2, 2]) },
      { ...epsgGeoKeys(4326, 'geographic'), modelTransformation: [1, 0, 0, 178, 0, -1, 0, 2] },
    ];
    const number = fc.oneof(
      fc.double(),
      fc.integer({ min: 0, max: 65535 }),
      fc.constantFrom(0, -1, 1, 1e-9, 1e9, 1e300, Number.NaN, 2048, 3072, 4326, 28992, USER, 34736),
    );
    const change = fc.tuple(fc.nat(), fc.nat(), number);
    const tags = fc
      .tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 3 }))
      .map(([base, changes]) => changes.reduce(changed, base));
    const pixel = fc.tuple(fc.double({ min: 0, max: 4 }), fc.double({ min: 0, max: 4 }));
    let placed = 0;
    fc.assert(
      fc.property(
        tags,
        pixel.filter((p) => p.every(Number.isFinite)),
        (any, [column, row]) => {
          const place = placeFromGeoTiff(any, size);
          if (!isPlaced(place)) {
            expect(place.noGeoref).not.toBe('');
            return;
          }
          placed += 1;
          const [x, y] = apply(
            invert(place.affine),
            place.crs.fromLonLat(toLonLat(place, [column, row])),
          );
          expect(Math.hypot(x - column, y - row)).toBeLessThanOrEqual(0.01);
        },
      ),
      { numRuns: 3000 },
    );
    expect(placed).toBeGreaterThan(500);
  });
});

/** The same tags with one number of one tag replaced. */
function changed(tags: GeoTiffTags, [tag, place, value]: [number, number, number]): GeoTiffTags {
  const names = Object.keys(tags) as (keyof GeoTiffTags)[];
  const name = names[tag % names.length]!;
  const numbers = tags[name];
  if (!Array.isArray(numbers) || numbers.length === 0) return tags;
  return { ...tags, [name]: numbers.with(place % numbers.length, value) };
}

it('a corner for which its projection has no number is no place', () => {
  const modelPixelScale = [44_527, 57_250, 0];
  const modelTiepoint = [0, 0, 0, -20_037_508.34, 20_037_508.34, 0];
  const tags = { ...epsgGeoKeys(3075, 'projected'), modelPixelScale, modelTiepoint };
  const placed = placeFromGeoTiff(tags, { widthPx: 900, heightPx: 700 });
  expect(placed).toMatchObject({ noGeoref: expect.stringMatching(/does not come back/) });
});
