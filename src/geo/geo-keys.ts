import { type NoGeoref, noGeoref } from './no-georef.ts';

/** The three tags that hold GeoKeys, as stored (OGC GeoTIFF 1.1, section 7). */
export interface GeoKeyTags {
  /** GeoKeyDirectoryTag 34735. */
  readonly geoKeyDirectory?: readonly number[];
  /** GeoDoubleParamsTag 34736. */
  readonly geoDoubleParams?: readonly number[];
  /** GeoAsciiParamsTag 34737. */
  readonly geoAsciiParams?: string;
}

/** Key number → value. */
export type GeoKeys = ReadonlyMap<number, number | readonly number[] | string>;

/** The keys that are read, by their names in the standard. */
export const KEY = {
  modelType: 1024,
  rasterType: 1025,
  citation: 1026,
  geodeticCrs: 2048,
  geodeticCitation: 2049,
  geodeticDatum: 2050,
  angularUnits: 2054,
  semiMajorAxis: 2057,
  semiMinorAxis: 2058,
  inverseFlattening: 2059,
  primeMeridianLongitude: 2061,
  toWgs84: 2062,
  projectedCrs: 3072,
  projectedCitation: 3073,
  method: 3075,
  linearUnits: 3076,
  linearUnitSize: 3077,
  standardParallel1: 3078,
  standardParallel2: 3079,
  naturalOriginLongitude: 3080,
  naturalOriginLatitude: 3081,
  falseEasting: 3082,
  falseNorthing: 3083,
  falseOriginLongitude: 3084,
  falseOriginLatitude: 3085,
  falseOriginEasting: 3086,
  falseOriginNorthing: 3087,
  centreLongitude: 3088,
  centreLatitude: 3089,
  centreEasting: 3090,
  centreNorthing: 3091,
  scaleAtNaturalOrigin: 3092,
  scaleAtCentre: 3093,
  straightVerticalPoleLongitude: 3095,
} as const;

/** "The parameters follow in other keys." */
export const USER_DEFINED = 32767;

const [DOUBLES, ASCII] = [34736, 34737];
/** Fields of the directory's header and of each of its entries. */
const ENTRY = 4;

/** Reads the directory; a count or an offset that points outside its tag is refused. */
export function readGeoKeys(tags: GeoKeyTags): GeoKeys | NoGeoref {
  const directory = tags.geoKeyDirectory;
  if (!directory || directory.length < ENTRY) return noGeoref('it has no GeoKeys');
  const count = directory[3]!;
  if (!(directory.length >= ENTRY * (count + 1))) {
    return noGeoref(`its GeoKey directory ends before its ${count} keys`);
  }
  const keys = new Map<number, number | readonly number[] | string>();
  for (let i = 1; i <= count; i += 1) {
    const entry = directory.slice(ENTRY * i, ENTRY * (i + 1));
    const value = readValue(entry as [number, number, number, number], tags);
    if (value === undefined) return noGeoref(`GeoKey ${entry[0]} points outside its tag`);
    keys.set(entry[0]!, value);
  }
  return keys;
}

function readValue(
  [, location, count, value]: [id: number, location: number, count: number, value: number],
  { geoDoubleParams = [], geoAsciiParams = '' }: GeoKeyTags,
): number | readonly number[] | string | undefined {
  if (location === 0) return value;
  const length = { [DOUBLES]: geoDoubleParams.length, [ASCII]: geoAsciiParams.length }[location];
  if (length === undefined || value + count > length) return undefined;
  // A text ends in "|", which stands for the NUL of a C string.
  if (location === ASCII) return geoAsciiParams.slice(value, value + count).replace(/[|\0]+$/, '');
  return count === 1 ? geoDoubleParams[value] : geoDoubleParams.slice(value, value + count);
}

/** The value of a key that has to be one finite number; undefined where it is absent or something else. */
export function numberOf(keys: GeoKeys, id: number): number | undefined {
  const value = keys.get(id);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** GeoKeys of a coordinate system that EPSG numbers, for a raster whose tags mean pixel corners. */
export function epsgGeoKeys(code: number, kind: 'projected' | 'geographic'): GeoKeyTags {
  const projected = kind === 'projected';
  return {
    geoKeyDirectory: [
      [1, 1, 0, 3],
      [KEY.modelType, 0, 1, projected ? 1 : 2],
      [KEY.rasterType, 0, 1, 1],
      [projected ? KEY.projectedCrs : KEY.geodeticCrs, 0, 1, code],
    ].flat(),
  };
}

/** The same keys for a raster whose tags mean pixel corners, whatever the scene's tags meant. */
export function asPixelIsArea(tags: GeoKeyTags): GeoKeyTags {
  const directory = [...(tags.geoKeyDirectory ?? [])];
  for (let i = ENTRY; i < directory.length; i += ENTRY) {
    if (directory[i] === KEY.rasterType) directory[i + 3] = 1;
  }
  return { ...tags, geoKeyDirectory: directory };
}
