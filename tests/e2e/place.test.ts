/**
 * Answers in the right place, by GDAL: every sample of ../shared/samples, and made-up scenes that are rotated, polar and on
 * the antimeridian, through the command line. Skipped where GDAL's programs are not installed.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeScene } from '../../src/synthetic/scene.ts';
import { gdal, gdalLonLat, HAS_GDAL, query, readBytes } from '../support/gdal.ts';
import { ROOT, testFolder, zeroov } from './run-zeroov.ts';

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

/** What GDAL says of everything in an output folder, against the scene itself. */
async function expectInPlace(scene: string, out: string): Promise<void> {
  const own = infoOf(scene);
  const mask = join(out, 'mask.tif');
  const placed = infoOf(mask);
  expect(placed.size).toEqual(own.size);
  for (const [i, value] of own.geoTransform.entries()) {
    expect(Math.abs(placed.geoTransform[i]! - value)).toBeLessThan(1e-6 * Math.abs(value) + 1e-9);
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

  it('writes one file where -o names one', async () => {
    const { epsg, geo } = MADE.rotated;
    const scene = await madeUp('alone', { epsg, geo: [...geo] });
    for (const name of ['only.geojson', 'only.gpkg', 'only.tif']) {
      const path = join(folder, 'alone', name);
      const ran = await zeroov(['ground', scene, 'the building', '--order', 'O-E', '-o', path]);
      expect(ran.stderr).not.toContain('INTERNAL');
      expect(ran.status).toBe(0);
    }
    expect(readdirSync(join(folder, 'alone')).sort()).toEqual([
      'only.geojson',
      'only.gpkg',
      'only.tif',
    ]);
    expect(infoOf(join(folder, 'alone', 'only.tif')).size).toEqual([SIDE, SIDE]);
  });
});
