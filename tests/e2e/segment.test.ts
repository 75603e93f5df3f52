/** SAM alone, from the command line. The demo SAM knows synthetic scenes, so it is shown one. */
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { Sam } from '../../src/models/sam/sam.ts';
import { createGrounder } from '../../src/pipeline/grounder.ts';
import { SEGMENT_SCHEMA } from '../../src/pipeline/segment-record.ts';
import { makeScene } from '../../src/synthetic/scene.ts';
import { decodeRle } from '../../src/tensor/rle.ts';
import { ROOT, testFolder, zeroov } from './run-zeroov.ts';

const folder = await testFolder();

const scene = makeScene({ seed: 950_000_007, sizePx: 256, stage: 'b' });
const scenePng = join(folder, 'scene.png');
await sharp(scene.image.data, { raw: { width: 256, height: 256, channels: 3 } })
  .png()
  .toFile(scenePng);
const sam2 = join(folder, 'sam2');
await mkdir(sam2);
await writeFile(join(sam2, 'config.json'), JSON.stringify({ model_type: 'sam2_video' }));
const [object] = scene.objects;
const box = object!.box;

function iou(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (const [i, pixel] of a.entries()) {
    both += pixel & b[i]!;
    either += pixel | b[i]!;
  }
  return both / either;
}

describe('zeroov segment', () => {
  it('outlines what a box holds, and records how', async () => {
    const out = join(folder, 'box');
    const args = ['segment', scenePng, '--box', box.join(','), '-o', out, '--json'];
    const ran = await zeroov(args);
    expect(ran.status).toBe(0);
    const record = SEGMENT_SCHEMA.parse(JSON.parse(ran.stdout));
    expect(JSON.parse(await readFile(join(out, 'result.json'), 'utf8'))).toEqual(record);
    expect((await readdir(out)).sort()).toEqual([
      'mask.png',
      'overlay.png',
      'panel.png',
      'result.json',
    ]);
    expect(record.prompt).toEqual({ box: [...box], points: [] });
    expect(record.candidates).toHaveLength(3);
    expect(record.predictedIou).toBe(Math.max(...record.candidates));
    expect(iou(decodeRle(record.mask).data, object!.mask)).toBeGreaterThan(0.5);
  });

  it('says where it lies, for a picture with a place', async () => {
    const placed = join(folder, 'placed.png');
    await copyFile(scenePng, placed);
    // UTM 32 N, 0.5 m a pixel: the pixel edge at the top left is 400 km east, 5600 km north.
    await writeFile(join(folder, 'placed.pgw'), '0.5\n0\n0\n-0.5\n400000.25\n5599999.75\n');
    const out = join(folder, 'placed');
    const args = ['--box', box.join(','), '--epsg', '32632', '-o', out, '--json'];
    const ran = await zeroov(['segment', placed, ...args]);
    expect(ran.status).toBe(0);
    const record = SEGMENT_SCHEMA.parse(JSON.parse(ran.stdout));
    const affine = [0.5, 0, 400_000, 0, -0.5, 5_600_000];
    expect(record.place).toEqual({ epsg: 32632, crs: 'EPSG:32632', affine });
    expect(record.warnings).toEqual([]);
    expect((await readdir(out)).sort()).toEqual([
      ...['mask.pgw', 'mask.png', 'overlay.png', 'panel.png', 'result.geojson', 'result.json'],
    ]);
    const { features } = JSON.parse(await readFile(join(out, 'result.geojson'), 'utf8'));
    const areas = features.map((f: { properties: { area_m2: number } }) => f.properties.area_m2);
    // A grid metre of UTM is 0.9996 to 1.0001 m on the ground here.
    const sum = areas.reduce((total: number, area: number) => total + area, 0);
    expect(sum / (record.areaPx * 0.25)).toBeCloseTo(1, 2);
    expect(features[0].properties).toMatchObject({ preset: 'segment', score: record.predictedIou });
    // The demo set's, whatever folder it lies in.
    expect(features[0].properties).toMatchObject({ source: 'placed.png', checkpoint: 'demo/sam' });
    const [longitude, latitude] = features[0].geometry.coordinates[0][0];
    expect([longitude.toFixed(1), latitude.toFixed(1)]).toEqual(['7.6', '50.5']);
    const file = join(folder, 'one', 'box.geojson');
    const said = await zeroov(['segment', placed, ...args.slice(0, 4), '-o', file]);
    expect(said.stdout).toContain('place    EPSG:32632');
    expect(await readdir(join(folder, 'one'))).toEqual(['box.geojson']);
    expect(JSON.parse(await readFile(file, 'utf8')).features).toEqual(features);
    const mine = join(folder, 'mine');
    await mkdir(mine);
    await writeFile(join(mine, 'item.json'), '{}'); // of somebody else: no answer lies beside it
    const cog = ['segment', placed, ...args.slice(0, 4), '--format', 'cog', '-o'];
    await zeroov([...cog, mine]);
    expect(await readFile(join(mine, 'item.json'), 'utf8')).toBe('{}');
    await zeroov([...cog, out]);
    expect((await readdir(out)).sort()).toEqual([
      ...['mask.png', 'mask.tif', 'overlay.png', 'panel.png', 'result.json'],
    ]);
    const least = ['--min-area', `${Math.max(...areas) + 1}`];
    const none = await zeroov(['segment', placed, ...args.slice(0, 4), ...least, '--json']);
    expect(JSON.parse(none.stdout)).toMatchObject({ found: false, box: null, areaPx: 0 });
  });

  it('refuses what needs a place of a picture without one', async () => {
    const ran = await zeroov(['segment', scenePng, '--box', box.join(','), '--format', 'geojson']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('a picture with a place on the Earth');
    const one = await zeroov(['segment', scenePng, '--box', box.join(','), '-o', 'x.gpkg']);
    expect(one).toMatchObject({ status: 2, stderr: expect.stringContaining('has no .gpkg') });
  });

  it('gives every box a mask of its own', async () => {
    const boxes = scene.objects.slice(0, 2).flatMap((o) => ['--box', o.box.join(',')]);
    const out = join(folder, 'boxes');
    const ran = await zeroov(['segment', scenePng, ...boxes, '-o', out]);
    expect(ran.status).toBe(0);
    const [first, second] = (await readdir(out)).sort();
    expect(first).toBe(`1-box-${box.map(Math.round).join('-')}`);
    expect(second).toMatch(/^2-box-/);
  });

  it('takes points inside and outside, with a box or without', async () => {
    const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const points = ['--point', `${x},${y}`, '--point', '1,255,-'];
    const ran = await zeroov(['segment', scenePng, ...points, '--box', box.join(','), '--json']);
    const { prompt } = SEGMENT_SCHEMA.parse(JSON.parse(ran.stdout));
    const inside = { x, y, positive: true };
    expect(prompt).toEqual({ box: [...box], points: [inside, { x: 1, y: 255, positive: false }] });
  });

  it.each<[string[], number, string]>([
    [['--box', '300,300,320,320'], 2, 'PROMPT_INVALID'],
    [['--box', '10,10,10,50'], 2, 'PROMPT_INVALID'],
    [['--box', '1,2,NaN,4'], 2, 'OPTION_INVALID'],
    [['--point', '10,256.5'], 2, 'PROMPT_INVALID'],
    [['--point', '10,10,x'], 2, 'e.g. 180,130,-, got'],
    [['--box', '1,2,30,40', '--box', '5,5,9,9', '--point', '3,3'], 2, 'USAGE'],
    [
      ['--box', '1,2,30,40', '--sam', sam2],
      4,
      'expected SAM 1 (model_type sam, e.g. facebook/sam-vit-base',
    ],
  ])('refuses %j with status %d', async (prompt, status, said) => {
    const out = join(folder, 'refused');
    const ran = await zeroov(['segment', scenePng, ...prompt, '-o', out]);
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain(said);
    expect(await readdir(folder)).not.toContain('refused');
  });
});

it('the library looks at a picture once, and not before every prompt is one', async () => {
  const looks = vi.spyOn(Sam.prototype, 'embedImage');
  const sam = join(ROOT, 'checkpoints', 'demo', 'sam');
  const grounder = await createGrounder({ sam, provider: 'cpu' });
  const wrong = grounder.segment(scene.image, [{ box }, { box: [300, 300, 320, 320] }]);
  await expect(wrong).rejects.toThrow('prompt 2: expected a box');
  expect(looks).not.toHaveBeenCalled();
  const [first] = await grounder.segment(scene.image, [{ box }]);
  const [again] = await grounder.segment(scene.image, [
    { box },
    { points: [{ x: 9, y: 9, positive: true }] },
  ]);
  expect(again!.mask).toEqual(first!.mask);
  expect(looks).toHaveBeenCalledTimes(1);
  await grounder.dispose();
});
