import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epsgGeoKeys, type GeoKeyTags, KEY } from './geo-keys.ts';
import { isPlaced, type NoGeoref } from './no-georef.ts';
import {
  type GeoTiffTags,
  type Place,
  placeFromGeoTiff,
  placeFromWorldFile,
  toLonLat,
} from './place.ts';
import { placeOf } from './places.fixture.ts';
import type { Point } from './polygon.ts';

const size = { widthPx: 4, heightPx: 4 };
const reason = (result: Place | NoGeoref): string =>
  isPlaced(result) ? `it has a place: ${result.crs.definition}` : result.noGeoref;
/** A pixel of one unit whose corner is at [x, y]. */
const at = ([x, y]: Point) => ({
  modelPixelScale: [1, 1, 0],
  modelTiepoint: [0, 0, 0, x, y, 0],
});

function expectAt(place: Place, expected: Point): void {
  const [longitude, latitude] = toLonLat(place, [0, 0]);
  // 1e-8 degrees are a millimetre.
  expect(longitude).toBeCloseTo(expected[0], 8);
  expect(latitude).toBeCloseTo(expected[1], 8);
}

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

  it('comes with a world file too', () => {
    const text = '1\n0\n0\n-1\n127375.5\n428249.5\n';
    const place = placeFromWorldFile({ text, epsg: 28992, size });
    expectAt(place as Place, [4.986337079, 51.842150363]);
  });
});

/** Directory and doubles of keys; a number that is no short goes to the doubles. */
function keyTags(keys: Readonly<Record<number, number | readonly number[]>>): GeoKeyTags {
  const geoDoubleParams: number[] = [];
  const entries = Object.entries(keys).map(([id, value]) => {
    const values = Array.isArray(value) ? value : [value as number];
    const isShort = values.length === 1 && SHORTS.includes(Number(id));
    if (isShort) return [Number(id), 0, 1, values[0]!];
    geoDoubleParams.push(...values);
    return [Number(id), 34736, values.length, geoDoubleParams.length - values.length];
  });
  const geoKeyDirectory = [[1, 1, 0, entries.length], ...entries].flat();
  return { geoKeyDirectory, geoDoubleParams };
}
const SHORTS: readonly number[] = [
  KEY.modelType,
  KEY.rasterType,
  KEY.geodeticCrs,
  KEY.geodeticDatum,
  KEY.angularUnits,
  KEY.projectedCrs,
  KEY.method,
  KEY.linearUnits,
];

const USER = 32767;
const custom = {
  [KEY.modelType]: 1,
  [KEY.geodeticCrs]: 4326,
  [KEY.projectedCrs]: USER,
  [KEY.linearUnits]: 9001,
};
const { naturalOriginLatitude: LAT, naturalOriginLongitude: LON } = KEY;
const { centreLatitude: CENTRE_LAT, centreLongitude: CENTRE_LON } = KEY;
const { falseOriginLatitude: FALSE_LAT, falseOriginLongitude: FALSE_LON } = KEY;
const { falseEasting: X0, falseNorthing: Y0, scaleAtNaturalOrigin: K } = KEY;
const { standardParallel1: SP1, standardParallel2: SP2, straightVerticalPoleLongitude: POLE } = KEY;

/** Parameters as GDAL 3.6.2 wrote them for a PROJ text, and where it puts [x, y] when it reads them again. */
const GDAL: [what: string, keys: Record<number, number>, at: Point, lonLat: Point][] = [
  [
    'transverse Mercator',
    { 3075: 1, [LAT]: 10, [LON]: 33.3, [K]: 0.9999, [X0]: 123456, [Y0]: 7890 },
    [140153.5680138346, 3497808.115971898],
    [33.5, 41.5],
  ],
  [
    'Mercator by scale',
    { 3075: 7, [LON]: 30, [K]: 0.99 },
    [385722.0355986934, 5007473.011279647],
    [33.5, 41.5],
  ],
  [
    'Mercator by parallel',
    { 3075: 7, [LON]: 30, [SP1]: 40 },
    [298878.49935516494, 3880063.571814821],
    [33.5, 41.5],
  ],
  [
    'Lambert conic, two parallels',
    { 3075: 8, [SP1]: 20, [SP2]: 60, [FALSE_LAT]: 40, [FALSE_LON]: 33, 3086: 1000, 3087: 2000 },
    [40214.34619577014, 158579.96449181292],
    [33.5, 41.5],
  ],
  [
    'Lambert conic, one parallel',
    { 3075: 9, [LAT]: 40, [LON]: 33, [K]: 0.998, [X0]: 1000, [Y0]: 2000 },
    [42678.703252374995, 168376.4084553468],
    [33.5, 41.5],
  ],
  [
    'Lambert azimuthal',
    { 3075: 10, [CENTRE_LAT]: 40, [CENTRE_LON]: 33 },
    [41752.56358732518, 166684.031420517],
    [33.5, 41.5],
  ],
  [
    'Albers',
    { 3075: 11, [SP1]: 20, [SP2]: 60, [LAT]: 40, [LON]: 33 },
    [39255.63394689606, 177169.64225852743],
    [33.5, 41.5],
  ],
  [
    'azimuthal equidistant',
    { 3075: 12, [CENTRE_LAT]: 40, [CENTRE_LON]: 33 },
    [41752.60943450667, 166691.95488862114],
    [33.5, 41.5],
  ],
  [
    'north polar by parallel',
    { 3075: 15, [LAT]: 70, [POLE]: -45, [K]: 1 },
    [142401.98116223677, -1627662.0927012018],
    [-40, 75],
  ],
  [
    'north polar by scale',
    { 3075: 15, [LAT]: 90, [POLE]: 0, [K]: 0.994, [X0]: 2e6, [Y0]: 2e6 },
    [923619.8836825406, 717220.1293816941],
    [-40, 75],
  ],
  [
    'south polar by parallel',
    { 3075: 15, [LAT]: -71, [POLE]: 10, [K]: 1 },
    [284571.72294052725, 1613886.4386899],
    [20, -75],
  ],
  [
    'oblique stereographic',
    { 3075: 16, [LAT]: 40, [LON]: 33, [K]: 0.9999, [X0]: 5000, [Y0]: 6000 },
    [46750.96188085225, 172685.37902303934],
    [33.5, 41.5],
  ],
  [
    'equirectangular',
    { 3075: 17, [SP1]: 30, [CENTRE_LAT]: 0, [CENTRE_LON]: 10 },
    [2265529.413638087, 4619758.867920853],
    [33.5, 41.5],
  ],
  [
    'Cassini',
    { 3075: 18, [LAT]: 10, [LON]: 33 },
    [41747.85167529802, 3490368.535083382],
    [33.5, 41.5],
  ],
  [
    'polyconic',
    { 3075: 22, [LAT]: 0, [LON]: 33 },
    [41747.85167928842, 4596223.366159612],
    [33.5, 41.5],
  ],
  [
    'sinusoidal',
    { 3075: 24, [CENTRE_LON]: 0 },
    [2797121.6502563558, 4596102.663374836],
    [33.5, 41.5],
  ],
  [
    'cylindrical equal-area',
    { 3075: 28, [SP1]: 30, [LON]: 0 },
    [3232290.388405033, 4852878.090494377],
    [33.5, 41.5],
  ],
];

describe('a place by parameters', () => {
  it.each(GDAL)('%s', (_, keys, corner, expected) => {
    const place = placeFromGeoTiff({ ...keyTags({ ...custom, ...keys }), ...at(corner) }, size);
    expectAt(place as Place, expected);
  });

  it('takes the way to WGS 84 that the file states', () => {
    // GDAL 3.6.2 for +proj=tmerc +lon_0=9 +x_0=3500000 +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7
    const keys = {
      ...custom,
      [KEY.geodeticCrs]: USER,
      [KEY.semiMajorAxis]: 6377397.155,
      [KEY.inverseFlattening]: 299.1528128,
      [KEY.toWgs84]: [598.1, 73.7, 418.2, 0.202, 0.045, -2.455, 6.7],
      ...{ 3075: 1, [LAT]: 0, [LON]: 9, [K]: 1, [X0]: 3500000 },
    };
    const corner: Point = [3431626.9417644837, 5207199.226624375];
    const place = placeFromGeoTiff({ ...keyTags(keys), ...at(corner) }, size);
    expectAt(place as Place, [8.100000001330612, 47.00000000286516]);
  });

  it('knows a datum by its own number', () => {
    const keys = { [KEY.modelType]: 2, [KEY.geodeticCrs]: USER, [KEY.geodeticDatum]: 6289 };
    const tags = { ...at([5, 52]), modelPixelScale: [1e-5, 1e-5, 0] };
    expectAt(
      placeFromGeoTiff({ ...keyTags(keys), ...tags }, size) as Place,
      [4.999620868, 51.999030682],
    );
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

  it.each(cases)('%s', (_, tags, expected) => {
    expect(reason(placeFromGeoTiff(tags, size))).toMatch(expected);
  });

  it('for any tags: a place that comes back within 0.01 px, or a reason', () => {
    const number = fc.oneof(
      fc.double(),
      fc.integer({ min: 0, max: 65535 }),
      fc.constantFrom(
        1,
        2,
        1024,
        1025,
        2048,
        3072,
        3075,
        4326,
        32617,
        28992,
        3413,
        USER,
        34736,
        9001,
      ),
    );
    const numbers = fc.array(number, { maxLength: 24 });
    const tags = fc.record(
      {
        modelPixelScale: numbers,
        modelTiepoint: numbers,
        modelTransformation: numbers,
        geoKeyDirectory: numbers.map((words) => [1, 1, 0, Math.floor(words.length / 4), ...words]),
        geoDoubleParams: numbers,
        geoAsciiParams: fc.string(),
      },
      { requiredKeys: ['geoKeyDirectory'] },
    );
    fc.assert(
      fc.property(tags, (any) => {
        const result = placeFromGeoTiff(any, size);
        if (!isPlaced(result)) expect(result.noGeoref.length).toBeGreaterThan(9);
        else expect(toLonLat(result, [1, 1]).every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
