/** Places for tests. */
import assert from 'node:assert/strict';
import { expect } from 'vitest';
import type { Size } from '../tensor/image.ts';
import type { Affine } from './affine.ts';
import { epsgGeoKeys, type GeoKeyTags, KEY, USER_DEFINED } from './geo-keys.ts';
import { isPlaced } from './no-georef.ts';
import { type Place, placeFromGeoTiff, toLonLat } from './place.ts';
import type { Point } from './polygon.ts';

const GEOGRAPHIC = [4326, 4269, 4258];

/** The place of a raster with an affine (pixel corners) in a system of EPSG; it has to be one. */
export function placeOf(options: { epsg: number; affine: Affine; size: Size }): Place {
  const [a, b, c, d, e, f] = options.affine;
  const kind = GEOGRAPHIC.includes(options.epsg) ? 'geographic' : 'projected';
  const modelTransformation = [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1];
  const place = placeFromGeoTiff(
    { ...epsgGeoKeys(options.epsg, kind), modelTransformation },
    options.size,
  );
  assert.ok(isPlaced(place));
  return place;
}

/** Placing tags of pixels of one unit, the first with its corner at [x, y]. */
export const at = ([x, y]: Point) => ({
  modelPixelScale: [1, 1, 0],
  modelTiepoint: [0, 0, 0, x, y, 0],
});

/** The tags of keys: text and numbers that are no shorts lie beside the directory. */
export function keyTags(
  keys: Readonly<Record<number, number | readonly number[] | string>>,
): GeoKeyTags {
  const geoDoubleParams: number[] = [];
  let geoAsciiParams = '';
  const entries = Object.entries(keys).map(([key, value]) => {
    const id = Number(key);
    if (typeof value === 'string') {
      geoAsciiParams += `${value}|`;
      return [id, 34737, value.length + 1, geoAsciiParams.length - value.length - 1];
    }
    if (typeof value === 'number' && SHORTS.includes(id)) return [id, 0, 1, value];
    const values = [value].flat();
    geoDoubleParams.push(...values);
    return [id, 34736, values.length, geoDoubleParams.length - values.length];
  });
  const geoKeyDirectory = [[1, 1, 0, entries.length], ...entries].flat();
  return { geoKeyDirectory, geoDoubleParams, geoAsciiParams };
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

/** Keys of a system that is described by parameters, on WGS 84 in metres; its method and parameters are to follow. */
export const custom = {
  [KEY.modelType]: 1,
  [KEY.geodeticCrs]: 4326,
  [KEY.projectedCrs]: USER_DEFINED,
  [KEY.linearUnits]: 9001,
};

/** The top-left corner of a picture lies where it should, to a millimetre. */
export function expectAt(place: Place, expected: Point): void {
  const [longitude, latitude] = toLonLat(place, [0, 0]);
  expect(longitude).toBeCloseTo(expected[0], 8);
  expect(latitude).toBeCloseTo(expected[1], 8);
}

const size: Size = { widthPx: 14, heightPx: 14 };

/** Scenes of 14 × 14 pixels that are hard for somebody. */
export const PLACES: Readonly<Record<string, Place>> = {
  'UTM, north up': placeOf({ epsg: 32617, affine: [10, 0, 404211.9, 0, -10, 3285142.9], size }),
  'rotated by 30°': placeOf({
    epsg: 32617,
    affine: [8.66, 5, 404211.9, 5, -8.66, 3285142.9],
    size,
  }),
  'south up': placeOf({ epsg: 32750, affine: [10, 0, 297463, 0, 10, 9050677], size }),
  'a datum of its own, by grid': placeOf({
    epsg: 28992,
    affine: [25, 0, 127375, 0, -25, 428250],
    size,
  }),
  'degrees across the antimeridian': placeOf({
    epsg: 4326,
    affine: [0.5, 0, 176, 0, -0.5, -16],
    size,
  }),
  'degrees round the world': placeOf({
    epsg: 4326,
    affine: [360 / 14, 0, -180, 0, -180 / 14, 90],
    size,
  }),
  'UTM 1 across the antimeridian': placeOf({
    epsg: 32601,
    affine: [2000, 0, 160000, 0, -2000, 7200000],
    size,
  }),
  'Web Mercator beyond 180°': placeOf({
    epsg: 3857,
    affine: [50000, 0, 19800000, 0, -50000, 8500000],
    size,
  }),
  'the north pole in a pixel': placeOf({
    epsg: 3413,
    affine: [1e5, 0, -6.5e5, 0, -1e5, 7.3e5],
    size,
  }),
  'the north pole at a corner': placeOf({ epsg: 3413, affine: [1e5, 0, -7e5, 0, -1e5, 7e5], size }),
  'the north pole on a side': placeOf({ epsg: 3995, affine: [1e5, 0, -7.5e5, 0, -1e5, 7e5], size }),
  'the south pole in a pixel': placeOf({
    epsg: 3031,
    affine: [1e5, 0, -6.4e5, 0, -1e5, 7.2e5],
    size,
  }),
  'the south pole at a corner': placeOf({ epsg: 3031, affine: [1e5, 0, -7e5, 0, -1e5, 7e5], size }),
  'metres around the north pole': placeOf({
    epsg: 32661,
    affine: [1, 0, 1999993, 0, -1, 2000007],
    size,
  }),
};
