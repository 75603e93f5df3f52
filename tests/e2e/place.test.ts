/**
 * Answers in the right place, by GDAL and by rasterio with shapely: every sample of ../shared/samples, and made-up scenes that
 * are rotated, polar and on the antimeridian, through the command line. Skipped where GDAL's programs are not installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { NO_PYTHON, pythonWith } from '../../src/evaluation/tools-python.fixture.ts';
import { SCENE_RESULT_SCHEMA } from '../../src/pipeline/scene-record.ts';
import { makeScene } from '../../src/synthetic/scene.ts';
import { gdal, gdalLonLat, HAS_GDAL, query, readBytes } from '../support/gdal.ts';
import { RANDOM_LOOK, ROOT, testFolder, zeroov } from './run-zeroov.ts';

/** Every run is a process of its own with networks to load, on machines of two cores that do other work, too. */
vi.setConfig({ testTimeout: 300_000 });

const folder = await testFolder();
const SAMPLES = join(ROOT, '..', 'shared', 'samples');
const FORMATS = ['--format', 'geojson,gpkg,cog,stac,pgw'];
/** The VLM alone: where it is does not depend on what else is asked. */
const QUICK = ['--order', 'O-E', '--all', ...FORMATS];

interface Info {
  readonly geoTransform: readonly number[];
  readonly size: readonly [width: number, height: number];
  readonly coordinateSystem: { readonly wkt: string };
  readonly metadata: Record<string, Record<string, string>>;
}

const infoOf = (path: string): Info => JSON.parse(gdal('gdalinfo', ['-json', path]));

/** Every scene and its output folder, for rasterio and shapely. */
const placed: string[] = [];

/** What GDAL says of everything in an output folder, against the scene itself. */
async function expectInPlace(scene: string, out: string): Promise<void> {
  placed.push(scene, out);
  const own = infoOf(scene);
  const mask = join(out, 'mask.tif');
  const info = infoOf(mask);
  expect(info.size).toEqual(own.size);
  for (const [i, value] of own.geoTransform.entries()) {
    expect(Math.abs(info.geoTransform[i]! - value)).toBeLessThan(1e-6 * Math.abs(value) + 1e-9);
  }
  for (const name of ['mask', 'maps/overview', 'maps/evolved']) {
    const { metadata } = infoOf(join(out, `${name}.tif`));
    expect(metadata['IMAGE_STRUCTURE']?.['LAYOUT']).toBe('COG');
  }
  // The outlines, filled by GDAL, are the mask.
  const [geojson, gpkg] = [join(out, 'result.geojson'), join(out, 'result.gpkg')];
  const filled = join(out, 'filled.tif');
  gdal('gdal_translate', ['-q', '-scale', '0', '1', '0', '0', '-a_nodata', 'none', mask, filled]);
  gdal('gdal_rasterize', ['-q', '-l', 'regions', '-burn', '1', gpkg, filled]);
  const pixels = readBytes(mask);
  expect(pixels.includes(1)).toBe(true);
  expect(readBytes(filled).every((value, i) => value === pixels[i])).toBe(true);
  expect(query(gpkg, 'SELECT count(*) FROM regions WHERE NOT st_isvalid(geom)')).toEqual(['0']);
  expect(query(geojson, 'SELECT count(*) FROM result WHERE NOT st_isvalid(geometry)')).toEqual([
    '0',
  ]);
  // Every corner in degrees lies inside the scene: back in pixels by GDAL.
  const { features } = JSON.parse(await readFile(geojson, 'utf8'));
  const corners: number[][] = features.flatMap((feature: { geometry: object }) => pairsOf(feature));
  writeFileSync(join(out, 'scene.wkt'), own.coordinateSystem.wkt);
  const lines = corners.map(([longitude, latitude]) => `${longitude} ${latitude}`).join('\n');
  const system = ['-s_srs', 'EPSG:4326', '-t_srs', join(out, 'scene.wkt')];
  const axes = ['--config', 'OSR_DEFAULT_AXIS_MAPPING_STRATEGY', 'TRADITIONAL_GIS_ORDER'];
  const maps = gdal('gdaltransform', [...axes, ...system, '-output_xy'], `${lines}\n`);
  for (const line of maps.trim().split('\n')) {
    const [column, row] = toPixel(own.geoTransform, line.split(' ').map(Number));
    expect(column).toBeGreaterThan(-0.5);
    expect(column).toBeLessThan(own.size[0] + 0.5);
    expect(row).toBeGreaterThan(-0.5);
    expect(row).toBeLessThan(own.size[1] + 0.5);
  }
}

/** Every [longitude, latitude] of a feature's geometry. */
function pairsOf({ geometry }: { geometry?: { coordinates?: unknown } }): number[][] {
  const walk = (value: unknown): number[][] =>
    Array.isArray(value)
      ? typeof value[0] === 'number'
        ? [value as number[]]
        : value.flatMap(walk)
      : [];
  return walk(geometry?.coordinates);
}

/** GDAL's six numbers: x = g0 + g1·column + g2·row, y = g3 + g4·column + g5·row. */
function toPixel(g: readonly number[], [x, y]: readonly number[]): [number, number] {
  const [dx, dy] = [x! - g[0]!, y! - g[3]!];
  const determinant = g[1]! * g[5]! - g[2]! * g[4]!;
  return [(dx * g[5]! - dy * g[2]!) / determinant, (dy * g[1]! - dx * g[4]!) / determinant];
}

const samples = existsSync(SAMPLES)
  ? readdirSync(SAMPLES).filter((name) => name.endsWith('.tif'))
  : [];

describe.skipIf(!HAS_GDAL || samples.length === 0)('samples (GDAL, ../shared/samples)', () => {
  it.each(samples)(
    '%s',
    async (name) => {
      const out = join(folder, `${name}.out`);
      const ran = await zeroov([
        'ground',
        join(SAMPLES, name),
        'the building',
        ...QUICK,
        '-o',
        out,
      ]);
      expect(ran.stderr).not.toContain('INTERNAL');
      expect(ran.status).toBe(0);
      await expectInPlace(join(SAMPLES, name), out);
    },
    300_000,
  );
});

const SIDE = 320;

/** A synthetic scene as a GeoTIFF with six numbers of GDAL and an EPSG code. */
async function madeUp(name: string, { geo, epsg }: { geo: number[]; epsg: number }) {
  const { image } = makeScene({ seed: 980_000_003, sizePx: SIDE, stage: 'a' });
  const [png, vrt, path] = ['png', 'vrt', 'tif'].map((end) => join(folder, `${name}.${end}`));
  const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
  await sharp(image.data, { raw }).png().toFile(png!);
  gdal('gdal_translate', ['-q', '-of', 'VRT', '-a_srs', `EPSG:${epsg}`, png!, vrt!]);
  const text = await readFile(vrt!, 'utf8');
  writeFileSync(vrt!, text.replace('<SRS', `<GeoTransform>${geo.join(', ')}</GeoTransform><SRS`));
  gdal('gdal_translate', ['-q', vrt!, path!]);
  return path!;
}

const [cos, sin] = [Math.cos(0.4) * 0.5, Math.sin(0.4) * 0.5];
const MADE = {
  rotated: { epsg: 32632, geo: [400_000, cos, sin, 5_600_000, sin, -cos] },
  // Some 300 km from the south pole.
  'polar stereographic': { epsg: 3031, geo: [200_000, 30, 0, 250_000, 0, -30] },
  // UTM 60 S east of its last meridian: 180° runs through the scene.
  antimeridian: { epsg: 32760, geo: [816_000, 10, 0, 8_000_000, 0, -10] },
} as const;

describe.skipIf(!HAS_GDAL)('made-up scenes (GDAL)', () => {
  it.each(Object.keys(MADE) as (keyof typeof MADE)[])('%s, by tiles', async (name) => {
    const { epsg, geo } = MADE[name];
    const scene = await madeUp(name, { epsg, geo: [...geo] });
    const out = join(folder, `${name}.out`);
    const tiled = ['--tile', '192', '--search', 'exhaustive'];
    const ran = await zeroov(['ground', scene, 'the building', ...QUICK, ...tiled, '-o', out]);
    expect(ran.stderr).not.toContain('INTERNAL');
    expect(ran.status).toBe(0);
    await expectInPlace(scene, out);
  });

  it('has 180° run through the one on the antimeridian', () => {
    const { geo, epsg } = MADE.antimeridian;
    const lonLat = (column: number) =>
      gdalLonLat(`EPSG:${epsg}`, [geo[0] + geo[1] * column, geo[3] - 10 * (SIDE / 2)])[0]!;
    expect(lonLat(0)).toBeGreaterThan(179);
    expect(lonLat(SIDE)).toBeLessThan(-179);
  });

  it('searches a polygon of --within and nothing else, stage maps included', async () => {
    const geo = [400_000, 0.5, 0, 5_600_000, 0, -0.5];
    const scene = await madeUp('within', { epsg: 32632, geo });
    const look = ['ground', scene, 'the blue car', ...RANDOM_LOOK, '--all', ...FORMATS, '--json'];
    const square = await zeroov([...look, '--within', '32,32,288,288']);
    const [best] = SCENE_RESULT_SCHEMA.parse(JSON.parse(square.stdout)).regions;
    const [x1, y1, x2, y2] = best!.box;
    // The half of the square in which the square's best is not.
    const low = x1 + x2 + y1 + y2 < 2 * SIDE;
    const corners = [
      [287.5, 32.5],
      low ? [287.5, 287.5] : [32.5, 32.5],
      [32.5, 287.5],
      [287.5, 32.5],
    ] as const;
    const ring = corners.map(([x, y]) =>
      gdalLonLat('EPSG:32632', [geo[0]! + 0.5 * x, geo[3]! - 0.5 * y]).slice(0, 2),
    );
    const area = join(folder, 'half.geojson');
    writeFileSync(area, JSON.stringify({ type: 'Polygon', coordinates: [ring] }));
    const out = join(folder, 'within.out');
    const ran = await zeroov([...look, '--within', area, '-o', out]);
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    await expectInPlace(scene, out);
    const found = [...readBytes(join(out, 'mask.tif')).entries()].filter(
      ([, value]) => value === 1,
    );
    const sums = found.map(([i]) => (i % SIDE) + Math.floor(i / SIDE) + 1);
    expect(sums.every((sum) => (low ? sum >= SIDE : sum <= SIDE))).toBe(true);
    for (const name of ['overview', 'evolved']) {
      const { size, geoTransform } = infoOf(join(out, 'maps', `${name}.tif`));
      const [x, width, , y, , height] = geoTransform as [number, number, 0, number, 0, number];
      // The pixels that the half touches: 256 of half a metre, 32 inside the scene.
      const map = [x, y, width * size[0], height * size[1]];
      expect(map.map((value) => Math.round(value * 1e3) / 1e3)).toEqual([
        400_016, 5_599_984, 128, -128,
      ]);
    }
  });

  it('writes one file where -o names one', async () => {
    const { epsg, geo } = MADE.rotated;
    const scene = await madeUp('alone', { epsg, geo: [...geo] });
    const alone = join(folder, 'alone');
    const write = async (name: string, more: readonly string[]) => {
      const look = ['ground', scene, 'the blue car', ...RANDOM_LOOK, ...more];
      const ran = await zeroov([...look, '-o', join(alone, name)]);
      expect([ran.status, ran.stderr]).toEqual([0, '']);
      return join(alone, name);
    };
    const geojson = await write('only.geojson', ['--whole']);
    const gpkg = await write('only.gpkg', []);
    const tif = await write('only.tif', []);
    expect(readdirSync(alone).sort()).toEqual(['only.geojson', 'only.gpkg', 'only.tif']);
    expect(JSON.parse(await readFile(geojson, 'utf8')).features).toHaveLength(1);
    const areas = query(gpkg, 'SELECT area_m2 FROM regions');
    expect(areas).toHaveLength(1);
    // Pixels of 0.5 m, and what UTM stretches (0.9996 and more, squared).
    const pixels = readBytes(tif).reduce((sum, value) => sum + value, 0);
    expect(Math.abs(Number(areas[0]) / (pixels * 0.25) - 1)).toBeLessThan(1e-3);
    expect(infoOf(tif).size).toEqual([SIDE, SIDE]);
  });
});

const python = pythonWith('numpy, rasterio, shapely');

describe.skipIf(!HAS_GDAL)('all of them', () => {
  it.skipIf(!python)(`are right to rasterio and shapely${python ? '' : ` (${NO_PYTHON})`}`, () => {
    expect(placed.length).toBeGreaterThan(0);
    const checker = join(ROOT, 'tools', 'check_places.py');
    const { stdout, stderr } = spawnSync(python!, [checker, ...placed], { encoding: 'utf8' });
    const lines = stdout.split('\n').filter(Boolean);
    expect([lines.length, stderr]).toEqual([placed.length / 2, '']);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ ok: true });
  });
});
