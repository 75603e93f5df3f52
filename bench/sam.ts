/**
 * What does SAM cost, and what a second prompt? ViT-B and ViT-H with the PUBLISHED dimensions and random F32 weights (3 GB,
 * written once, outside the repository) on a 1024 × 768 picture, by turns with transformers in PyTorch where there is one.
 *
 *   [ZEROOV_PYTHON=.venv/bin/python] npx tsx bench/sam.ts [--dir FOLDER] [--steps 3] [--threads N] [--only base|huge]
 *
 * The weights are random, so the masks mean nothing; times and memory are what is measured.
 */
import { spawn } from 'node:child_process';
import { createReadStream, mkdirSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openSam } from '../src/models/sam/sam.ts';
import { startRuntime } from '../src/runtime/runtime.ts';
import type { Box, RgbImage } from '../src/tensor/image.ts';
import {
  PUBLISHED_SAM,
  PUBLISHED_SAM_PREPROCESSOR,
  publishedSamTensors,
  type SamSize,
} from './published-sam.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { machine, median, memory, timed, watchMemory } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    dir: { type: 'string', default: join(tmpdir(), 'zeroov-bench') },
    steps: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
  },
});
const [WIDTH, HEIGHT, POINTS] = [1024, 768, 64];
/** A prompt is short, and the first few of a process are slower. */
const PROMPTS = 15;

/** What one side can be asked to do; each answers with seconds. */
interface Contestant {
  readonly name: string;
  readonly loadSeconds: number;
  picture(): Promise<number>;
  prompt(): Promise<number>;
  points(): Promise<number>;
  /** Ends it; returns the peak of its memory in GB. */
  close(): Promise<string>;
}

async function writeSam(size: SamSize): Promise<string> {
  mkdirSync(flags.dir, { recursive: true });
  const folder = join(flags.dir, `sam-vit-${size}`);
  await writeRandomCheckpoint({
    folder,
    shapes: publishedSamTensors(size),
    dtype: 'F32',
    name: 'model',
    files: {
      'config.json': PUBLISHED_SAM[size],
      'preprocessor_config.json': PUBLISHED_SAM_PREPROCESSOR,
    },
  });
  // Once through it, so that both find the weights in the system's cache.
  await finished(createReadStream(join(folder, 'model.safetensors')).resume());
  return folder;
}

async function startOurs(folder: string): Promise<Contestant> {
  const data = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 7919) % 251);
  const image: RgbImage = { widthPx: WIDTH, heightPx: HEIGHT, data };
  const box: Box = [WIDTH * 0.2, HEIGHT * 0.2, WIDTH * 0.6, HEIGHT * 0.7];
  const points = Array.from({ length: POINTS }, (_, i) => ({
    points: [{ x: (i * 16) % WIDTH, y: (i * 12) % HEIGHT, positive: true }],
  }));
  const runtime = startRuntime({ provider: 'cpu', threads: Number(flags.threads) });
  const watch = watchMemory();
  const opened = await timed(() => openSam({ folder, runtime }));
  const sam = opened.value;
  const loaded = await timed(() => sam.imageEncoder.load());
  let embedding = await sam.embedImage(image);
  return {
    name: 'zeroov',
    loadSeconds: opened.seconds + loaded.seconds,
    picture: async () => {
      const embedded = await timed(() => sam.embedImage(image));
      embedding = embedded.value;
      return embedded.seconds;
    },
    prompt: async () => (await timed(() => sam.segment(embedding, [{ box }]))).seconds,
    points: async () => (await timed(() => sam.decode(embedding, points))).seconds,
    close: async () => {
      await runtime.close();
      return `${memory().peak.toFixed(1)} GB, ${watch.stop().toFixed(1)} GB of it its own`;
    },
  };
}

/** tools/bench_sam.py, asked line by line. */
async function startPyTorch(folder: string, python: string): Promise<Contestant> {
  const program = fileURLToPath(new URL('../tools/bench_sam.py', import.meta.url));
  const size = ['--width', String(WIDTH), '--height', String(HEIGHT)];
  const args = [program, '--sam', folder, '--threads', flags.threads, ...size];
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value as string);
  const ask = async (line: string) => {
    child.stdin.write(`${line}\n`);
    return answer();
  };
  const { seconds, torch, transformers } = await answer();
  const time = async (line: string): Promise<number> => (await ask(line)).seconds;
  await ask('picture');
  return {
    name: `transformers ${transformers}, torch ${torch}`,
    loadSeconds: seconds,
    picture: () => time('picture'),
    prompt: () => time('prompt'),
    points: () => time(`points ${POINTS}`),
    close: async () => {
      const { peakGb } = await ask('memory');
      child.stdin.end();
      return `${peakGb.toFixed(1)} GB`;
    },
  };
}

const WORK = {
  picture: 'a picture: preprocess, embed',
  prompt: 'a further prompt: box to mask',
  points: `${POINTS} points: low-resolution masks`,
} as const;

/** Every kind of work by turns, so that what else the machine does falls on all alike. */
async function race(contestants: readonly Contestant[]): Promise<void> {
  const print = (what: string, values: readonly string[]) =>
    console.log([what.padEnd(36), ...values.map((value) => value.padEnd(34))].join(' ').trimEnd());
  const seconds = (value: number) => `${value.toFixed(2)} s`;
  print(
    '',
    contestants.map(({ name }) => name),
  );
  print(
    'load',
    contestants.map(({ loadSeconds }) => seconds(loadSeconds)),
  );
  const first: number[] = [];
  for (const contestant of contestants) first.push(await contestant.prompt());
  print('the first prompt', first.map(seconds));
  for (const [kind, what] of Object.entries(WORK) as [keyof typeof WORK, string][]) {
    const times = contestants.map((): number[] => []);
    const steps = kind === 'prompt' ? PROMPTS : Number(flags.steps);
    for (let step = 0; step < steps; step += 1) {
      for (const [i, contestant] of contestants.entries()) times[i]!.push(await contestant[kind]());
    }
    const [ours, theirs] = times.map(median) as [number, number | undefined];
    const ratio = theirs === undefined ? [] : [`${(ours / theirs).toFixed(2)} × its time`];
    print(what, [...times.map((all) => seconds(median(all))), ...ratio]);
  }
  const peaks: string[] = [];
  for (const contestant of contestants) peaks.push(await contestant.close());
  print('peak resident memory', peaks);
}

console.log(
  `${machine()}; ${flags.threads} threads, median of ${flags.steps}, of ${PROMPTS} prompts`,
);
const python = process.env['ZEROOV_PYTHON'];
if (!python) console.log('PyTorch is not measured: set ZEROOV_PYTHON to a Python that has it');
for (const size of ['base', 'huge'] as const) {
  if (flags.only && flags.only !== size) continue;
  const folder = await writeSam(size);
  console.log(`sam-vit-${size}`);
  const ours = await startOurs(folder);
  await race(python ? [ours, await startPyTorch(folder, python)] : [ours]);
}
