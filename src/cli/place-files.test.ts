import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { maskOf } from '../geo/masks.fixture.ts';
import { placeOf } from '../geo/places.fixture.ts';
import { openScene } from '../imagery/scene.ts';
import { aboutOf, isLarge, type PlaceJob, placeFiles } from './place-files.ts';
import type { PlaceFlags } from './scene-flags.ts';

const folder = temporaryFolder();
/** Pixels of two metres. */
const place = placeOf({
  epsg: 32617,
  affine: [2, 0, 500_000, 0, -2, 4_000_000],
  size: { widthPx: 600, heightPx: 300 },
});
/** Parts of 2, 9 and 4 pixels; the middle one lies over corners of tiles of 256 pixels. */
const mask = maskOf(['##.......', '...###...', '...###.##', '...###.##']);
const window = { x: 251, y: 254, widthPx: 9, heightPx: 4 };
const weaker = { mask: maskOf(['#']), window: { x: 599, y: 299, widthPx: 1, heightPx: 1 } };

async function filesFor(flags: PlaceFlags) {
  const job: PlaceJob = {
    place,
    found: [
      { mask, window, score: 0.9 },
      { ...weaker, score: 0.5 },
    ],
    maps: { of: { x: 0, y: 0, widthPx: 600, heightPx: 300 }, byName: {}, evidence: null },
    flags: { ...flags, format: ['cog', 'geojson'] },
    about: { expression: 'the tank', source: 'a.tif', checkpoint: 'demo', preset: 'rsvg-zeroov' },
  };
  const files = await placeFiles(job);
  const path = join(folder, 'mask.tif');
  writeFileSync(path, files[0]!.bytes);
  const scene = await openScene(path);
  const { image } = await scene.read({ x: 0, y: 0, widthPx: 600, heightPx: 300 }, scene);
  await scene.close();
  const at = Array.from(image.data).flatMap((value, i) =>
    i % 3 === 0 && value > 0 ? [`${(i / 3) % 600},${Math.floor(i / 3 / 600)}`] : [],
  );
  const { features } = JSON.parse(`${files[1]!.bytes}`);
  const areas: number[] = features.map(
    (f: { properties: { area_m2: number } }) => f.properties.area_m2,
  );
  // Four square metres a pixel on the map, 0.9996² of that on the ground.
  return { at, pixels: areas.map((area) => Math.round(area / 4)) };
}

const MIDDLE = [256, 257, 258].flatMap((y) => [254, 255, 256].map((x) => `${x},${y - 1}`));

describe('mask.tif holds what the outlines hold', () => {
  it('the largest part of the best mask', async () => {
    expect(await filesFor({})).toEqual({ at: MIDDLE, pixels: [9] });
  });

  it('every part of every mask with --all, without those that --min-area leaves out', async () => {
    const all = await filesFor({ all: true });
    expect([all.at.length, all.pixels]).toEqual([16, [2, 9, 4, 1]]);
    const large = await filesFor({ all: true, minArea: 15 });
    expect([large.at.length, large.pixels]).toEqual([13, [9, 4]]);
  });

  it('with --simplify its pixels', async () => {
    expect((await filesFor({ simplify: 1 })).at).toEqual(MIDDLE);
  });
});

it.each([
  ['north', 0],
  ['south', 9],
])(
  '--simplify keeps the corners of what reaches around the Earth and to the %s pole',
  async (_, y) => {
    const [widthPx, heightPx] = [36, 18];
    const world = placeOf({
      epsg: 4326,
      affine: [10, 0, -180, 0, -10, 90],
      size: { widthPx, heightPx },
    });
    const half = { widthPx, heightPx: 9, data: new Uint8Array(widthPx * 9).fill(1) };
    const files = await placeFiles({
      place: world,
      found: [{ mask: half, window: { x: 0, y, widthPx, heightPx: 9 }, score: 1 }],
      maps: { of: { x: 0, y: 0, widthPx, heightPx }, byName: {}, evidence: null },
      flags: { simplify: 3000, format: ['geojson'] },
      about: { expression: 'x', source: 'w.tif', checkpoint: 'demo', preset: 'p' },
    });
    const { features } = JSON.parse(`${files[0]!.bytes}`);
    // Half of the ellipsoid's 510.066 million square kilometres.
    expect(features[0].properties.area_m2 / 255.033e12).toBeCloseTo(1, 4);
  },
);

it.each([
  ['Qwen/Qwen2.5-VL-7B-Instruct', 'Qwen/Qwen2.5-VL-7B-Instruct'],
  ['/data/someone/models/qwen/', 'models/qwen'],
  ['./qwen', './qwen'],
  ['', ''],
])('says of checkpoint %j no more than %j', (label, expected) => {
  const about = { expression: 'x', source: '/data/someone/a.tif', checkpoint: label, preset: 'p' };
  expect(aboutOf(about)).toMatchObject({ source: 'a.tif', checkpoint: expected });
});

it.each([
  [undefined, true],
  [35, true],
  [37, false],
])('has a part of --min-area %s: %s', (minArea, expected) => {
  expect(isLarge({ mask, window }, { place, flags: { minArea } })).toBe(expected);
  expect(isLarge({ mask, window }, { place: null, flags: { minArea } })).toBe(true);
});
