import { describe, expect, it } from 'vitest';
import { KEY, USER_DEFINED as USER } from './geo-keys.ts';
import { type Place, placeFromGeoTiff } from './place.ts';
import { at, custom, expectAt, keyTags } from './places.fixture.ts';
import type { Point } from './polygon.ts';

const size = { widthPx: 4, heightPx: 4 };
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

  it("takes Esri's Web Mercator for what it is", () => {
    const keys = {
      ...custom,
      [KEY.modelType]: USER,
      [KEY.projectedCitation]:
        'ESRI PE String = PROJCS["x",PROJECTION["Mercator_Auxiliary_Sphere"]]',
      ...{ 3075: 7, [LON]: 0, [K]: 1 },
    };
    // GDAL 3.6.2; on the ellipsoid it would lie 21 km further north.
    const corner: Point = [3729202.941574665, 5086373.649287361];
    const place = placeFromGeoTiff({ ...keyTags(keys), ...at(corner) }, size) as Place;
    expectAt(place, [33.5, 41.5]);
    expect(place.crs.epsg).toBe(3857);
  });

  it('takes an ellipsoid of today without a name for WGS 84, to 2 m', () => {
    const keys = {
      [KEY.modelType]: 2,
      [KEY.geodeticCitation]: 'mine|and more',
      [KEY.semiMajorAxis]: 6378137,
      [KEY.semiMinorAxis]: 6356752.314140356,
    };
    const tags = { ...at([5, 52]), modelPixelScale: [1e-5, 1e-5, 0] };
    const place = placeFromGeoTiff({ ...keyTags(keys), ...tags }, size) as Place;
    expectAt(place, [5, 52]);
    expect(place.crs).toMatchObject({ name: 'mine', epsg: null, accuracyMetres: 2 });
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
