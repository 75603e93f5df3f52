import library from 'geotiff-geokeys-to-proj4';

/** Parts of the library's text that are not taken over. */
const DROPPED = /^\+(axis|towgs84|ellps|datum|units|no_defs)\b/;

/**
 * What a code of EPSG computes, as a PROJ text without its datum: ellipsoid as +a and +b, x east and y north. Undefined
 * where the library has no usable text.
 *
 * Three things are repaired: the datum shift is left out (the library has some, for other areas than the scene's; see
 * datum.ts), a raster is stored east and north whatever the order of EPSG's axes, and a polar stereographic system gets
 * the pole that its standard parallel lies at. Of what comes out, only codes of the datum table are used: each was
 * compared with PROJ when the table was made (tools/write_datum_table.py).
 */
export function epsgProjection(code: number, kind: 'projected' | 'geographic'): string | undefined {
  const key = kind === 'projected' ? 'ProjectedCSTypeGeoKey' : 'GeographicTypeGeoKey';
  const { proj4, errors } = library.toProj4({ [key]: code });
  if ('CRSNotSupported' in errors || proj4.includes('undefined')) return undefined;
  const parts = proj4.trim().split(/\s+/);
  // An axis that runs west or south would put the scene elsewhere.
  if (parts.some((part) => /^\+axis=.*[ws]/.test(part))) return undefined;
  const kept = parts.filter((part) => !DROPPED.test(part));
  return [...kept, ...missingPole(kept), ...overTheEdge(kept), '+no_defs'].join(' ');
}

/** On a cylinder, x beyond the antimeridian stays where it is instead of coming in on the other side. */
function overTheEdge(parts: readonly string[]): string[] {
  const cylinders = ['+proj=merc', '+proj=eqc', '+proj=cea'];
  return parts.some((part) => cylinders.includes(part)) ? ['+over'] : [];
}

function missingPole(parts: readonly string[]): string[] {
  const parallel = parts.find((part) => part.startsWith('+lat_ts='))?.slice('+lat_ts='.length);
  if (!parts.includes('+proj=stere') || !parallel) return [];
  if (parts.some((part) => part.startsWith('+lat_0='))) return [];
  return [`+lat_0=${Number(parallel) < 0 ? -90 : 90}`];
}
