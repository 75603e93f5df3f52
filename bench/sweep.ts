/**
 * How long do other settings of a run take? A run is made up: 800 × 800 pictures, self-attention at 32² and 64² in which
 * neighbours attend to each other, as noisy as real maps.
 *
 *   npx tsx bench/sweep.ts [--samples 100]
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { beginRun } from '../src/evaluation/run/begin-run.ts';
import { completeRun } from '../src/evaluation/run/complete-run.ts';
import { manifestOf } from '../src/evaluation/run/manifest.ts';
import { runShare } from '../src/evaluation/run/run-share.ts';
import { groupVariants } from '../src/evaluation/run/variants.ts';
import type { Dataset } from '../src/evaluation/sample.ts';
import type { Evidence } from '../src/pipeline/gather.ts';
import { PAPER } from '../src/pipeline/presets.ts';
import { seededRandom } from '../src/synthetic/random.ts';
import { float32 } from '../src/tensor/tensor.ts';
import { machine, timed } from './report.ts';

const { values: flags } = parseArgs({ options: { samples: { type: 'string', default: '100' } } });
const count = Number(flags.samples);
const SIDE_PX = 800;
const CELLS = 32 ** 2;

const size = { widthPx: SIDE_PX, heightPx: SIDE_PX };
const image = { ...size, data: new Uint8Array(3 * SIDE_PX ** 2) };
const truth = Uint8Array.from({ length: SIDE_PX ** 2 }, (_, i) =>
  Math.hypot((i % SIDE_PX) - 300, i / SIDE_PX - 420) < 90 ? 1 : 0,
);
const dataset: Dataset = {
  name: 'jsonl',
  root: 'made up',
  split: 'test',
  has: { box: true, mask: true },
  fingerprint: '',
  samples: Array.from({ length: count }, (_, i) => ({
    id: `${i}`,
    expression: `tank ${i}`,
    category: null,
    kind: null,
    image: `${i}.png`,
    readImage: async () => image,
    readTruth: async () => ({ box: [210, 330, 390, 510], mask: { ...size, data: truth } }),
  })),
};

/** Rows sum to 1; a cell attends to its neighbours, its own kind, and a little to everything. */
function structure(seed: number) {
  const random = seededRandom(seed);
  const kind = Float32Array.from({ length: CELLS }, () => random.next());
  const data = new Float32Array(CELLS ** 2);
  for (let i = 0; i < CELLS; i += 1) {
    let sum = 0;
    for (let j = 0; j < CELLS; j += 1) {
      const near = Math.hypot((i % 32) - (j % 32), Math.floor(i / 32) - Math.floor(j / 32));
      const value = Math.exp(-near / 4 - 3 * Math.abs(kind[i]! - kind[j]!)) + 0.01 * random.next();
      data[i * CELLS + j] = value;
      sum += value;
    }
    for (let j = 0; j < CELLS; j += 1) data[i * CELLS + j]! /= sum;
  }
  return float32([CELLS, CELLS], data);
}

function evidenceOf(seed: number): Evidence {
  const random = seededRandom(seed);
  const [x, y] = [8 + 10 * random.next(), 10 + 10 * random.next()];
  const relevance = Float32Array.from({ length: 29 * 29 }, (_, i) => {
    return Math.exp(-Math.hypot((i % 29) - x, i / 29 - y) / 3) + 0.1 * random.next();
  });
  return {
    answer: { text: '[1, 2, 3, 4]', ids: [], stopped: 'end', box: null },
    relevance: float32([29, 29], relevance),
    layers: null,
    scales: new Map([32, 64].map((resolution) => [resolution, structure(seed + resolution)])),
    cross: null,
    seconds: { overview: 0, focus: 0 },
  };
}

const run = await mkdtemp(join(tmpdir(), 'zeroov-sweep-'));
const positions = [...dataset.samples.keys()];
const manifest = manifestOf({
  zeroov: '',
  dataset,
  positions,
  selection: { limit: null, sample: null },
  variants: { 'rsvg-zeroov': PAPER },
  ablation: false,
  checkpoints: { vlm: null, diffusion: null, sam: null },
  about: { root: dataset.root, scenes: null, node: '', platform: '', threads: 1 },
});
await beginRun(run, { manifest, provider: undefined });
await runShare({
  run,
  dataset,
  positions,
  groups: groupVariants([{ name: 'rsvg-zeroov', options: PAPER }], { ablation: false }),
  openNetworks: async () => ({
    provider: 'cpu',
    gather: async (_image, expression) => evidenceOf(1000 * Number(expression.split(' ')[1])),
    refine: async (_image, decision) => ({ ...decision, refinement: null }),
    dispose: async () => undefined,
  }),
  signal: new AbortController().signal,
  share: { worker: 0, of: 1 },
  cache: true,
  haltAfter: 1,
});
await completeRun(run, manifest);

console.log(machine());
const main = new URL('../src/cli/main.ts', import.meta.url).pathname;
const grids = {
  '10 τ × 10 α': ['--tau', '0.1:0.55:0.05', '--alpha', '0.1:0.55:0.05'],
  '10 τ × 10 K': ['--tau', '0.1:0.55:0.05', '--seeds', '1:28:3'],
};
for (const [grid, axes] of Object.entries(grids)) {
  for (const workers of ['1', '2']) {
    const args = ['--import', 'tsx', main, 'sweep', run, ...axes, '--workers', workers, '--json'];
    const { value, seconds } = await timed(async () =>
      spawnSync(process.execPath, args, { maxBuffer: 1e9 }),
    );
    if (value.status !== 0) console.error(value.stderr.toString());
    const { settings } = JSON.parse(value.stdout.toString()) as { settings: unknown[] };
    console.log(
      `${grid}: ${settings.length} settings on ${count} samples, ${workers} processes: ${seconds.toFixed(1)} s`,
    );
  }
}
await rm(run, { recursive: true });
