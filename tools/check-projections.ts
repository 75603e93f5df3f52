/**
 * Reads {code: [[longitude, latitude, x, y], …]} on stdin, projected by a reference, and prints the codes for which
 * src/geo/epsg-projection.ts comes out within 1 cm, both ways. Longitude and latitude are degrees from Greenwich on the system's
 * own datum. Called by write_datum_table.py.
 */
import { text } from 'node:stream/consumers';
import proj4 from 'proj4';
import { epsgProjection } from '../src/geo/epsg-projection.ts';

const TOLERANCE_METRES = 0.01;
const METRES_PER_DEGREE = 111_320;

type Sample = readonly [longitude: number, latitude: number, x: number, y: number];

function worstMetres(definition: string, samples: readonly Sample[]): number {
  const {
    a,
    b,
    to_meter: unit = 1,
  } = proj4.Proj(definition) as { a: number; b: number; to_meter?: number };
  const project = proj4(`+proj=longlat +a=${a} +b=${b} +no_defs`, definition);
  const offsets = samples.flatMap(([longitude, latitude, x, y]) => {
    const [px, py] = project.forward([longitude, latitude]) as [number, number];
    const [lon, lat] = project.inverse([x, y]) as [number, number];
    const east = (((lon - longitude + 540) % 360) - 180) * Math.cos((latitude * Math.PI) / 180);
    return [
      Math.hypot(px - x, py - y) * unit,
      Math.hypot(east, lat - latitude) * METRES_PER_DEGREE,
    ];
  });
  return offsets.every(Number.isFinite) ? Math.max(...offsets) : Infinity;
}

const cases = JSON.parse(await text(process.stdin)) as Record<string, Sample[]>;
const good = Object.entries(cases).filter(([code, samples]) => {
  // +over is for scenes that cross the antimeridian; the samples are of the whole area, within ±180°.
  const definition = epsgProjection(Number(code), 'projected')?.replace(' +over', '');
  if (definition === undefined) return false;
  try {
    return worstMetres(definition, samples) <= TOLERANCE_METRES;
  } catch (error) {
    console.error(`EPSG:${code} ${error}`);
    return false;
  }
});
console.log(JSON.stringify(good.map(([code]) => Number(code))));
