import { DATUM_TABLE } from './datum-table.ts';
import type { Point } from './polygon.ts';

/** A way from a datum to WGS 84. */
export interface DatumShift {
  /** What EPSG states for it; null where a file states the way itself. */
  readonly accuracyMetres: number | null;
  /** Nothing, 3 or 7 numbers as PROJ's +towgs84 has them: m, arc seconds (position vector), ppm. */
  readonly toWgs84: readonly number[];
}

interface Row extends DatumShift {
  readonly area: readonly [west: number, south: number, east: number, north: number];
}

interface Datum {
  /** Projected systems of EPSG on this datum that agree with PROJ, as first and last code of each run. */
  readonly projected: readonly (readonly [first: number, last: number])[];
  readonly rows: readonly Row[];
}

let table: ReadonlyMap<number, Datum> | undefined;

/** The geographic system whose datum a system of EPSG stands on; undefined for one that is not placed. */
export function datumOf(code: number, kind: 'projected' | 'geographic'): number | undefined {
  table ??= readTable();
  if (kind === 'geographic') return table.has(code) ? code : undefined;
  for (const [geographic, { projected }] of table) {
    if (projected.some(([first, last]) => code >= first && code <= last)) return geographic;
  }
  return undefined;
}

/**
 * The most accurate way to WGS 84 that EPSG states for a place; undefined where it states none.
 *
 * @param geographic what `datumOf` found
 * @param place [longitude, latitude] in degrees; some hundred metres do not matter
 */
export function datumShift(geographic: number, place: Point): DatumShift | undefined {
  table ??= readTable();
  return table.get(geographic)?.rows.find((row) => contains(row.area, place));
}

function contains([west, south, east, north]: Row['area'], [longitude, latitude]: Point): boolean {
  const width = turn(east - west) || 360;
  return latitude >= south && latitude <= north && turn(longitude - west) <= width;
}

/** Degrees as 0..360: eastwards from one meridian to another. */
const turn = (degrees: number) => ((degrees % 360) + 360) % 360;

function readTable(): Map<number, Datum> {
  const read = new Map<number, { projected: [number, number][]; rows: Row[] }>();
  let rows: Row[] = [];
  for (const line of DATUM_TABLE.trim().split('\n')) {
    const [system, codes] = line.split(':');
    if (codes === undefined) {
      rows.push(readRow(line));
    } else {
      rows = [];
      read.set(Number(system), { projected: readRuns(codes), rows });
    }
  }
  return read;
}

function readRow(line: string): Row {
  const [accuracy, area, shift] = line.split('|') as [string, string, string];
  const [west, south, east, north] = numbers(area) as [number, number, number, number];
  return {
    accuracyMetres: Number(accuracy),
    area: [west, south, east, north],
    toWgs84: numbers(shift),
  };
}

const words = (text: string) => text.trim().split(' ').filter(Boolean);
const numbers = (text: string) => words(text).map(Number);

/** "26901-26923 3005" → [[26901, 26923], [3005, 3005]]. */
const readRuns = (codes: string): [number, number][] =>
  words(codes).map((run) => {
    const [first, last = first] = run.split('-').map(Number) as [number, number?];
    return [first, last];
  });
