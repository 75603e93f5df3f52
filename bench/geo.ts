/**
 * What does a place cost? Outlines of a 4096 × 4096 mask, their areas and GeoJSON, and a mask of 60 000 × 60 000 pixels as
 * COG with the memory it takes.
 *
 *   npx tsx bench/geo.ts [--side 4096] [--scene 60000]
 */
import { rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { epsgGeoKeys } from '../src/geo/geo-keys.ts';
import { toGeoJson } from '../src/geo/geojson.ts';
import { groundFrame } from '../src/geo/ground-frame.ts';
import { measure } from '../src/geo/measure.ts';
import { type Place, placeFromGeoTiff } from '../src/geo/place.ts';
import type { Polygon } from '../src/geo/polygon.ts';
import { simplify } from '../src/geo/simplify.ts';
import { traceMask } from '../src/geo/trace.ts';
import { writeCog } from '../src/geo/write-cog.ts';
import type { Mask, Size } from '../src/tensor/image.ts';
import { machine, memory, timed } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    side: { type: 'string', default: '4096' },
    scene: { type: 'string', default: '60000' },
  },
});
const print = (name: string, value: string) => console.log(`${name.padEnd(44)} ${value}`);

/** Of the process so far. */
const printMemory = () => print('peak memory', `${memory().peak.toFixed(2)} GB`);

/** A scene of 0.5 m pixels in UTM. */
const placeOf = (size: Size): Place =>
  placeFromGeoTiff(
    {
      ...epsgGeoKeys(32617, 'projected'),
      modelPixelScale: [0.5, 0.5, 0],
      modelTiepoint: [0, 0, 0, 404211.9, 3285142.9, 0],
    },
    size,
  ) as Place;

function maskOf(side: number, isInside: (x: number, y: number) => boolean): Mask {
  const data = new Uint8Array(side * side);
  for (let i = 0; i < data.length; i += 1) {
    data[i] = isInside(i % side, Math.floor(i / side)) ? 1 : 0;
  }
  return { widthPx: side, heightPx: side, data };
}

const isBlob = (x: number, y: number) =>
  Math.sin(x / 97) * Math.cos(y / 61) + Math.sin((x + y) / 33) > 0.4;

async function report<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const { value, seconds } = await timed(async () => work());
  print(name, `${seconds.toFixed(2)} s`);
  return value;
}

const points = (polygons: readonly Polygon[]) =>
  polygons.reduce((sum, { outer, holes }) => sum + [outer, ...holes].flat().length, 0);

async function outlines(side: number): Promise<void> {
  const place = placeOf({ widthPx: side, heightPx: side });
  const mask = maskOf(side, isBlob);
  const polygons = await report(`trace ${side} × ${side}`, () => traceMask(mask));
  print('polygons, corners', `${polygons.length}, ${points(polygons)}`);
  const { toMetres } = groundFrame(place, [side / 2, side / 2]);
  const thin = await report('simplify to 1 m', () =>
    simplify(polygons, { toleranceMetres: 1, toMetres }),
  );
  print('corners left', `${points(thin)}`);
  const properties = { expression: '', score: 1, source: '', checkpoint: '', preset: '' };
  const regions = await report('areas', () =>
    polygons.map((polygon) => ({
      polygon,
      properties: { ...properties, area_m2: measure(polygon, place).areaM2 },
    })),
  );
  await report('GeoJSON', () => JSON.stringify(toGeoJson(regions, place)).length);
  printMemory();
}

/** Blobs in one tile of a hundred, nothing in the others. */
async function scene(side: number): Promise<void> {
  const path = join(tmpdir(), `zeroov-bench-${process.pid}.tif`);
  const tilePx = 512 as const;
  const tile = maskOf(tilePx, isBlob).data;
  const readTile = async (column: number, row: number) =>
    (column * 7 + row * 3) % 100 === 0 ? tile : null;
  const size = { widthPx: side, heightPx: side };
  const source = { ...size, sample: 'uint8' as const, tilePx, readTile };
  await report(`COG ${side} × ${side}`, () => writeCog({ path, source, place: placeOf(size) }));
  print('its size', `${((await stat(path)).size / 1e6).toFixed(1)} MB`);
  printMemory();
  await rm(path);
}

console.log(machine());
await scene(Number(flags.scene));
await outlines(Number(flags.side));
