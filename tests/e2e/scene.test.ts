/** `zeroov ground` on a scene with a place that is larger than a tile, with the demo set. */
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { SCENE_RESULT_SCHEMA } from '../../src/pipeline/scene-record.ts';
import { makeScene } from '../../src/synthetic/scene.ts';
import { RANDOM_LOOK, ROOT, testFolder, zeroov } from './run-zeroov.ts';

/** Every run is a process of its own with networks to load, on machines of two cores that do other work, too. */
vi.setConfig({ testTimeout: 300_000 });

const folder = await testFolder();
const picture = join(folder, 'scene.png');
/** UTM 32 N, metres of 0.5 a pixel; the centre of the top-left pixel. */
const WORLD = [0.5, 0, 0, -0.5, 400_000.25, 5_600_000.75];
const out = join(folder, 'out');
const args = [
  'ground',
  picture,
  'the building',
  '--epsg',
  '32632',
  '--tile',
  '192',
  '--order',
  'O-E',
];

beforeAll(async () => {
  const { image } = makeScene({ seed: 980_000_003, sizePx: 320, stage: 'a' });
  await sharp(image.data, { raw: { width: 320, height: 320, channels: 3 } })
    .png()
    .toFile(picture);
  await writeFile(join(folder, 'scene.pgw'), WORLD.join('\n'));
});

describe('a scene larger than a tile', () => {
  it('is searched by tiles, and what is found lies where it is', async () => {
    const ran = await zeroov([...args, '--search', 'exhaustive', '-o', out, '--json']);
    expect(ran.status).toBe(0);
    const record = SCENE_RESULT_SCHEMA.parse(JSON.parse(ran.stdout));
    expect(record.tiles).toEqual({ planned: 4, looked: 4, coarse: null }); // 0 and 128 px each way
    expect(record.place).toMatchObject({ epsg: 32_632 });
    expect((await readdir(out)).sort()).toEqual([
      'detail.png',
      'mask.pgw',
      'mask.png',
      'overlay.png',
      'panel.png',
      'result.geojson',
      'result.json',
    ]);
    const { window } = record.regions[0]!;
    const [a, d, b, e, x, y] = (await readFile(join(out, 'mask.pgw'), 'utf8'))
      .split('\n')
      .map(Number);
    expect([a, d, b, e]).toEqual([0.5, 0, 0, -0.5]);
    expect([x, y]).toEqual([WORLD[4]! + window.x * 0.5, WORLD[5]! - window.y * 0.5]);
    const { features } = JSON.parse(await readFile(join(out, 'result.geojson'), 'utf8'));
    expect(features).toHaveLength(1);
    const [longitude, latitude] = features[0].geometry.coordinates[0][0];
    // 400 km east of 32 N's false origin and 5600 km north: near 7.6° E, 50.5° N.
    expect([Math.round(longitude * 10) / 10, Math.round(latitude * 10) / 10]).toEqual([7.6, 50.5]);
  });

  it('is found across a seam, and redrawn by SAM to within a pixel of where it is', async () => {
    const { image, objects } = makeScene({ seed: 980_000_008, sizePx: 320, stage: 'a' });
    const [tank] = objects;
    expect(tank!.box[0] < 128 && tank!.box[2] > 128).toBe(true); // the second column of tiles cuts it
    const seam = join(folder, 'seam.png');
    await sharp(image.data, { raw: { width: 320, height: 320, channels: 3 } })
      .png()
      .toFile(seam);
    const search = ['--tile', '192', '--order', 'O-E', '--search', 'exhaustive'];
    const ran = await zeroov([
      'ground',
      seam,
      'the storage tank',
      ...search,
      '--refine',
      'box',
      '--json',
    ]);
    expect(ran.status).toBe(0);
    const { regions, checkpoints } = SCENE_RESULT_SCHEMA.parse(JSON.parse(ran.stdout));
    expect(checkpoints.sam).not.toBeNull();
    const { box, refinement } = regions[0]!;
    expect(refinement).toMatchObject({ by: 'box' });
    for (const [k, edge] of tank!.box.entries()) {
      expect(Math.abs(edge - box[k]!)).toBeLessThanOrEqual(1);
    }
    expect(refinement!.before.box).not.toEqual(box);
  });

  it('goes on after kill -9 with --resume, and answers as if nothing had been', async () => {
    const cut = join(folder, 'cut');
    const journal = join(cut, '.zeroov-search');
    await mkdir(journal, { recursive: true });
    const search = [...args, '--search', 'exhaustive', '-o', cut];
    const tilesIn = async () => {
      const text = await readFile(join(journal, 'tiles.jsonl'), 'utf8').catch(() => '');
      return text.split('\n').length - 2; // the first line says what is searched, the last is empty
    };
    const cutOff = (signal: NodeJS.Signals) =>
      zeroov(search, {
        onStart: (child) => {
          const watcher = watch(journal, async () => {
            if ((await tilesIn()) < 2) return;
            if (!child.killed) child.kill(signal); // a second one would end it at once
          });
          child.on('exit', () => watcher.close());
        },
      });
    const stopped = await cutOff('SIGINT');
    expect(stopped).toMatchObject({
      status: 130,
      stderr: expect.stringContaining('--resume goes on'),
    });
    await rm(join(journal, 'tiles.jsonl')); // the next one is cut off by what it writes itself
    expect((await cutOff('SIGKILL')).status).toBe('SIGKILL');
    const done = await tilesIn();
    expect(done).toBeLessThan(4);
    const other = await zeroov([...search, '--resume', '--tau', '0.5']);
    expect([other.status, other.stderr]).toEqual([8, expect.stringContaining('(options)')]);
    const resumed = await zeroov([...search, '--resume', '--json']);
    expect(resumed.stderr).toContain(`going on: ${done} tiles were looked at before`);
    const record = SCENE_RESULT_SCHEMA.parse(JSON.parse(resumed.stdout));
    const before = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    expect(record.regions).toEqual(before.regions);
    expect(await readFile(join(cut, 'mask.png'))).toEqual(await readFile(join(out, 'mask.png')));
    expect((await readdir(cut)).sort()).toEqual((await readdir(out)).sort());
  });

  it('answers with the best of what is as large as --min-area says', async () => {
    const asked = ['ground', picture, 'the blue car', '--epsg', '32632', ...RANDOM_LOOK, '--json'];
    const regionsOf = async (more: readonly string[]) => {
      const ran = await zeroov([...asked, ...more]);
      expect([ran.status, ran.stderr]).toEqual([0, '']);
      return SCENE_RESULT_SCHEMA.parse(JSON.parse(ran.stdout)).regions;
    };
    const [best, ...others] = await regionsOf(['--all']);
    const larger = others.find(({ areaPx }) => areaPx > best!.areaPx);
    expect(larger).toBeDefined();
    // Between the two; a pixel has a quarter of a square metre.
    const least = ((best!.areaPx + larger!.areaPx) / 2) * 0.25;
    const file = join(folder, 'large.geojson');
    expect(await regionsOf(['--min-area', `${least}`, '-o', file])).toEqual([larger]);
    const { features } = JSON.parse(await readFile(file, 'utf8'));
    expect(features).toHaveLength(1);
    expect(features[0].properties.area_m2).toBeGreaterThan(least);
    const one = await zeroov([...asked, '--whole', '--min-area', '30000', '-o', file]);
    expect(JSON.parse(one.stdout)).toMatchObject({ found: false, box: null }); // it has 25 600 m²
    expect(JSON.parse(await readFile(file, 'utf8')).features).toEqual([]);
  });

  it.each([
    [['--resume'], 'needs the -o'],
    [['-o', 'x.gpkg', '--format', 'cog'], 'both say what to write'],
    [['--save-maps'], '--save-maps'],
    [['--within', '900,900,950,950'], 'within the scene'],
    [['--within', 'nowhere.geojson'], 'nowhere.geojson (there is no such file)'],
    [['--within', join(ROOT, 'package.json')], 'expected a GeoJSON file that holds only polygons'],
    [['--within', '0,0,9,9', '--whole'], '--within is for a search over tiles'],
    [['-o', ''], 'an empty name'],
  ])('refuses %j in one sentence', async (more, sentence) => {
    const ran = await zeroov([...args, ...more]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(sentence);
  });

  it('without a place gives pixels, and refuses what needs one', async () => {
    const bare = join(folder, 'bare.png');
    await sharp(picture).toFile(bare);
    const ran = await zeroov(['ground', bare, 'the building', '--simplify', '2']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('a picture with a place on the Earth');
    const file = await zeroov(['ground', bare, 'the building', '-o', join(folder, 'no.geojson')]);
    expect([file.status, file.stderr]).toEqual([2, expect.stringContaining('has no .geojson')]);
    const below = await zeroov(['ground', picture, 'x', '--epsg', '32632', '-o', `${bare}/x.tif`]);
    expect([below.status, below.stderr]).toEqual([
      6,
      expect.stringContaining('a file is in its place'),
    ]);
    const code = await zeroov(['ground', bare, 'the building', '--epsg', '32632']);
    expect([code.status, code.stderr]).toEqual([2, expect.stringContaining('--epsg: expected')]);
  });
});
