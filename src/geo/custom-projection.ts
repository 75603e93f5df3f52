import { type GeoKeys, KEY, numberOf, USER_DEFINED } from './geo-keys.ts';
import { type NoGeoref, noGeoref } from './no-georef.ts';

/** Linear units of EPSG in metres: metre, foot, US survey foot. */
export const METRES: Readonly<Record<number, number>> = {
  9001: 1,
  9002: 0.3048,
  9003: 1200 / 3937,
};
/** EPSG's number of the degree, the only angular unit that is read. */
export const DEGREE = 9102;
export const NO_DEGREES = noGeoref('its angular unit is not the degree');

/** The numbers that a method takes, whichever keys hold them. */
interface Parameters {
  readonly lon0: number;
  readonly lat0: number;
  readonly parallel1: number | undefined;
  readonly parallel2: number | undefined;
  readonly scale: number | undefined;
}

/** GeoTIFF's number of a method → its PROJ text; undefined where the parameters do not make one. */
const METHODS: Readonly<Record<number, (p: Parameters) => string | undefined>> = {
  1: (p) => `tmerc +lat_0=${p.lat0} +lon_0=${p.lon0} +k_0=${p.scale ?? 1}`,
  7: (p) =>
    p.parallel1 === undefined
      ? `merc +lon_0=${p.lon0} +k_0=${p.scale ?? 1} +over`
      : `merc +lon_0=${p.lon0} +lat_ts=${p.parallel1} +over`,
  8: (p) => conic('lcc', p),
  9: (p) => `lcc +lat_1=${p.lat0} +lat_0=${p.lat0} +lon_0=${p.lon0} +k_0=${p.scale ?? 1}`,
  10: (p) => `laea +lat_0=${p.lat0} +lon_0=${p.lon0}`,
  11: (p) => conic('aea', p),
  12: (p) => `aeqd +lat_0=${p.lat0} +lon_0=${p.lon0}`,
  15: polarStereographic,
  16: (p) => `sterea +lat_0=${p.lat0} +lon_0=${p.lon0} +k_0=${p.scale ?? 1}`,
  17: (p) => `eqc +lat_ts=${p.parallel1 ?? 0} +lat_0=${p.lat0} +lon_0=${p.lon0} +over`,
  18: (p) => `cass +lat_0=${p.lat0} +lon_0=${p.lon0}`,
  22: (p) => `poly +lat_0=${p.lat0} +lon_0=${p.lon0}`,
  24: (p) => `sinu +lon_0=${p.lon0}`,
  28: (p) => `cea +lat_ts=${p.parallel1 ?? 0} +lon_0=${p.lon0} +over`,
};

function conic(name: string, p: Parameters): string | undefined {
  if (p.parallel1 === undefined || p.parallel2 === undefined) return undefined;
  return `${name} +lat_1=${p.parallel1} +lat_2=${p.parallel2} +lat_0=${p.lat0} +lon_0=${p.lon0}`;
}

/** The key for the origin's latitude holds the standard parallel, or the pole when a scale is given there. */
function polarStereographic({ lat0, lon0, scale }: Parameters): string | undefined {
  if (lat0 === 0) return undefined;
  const pole = `stere +lat_0=${lat0 < 0 ? -90 : 90} +lon_0=${lon0}`;
  return Math.abs(lat0) === 90 ? `${pole} +k_0=${scale ?? 1}` : `${pole} +lat_ts=${lat0}`;
}

/**
 * The projection that GeoKeys describe by method and parameters, as a PROJ text without ellipsoid and datum. The methods
 * are those for which proj4 agrees with GDAL on files that GDAL wrote.
 */
export function customProjection(keys: GeoKeys): string | NoGeoref {
  const unit = linearUnit(keys);
  if (unit === undefined) return noGeoref('its linear unit is unknown; expected metres or feet');
  if ((numberOf(keys, KEY.angularUnits) ?? DEGREE) !== DEGREE) return NO_DEGREES;
  const number = numberOf(keys, KEY.method) ?? USER_DEFINED;
  const method = METHODS[number]?.(parametersOf(keys));
  if (method === undefined) {
    return noGeoref(
      number === USER_DEFINED
        ? 'its projection has neither an EPSG code nor a method'
        : `its projection method ${number} is not supported, or lacks parameters`,
    );
  }
  const [x0, y0] = falseOrigin(keys).map((value) => value * unit);
  return `+proj=${method} +x_0=${x0} +y_0=${y0}${unit === 1 ? '' : ` +to_meter=${unit}`}`;
}

function linearUnit(keys: GeoKeys): number | undefined {
  const code = numberOf(keys, KEY.linearUnits) ?? 9001;
  const size = code === USER_DEFINED ? numberOf(keys, KEY.linearUnitSize) : METRES[code];
  return size !== undefined && size > 0 ? size : undefined;
}

function parametersOf(keys: GeoKeys): Parameters {
  return {
    lon0:
      first(keys, [
        KEY.straightVerticalPoleLongitude,
        KEY.naturalOriginLongitude,
        KEY.falseOriginLongitude,
        KEY.centreLongitude,
      ]) ?? 0,
    lat0:
      first(keys, [KEY.naturalOriginLatitude, KEY.falseOriginLatitude, KEY.centreLatitude]) ?? 0,
    parallel1: numberOf(keys, KEY.standardParallel1),
    parallel2: numberOf(keys, KEY.standardParallel2),
    scale: first(keys, [KEY.scaleAtNaturalOrigin, KEY.scaleAtCentre]),
  };
}

function falseOrigin(keys: GeoKeys): [easting: number, northing: number] {
  return [
    first(keys, [KEY.falseEasting, KEY.falseOriginEasting, KEY.centreEasting]) ?? 0,
    first(keys, [KEY.falseNorthing, KEY.falseOriginNorthing, KEY.centreNorthing]) ?? 0,
  ];
}

/** Programs put the same parameter under different keys. */
function first(keys: GeoKeys, ids: readonly number[]): number | undefined {
  return ids.map((id) => numberOf(keys, id)).find((value) => value !== undefined);
}
