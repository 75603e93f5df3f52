import proj4 from 'proj4';
import { customProjection, DEGREE, METRES, NO_DEGREES } from './custom-projection.ts';
import { type DatumShift, datumOf, datumShift } from './datum.ts';
import { epsgProjection } from './epsg-projection.ts';
import { type GeoKeys, KEY, numberOf, USER_DEFINED } from './geo-keys.ts';
import { isPlaced, type NoGeoref, noGeoref } from './no-georef.ts';
import type { Point } from './polygon.ts';

/** A coordinate system of a map that can be walked to WGS 84 and back. */
export interface Crs {
  /** Its number in EPSG; null where the file describes it by parameters. */
  readonly epsg: number | null;
  readonly name: string;
  readonly kind: 'projected' | 'geographic';
  /** Metres in one unit of x and y; null where they are degrees. */
  readonly unitMetres: number | null;
  /** As PROJ text. x points east and y north, whatever order EPSG gives the axes. */
  readonly definition: string;
  /** What EPSG states for the way from this datum to WGS 84, in metres; null where the file states its own way. */
  readonly accuracyMetres: number | null;
  /** Map [x, y] → [longitude, latitude] in degrees on WGS 84; longitudes run on beyond ±180° across the antimeridian. */
  toLonLat(point: Point): Point;
  /** The way back; longitudes may be any whole turns away. */
  fromLonLat(point: Point): Point;
}

/** What people call it, with its number. */
export function sayCrs({ name, epsg }: Pick<Crs, 'name' | 'epsg'>): string {
  return epsg === null || name === `EPSG:${epsg}` ? name : `${name} (EPSG:${epsg})`;
}

/** The system without its datum. */
interface Base extends Pick<Crs, 'epsg' | 'name' | 'kind'> {
  readonly projection: string;
  /** The geographic system of EPSG with the same datum, or the way to WGS 84 that the file states. */
  readonly datum: number | DatumShift;
}

/** Web Mercator as Esri and older programs wrote it before it had a code. */
const WEB_MERCATOR = /Mercator_Auxiliary_Sphere|Popular Visualisation/;
const SLACK_TURNS = 1e-9;
/** The datum of a file that names none, but has the ellipsoid of today's geocentric systems. */
const GEOCENTRIC: DatumShift = { accuracyMetres: 2, toWgs84: [] };

/**
 * The system of a scene.
 *
 * @param centre the scene's centre in map units: a datum's way to WGS 84 depends on where on the Earth it is
 */
export function crsFromGeoKeys(keys: GeoKeys, centre: Point): Crs | NoGeoref {
  const model = numberOf(keys, KEY.modelType);
  const projected = numberOf(keys, KEY.projectedCrs);
  if (projected === USER_DEFINED && WEB_MERCATOR.test(`${keys.get(KEY.projectedCitation)}`)) {
    return crsFromEpsg({ code: 3857, centre });
  }
  if (model === 1) {
    if (!projected) return noGeoref('it says that it is projected, and not how');
    return projected === USER_DEFINED ? customCrs(keys, centre) : statedCrs(keys, centre);
  }
  if (model === 2) return geographicCrs(keys, centre);
  return noGeoref(
    model === 3
      ? 'its coordinates are geocentric'
      : 'its GeoKeys name no kind of coordinate system that EPSG has',
  );
}

/** A system by its EPSG code; `name` is what a file calls it. `centre` as for crsFromGeoKeys. */
export function crsFromEpsg(options: {
  readonly code: number;
  readonly centre: Point;
  readonly name?: string;
}): Crs | NoGeoref {
  const { code, centre, name = `EPSG:${code}` } = options;
  const kind = datumOf(code, 'geographic') === undefined ? 'projected' : 'geographic';
  const datum = datumOf(code, kind);
  const projection = epsgProjection(code, kind);
  if (datum === undefined || projection === undefined) {
    return noGeoref(
      `EPSG:${code} is none of the systems zeroov knows; warp it to UTM or EPSG:4326`,
    );
  }
  return open({ epsg: code, name, kind, projection, datum }, centre);
}

/** A projected system with a code: the code says everything, but a unit beside it must not contradict. */
function statedCrs(keys: GeoKeys, centre: Point): Crs | NoGeoref {
  const code = numberOf(keys, KEY.projectedCrs)!;
  const crs = crsFromEpsg({ code, centre, name: nameOf(keys) });
  const unit = numberOf(keys, KEY.linearUnits);
  if (!isPlaced(crs) || unit === undefined || unit === USER_DEFINED) return crs;
  const stated = METRES[unit];
  if (stated !== undefined && Math.abs(stated - (crs.unitMetres ?? 0)) > 1e-4) {
    return noGeoref(`EPSG:${code} and the unit beside it contradict each other`);
  }
  return crs;
}

function geographicCrs(keys: GeoKeys, centre: Point): Crs | NoGeoref {
  if ((numberOf(keys, KEY.angularUnits) ?? DEGREE) !== DEGREE) return NO_DEGREES;
  const code = numberOf(keys, KEY.geodeticCrs);
  if (code && code !== USER_DEFINED) return crsFromEpsg({ code, centre, name: nameOf(keys) });
  return custom({ keys, centre, kind: 'geographic', projection: '+proj=longlat' });
}

function customCrs(keys: GeoKeys, centre: Point): Crs | NoGeoref {
  const projection = customProjection(keys);
  return typeof projection === 'string'
    ? custom({ keys, centre, kind: 'projected', projection })
    : projection;
}

/** A system without a code: its ellipsoid and its way to WGS 84 come from what else the keys say. */
function custom(options: {
  readonly keys: GeoKeys;
  readonly centre: Point;
  readonly kind: Crs['kind'];
  readonly projection: string;
}): Crs | NoGeoref {
  const { keys, centre, kind, projection } = options;
  const earth = earthOf(keys);
  if ('noGeoref' in earth) return earth;
  const base = { epsg: null, name: nameOf(keys) ?? 'unnamed', kind, datum: earth.datum };
  return open({ ...base, projection: `${projection} ${earth.ellipsoid} +no_defs` }, centre);
}

function earthOf(keys: GeoKeys): { ellipsoid: string; datum: number | DatumShift } | NoGeoref {
  const code = geographicCode(keys);
  if (code !== undefined) {
    const known = datumOf(code, 'geographic');
    const longlat = known === undefined ? undefined : epsgProjection(code, 'geographic');
    if (known === undefined || longlat === undefined) {
      return noGeoref(`how the datum of EPSG:${code} meets WGS 84 is not known`);
    }
    const ellipsoid = longlat.split(' ').filter((part) => /^\+(a|b|pm)=/.test(part));
    return { ellipsoid: ellipsoid.join(' '), datum: known };
  }
  const a = numberOf(keys, KEY.semiMajorAxis);
  if (!a) return noGeoref('it names no datum');
  const flattening = numberOf(keys, KEY.inverseFlattening);
  const b = flattening ? a - a / flattening : (numberOf(keys, KEY.semiMinorAxis) ?? a);
  const ellipsoid = `+a=${a} +b=${b} +pm=${numberOf(keys, KEY.primeMeridianLongitude) ?? 0}`;
  const toWgs84 = keys.get(KEY.toWgs84);
  if (Array.isArray(toWgs84) && [3, 7].includes(toWgs84.length)) {
    return { ellipsoid, datum: { accuracyMetres: null, toWgs84 } };
  }
  if (a === 6378137 && Math.abs(a / (a - b) - 298.2572) < 1e-3) {
    return { ellipsoid, datum: GEOCENTRIC };
  }
  return noGeoref('how its datum meets WGS 84 is not stated');
}

/** The geographic system that is named, or the one whose datum is: EPSG's older datums have its number plus 2000. */
function geographicCode(keys: GeoKeys): number | undefined {
  const system = numberOf(keys, KEY.geodeticCrs);
  if (system && system !== USER_DEFINED) return system;
  const datum = numberOf(keys, KEY.geodeticDatum);
  return datum && datum !== USER_DEFINED ? datum - 2000 : undefined;
}

function open({ projection, datum, ...base }: Base, centre: Point): Crs | NoGeoref {
  try {
    const near = proj4(projection, 'WGS84').forward([...centre]) as [number, number];
    if (!near.every(Number.isFinite) || Math.abs(near[1]) > 90) {
      return noGeoref(`its centre, ${centre} in ${base.name}, is not on the Earth`);
    }
    const way = typeof datum === 'number' ? datumShift(datum, near) : datum;
    if (!way) return noGeoref(`EPSG states no way from ${base.name} to WGS 84 for this place`);
    const { toWgs84, accuracyMetres } = way;
    const definition = toWgs84.length ? `${projection} +towgs84=${toWgs84}` : projection;
    const { to_meter: unit = 1 } = proj4.Proj(definition) as { to_meter?: number };
    const unitMetres = base.kind === 'projected' ? unit : null;
    return { ...base, definition, accuracyMetres, unitMetres, ...walk(definition, near[0]) };
  } catch (cause) {
    return noGeoref(`proj4 refuses its coordinate system (${cause})`);
  }
}

/** Longitudes run on beyond ±180°, so that a scene across the antimeridian is in one piece. */
function walk(definition: string, centre: number): Pick<Crs, 'toLonLat' | 'fromLonLat'> {
  const { forward, inverse } = proj4(definition, 'WGS84');
  const isGeographic = definition.startsWith('+proj=longlat');
  const isShifted = definition.includes('+towgs84');
  // Cylinders and degrees run on by themselves; the others, and a shift of datum, come back within ±180°.
  const runsOn = definition.includes('+over') || (isGeographic && !isShifted);
  const near = (degrees: number) => {
    const turns = (centre - degrees) / 360;
    // Half a turn away is both: the two sides of a map of the world stay where they are.
    return Math.abs(turns) < 0.5 + SLACK_TURNS ? degrees : degrees + 360 * Math.round(turns);
  };
  return {
    toLonLat: ([x, y]) => {
      const [lon, lat] = forward([x, y]) as [number, number];
      return [runsOn ? lon : near(lon), lat];
    },
    fromLonLat: ([longitude, latitude]) => {
      const [x, y] = inverse([runsOn ? near(longitude) : longitude, latitude]);
      return [isGeographic && isShifted ? near(x!) : x!, y!];
    },
  };
}

/** What the file calls its system; GDAL's citations put alternatives behind "|". */
function nameOf(keys: GeoKeys): string | undefined {
  const ids = [KEY.projectedCitation, KEY.citation, KEY.geodeticCitation];
  const names = ids.map((id) => keys.get(id)).filter((name) => typeof name === 'string');
  return names.find((name) => name && !name.startsWith('ESRI PE'))?.split('|')[0];
}
