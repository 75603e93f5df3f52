import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sqlite from 'node-sqlite3-wasm';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import type { Region } from './geojson.ts';
import { writeGeoPackage } from './geopackage.ts';
import { maskOf } from './masks.fixture.ts';
import { PLACES } from './places.fixture.ts';
import { traceMask } from './trace.ts';

const place = PLACES['UTM, north up']!;
const regions: Region[] = traceMask(maskOf(['###..', '#.#.#', '###..'])).map((polygon, i) => ({
  polygon,
  properties: {
    expression: 'the ship\'s "bow"',
    score: i === 0 ? 0.75 : null,
    area_m2: 800,
    source: 'scene.tif',
    checkpoint: 'demo',
    preset: 'paper',
  },
}));

async function written(): Promise<{ path: string; all: (sql: string) => unknown[] }> {
  const path = join(temporaryFolder(), 'regions.gpkg');
  await writeGeoPackage({ path, regions, place });
  const all = (sql: string) => {
    const database = new sqlite.Database(path, { readOnly: true });
    try {
      return database.all(sql);
    } finally {
      database.close();
    }
  };
  return { path, all };
}

describe('writeGeoPackage', () => {
  it('says in its header what it is', async () => {
    const { path } = await written();
    const bytes = readFileSync(path);
    // SQLite's header: user version at 60, application id at 68.
    expect(bytes.readUInt32BE(60)).toBe(10300);
    expect(bytes.toString('latin1', 68, 72)).toBe('GPKG');
  });

  it('registers the table, its system and the style', async () => {
    const { all } = await written();
    expect(
      all('SELECT table_name, data_type, min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents'),
    ).toEqual([
      {
        table_name: 'regions',
        data_type: 'features',
        min_x: 404211.9,
        min_y: 3285112.9,
        max_x: 404261.9,
        max_y: 3285142.9,
        srs_id: 32617,
      },
      expect.objectContaining({ table_name: 'layer_styles', data_type: 'attributes' }),
    ]);
    expect(all('SELECT srs_id FROM gpkg_spatial_ref_sys ORDER BY 1')).toEqual(
      [-1, 0, 4326, 32617].map((srs_id) => ({ srs_id })),
    );
    expect(all('SELECT f_table_name, f_geometry_column, useAsDefault FROM layer_styles')).toEqual([
      { f_table_name: 'regions', f_geometry_column: 'geom', useAsDefault: 1 },
    ]);
  });

  it('keeps properties, and a score that there is none of', async () => {
    const { all } = await written();
    const rows = all('SELECT expression, score, area_m2, preset FROM regions');
    const common = { expression: 'the ship\'s "bow"', area_m2: 800, preset: 'paper' };
    expect(rows).toEqual([
      { ...common, score: 0.75 },
      { ...common, score: null },
    ]);
  });

  it('writes geometry with its envelope, closed rings, outer ring counter-clockwise on the map', async () => {
    const { all } = await written();
    const [{ geom }] = all('SELECT geom FROM regions') as [{ geom: Uint8Array }];
    const view = new DataView(geom.buffer, geom.byteOffset, geom.byteLength);
    const doubles = (at: number, count: number) =>
      Array.from({ length: count }, (_, i) => view.getFloat64(at + 8 * i, true));
    expect(String.fromCharCode(geom[0]!, geom[1]!)).toBe('GP');
    expect(view.getInt32(4, true)).toBe(32617);
    // min x, max x, min y, max y.
    expect(doubles(8, 4)).toEqual([404211.9, 404241.9, 3285112.9, 3285142.9]);
    // Little-endian, polygon, two rings, five points in the first.
    expect(geom[40]).toBe(1);
    expect([41, 45, 49].map((at) => view.getUint32(at, true))).toEqual([3, 2, 5]);
    expect(doubles(53, 10)).toEqual([
      404211.9, 3285142.9, 404211.9, 3285112.9, 404241.9, 3285112.9, 404241.9, 3285142.9, 404211.9,
      3285142.9,
    ]);
    expect(geom.length).toBe(40 + 9 + 2 * (4 + 5 * 16));
  });

  it('may hold nothing', async () => {
    const path = join(temporaryFolder(), 'nothing.gpkg');
    await writeGeoPackage({ path, regions: [], place });
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  it('leaves a file that is there alone, and nothing behind where it cannot write', async () => {
    const folder = temporaryFolder({ 'regions.gpkg': 'mine' });
    const path = join(folder, 'regions.gpkg');
    const refused = expect.objectContaining({ code: 'OUTPUT_WRITE' });
    await expect(writeGeoPackage({ path, regions, place })).rejects.toEqual(refused);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    const nowhere = join(folder, 'missing', 'regions.gpkg');
    await expect(writeGeoPackage({ path: nowhere, regions, place })).rejects.toEqual(refused);
    expect(existsSync(nowhere)).toBe(false);
  });

  it('takes a half-written file away when SQLite fails', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'regions.gpkg');
    // SQLite's lock of another process.
    writeFileSync(join(folder, 'regions.gpkg.lock'), '');
    await expect(writeGeoPackage({ path, regions, place })).rejects.toEqual(
      expect.objectContaining({ code: 'OUTPUT_WRITE' }),
    );
    expect(readdirSync(folder)).toEqual(['regions.gpkg.lock']);
  });
});
