/**
 * Does a scene of 60 000 × 60 000 pixels fit, beside the networks? A sparse COG with one bright square is searched with networks
 * that only see brightness, with the journal of `--resume`; then by the command line with the demo set. Ends with status 1 when the program and its decoder together took more than 1.5 GB.
 *
 *   npx tsx bench/scene.ts [--side 60000] [--tile 1024] [--searches coarse-to-fine,exhaustive] [--no-cli]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dropSearchJournal, searchFolder, withSearchJournal } from '../src/cli/tile-journal.ts';
import { epsgGeoKeys } from '../src/geo/geo-keys.ts';
import { type Place, placeFromGeoTiff } from '../src/geo/place.ts';
import { writeCog } from '../src/geo/write-cog.ts';
import { openScene } from '../src/imagery/scene.ts';
import { groundScene, type Looker } from '../src/pipeline/ground-scene.ts';
import { resolveOptions } from '../src/pipeline/presets.ts';
import { SCENE_DEFAULTS, SEARCHES } from '../src/pipeline/scene-options.ts';
import type { RgbImage } from '../src/tensor/image.ts';
import { float32 } from '../src/tensor/tensor.ts';
import { machine, memory, timed } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    side: { type: 'string', default: '60000' },
    tile: { type: 'string', default: '1024' },
    searches: { type: 'string', default: 'coarse-to-fine' },
    'no-cli': { type: 'boolean', default: false },
  },
});
const LIMIT_GB = 1.5;
const side = Number(flags.side);
const tilePx = Number(flags.tile);
const print = (name: string, value: string) => console.log(`${name.padEnd(44)} ${value}`);

/** What is written at all: some blocks around a bright square, in a corner of the scene. */
const BLOCK = 512;
const first = Math.floor((side * 0.7) / BLOCK);
const WRITTEN = { from: first, to: first + 8 };
const SQUARE = { start: (first + 3) * BLOCK + 100, side: 900 };

async function makeScene(path: string): Promise<void> {
  const size = { widthPx: side, heightPx: side };
  const place = placeFromGeoTiff(
    {
      ...epsgGeoKeys(32617, 'projected'),
      modelPixelScale: [0.5, 0.5, 0],
      modelTiepoint: [0, 0, 0, 404211.9, 3285142.9, 0],
    },
    size,
  ) as Place;
  const isIn = (at: number) => at >= SQUARE.start && at < SQUARE.start + SQUARE.side;
  const readTile = async (column: number, row: number) => {
    const within = [column, row].every((at) => at >= WRITTEN.from && at < WRITTEN.to);
    if (!within) return null;
    return Uint8Array.from({ length: BLOCK * BLOCK }, (_, i) => {
      const [x, y] = [column * BLOCK + (i % BLOCK), row * BLOCK + Math.floor(i / BLOCK)];
      return isIn(x) && isIn(y) ? 240 : 30;
    });
  };
  const source = { ...size, sample: 'uint8' as const, tilePx: BLOCK as 512, readTile };
  await writeCog({ path, source, place, nodata: 0 });
}

const CELLS = 32;
const IDENTITY = float32([CELLS ** 2, CELLS ** 2]);
for (let i = 0; i < CELLS ** 2; i += 1) IDENTITY.data[i * (CELLS ** 2 + 1)] = 1;

/** Attention is brightness; structure is nothing but itself. */
const looker: Looker = {
  read: async (image) => ({ layers: [brightness(image)], height: CELLS, width: CELLS }),
  focus: async () => new Map([[CELLS, IDENTITY]]),
  release: async () => undefined,
};

function brightness({ widthPx, heightPx, data }: RgbImage): Float64Array {
  const sums = new Float64Array(CELLS ** 2);
  for (let y = 0; y < heightPx; y += 1) {
    const row = Math.floor((y * CELLS) / heightPx) * CELLS;
    for (let x = 0; x < widthPx; x += 1) {
      sums[row + Math.floor((x * CELLS) / widthPx)]! += data[3 * (y * widthPx + x)]!;
    }
  }
  return sums;
}

/** Of every process that this one started, the most each held, GB together; NaN where it cannot be known. */
async function childrenPeak(): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN;
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/self/task/${task}/children`, 'utf8')),
  );
  let sum = 0;
  for (const pid of lists.flatMap((list) => list.trim().split(' ')).filter(Boolean)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    sum += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1e6;
  }
  return sum;
}

const folder = await mkdtemp(join(tmpdir(), 'zeroov-bench-'));
let most = 0;
try {
  console.log(machine());
  const path = join(folder, 'scene.tif');
  const made = await timed(() => makeScene(path));
  print(
    `made ${side} × ${side}, sparse`,
    `${made.seconds.toFixed(1)} s, ${(await stat(path)).size / 1e6} MB`,
  );
  for (const search of SEARCHES.filter((name) => flags.searches.split(',').includes(name))) {
    const scene = await openScene(path);
    try {
      const o = {
        ...resolveOptions({
          interaction: 'multiplicative',
          resolutions: [CELLS],
          layerWeights: [1],
        }),
        ...SCENE_DEFAULTS,
        tilePx,
        search,
      };
      const journal = { folder: searchFolder(folder, null), searched: { search }, resume: false };
      const { value, seconds } = await timed(() =>
        withSearchJournal(journal, ({ memory: tiles }) => groundScene(looker, scene, o, {}, tiles)),
      );
      await dropSearchJournal(journal.folder);
      const children = await childrenPeak();
      most = Math.max(most, memory().peak + (children || 0));
      const box = value.regions[0]?.box ?? [];
      const truth = [SQUARE.start, SQUARE.start + SQUARE.side];
      const off = box.map((edge, i) => Math.abs(edge - truth[i < 2 ? 0 : 1]!));
      print(
        search,
        `${seconds.toFixed(1)} s, ${value.tiles.looked} of ${value.tiles.planned} tiles`,
      );
      print(
        '  edges from the square, a cell',
        `${Math.max(...off).toFixed(1)} px at most, ${tilePx / CELLS} px`,
      );
      print(
        '  peak memory: program, decoder',
        `${memory().peak.toFixed(2)} GB, ${children.toFixed(2)} GB`,
      );
    } finally {
      await scene.close();
    }
  }
  if (!flags['no-cli']) {
    const out = join(folder, 'out');
    const args = ['ground', path, 'the white building', '-o', out, '--format', 'geojson,gpkg,cog'];
    const ran = await timed(async () =>
      spawnSync(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
        encoding: 'utf8',
      }),
    );
    if (ran.value.status !== 0) throw new RangeError(ran.value.stderr);
    const record = JSON.parse(await readFile(join(out, 'result.json'), 'utf8'));
    print('zeroov ground, demo set', `${ran.seconds.toFixed(1)} s, ${record.tiles.looked} tiles`);
    print('  peak memory, networks included', `${(record.peakMemoryBytes / 1e9).toFixed(2)} GB`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
print('most, against 1.5 GB', `${most.toFixed(2)} GB`);
process.exitCode = most > LIMIT_GB ? 1 : 0;
