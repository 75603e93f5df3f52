/**
 * What does recording cost? One U-Net step of Stable Diffusion v1.4's size (512 px, float32, CPU) with the maps of 32 and
 * 64 recorded, against the same step without, by turns; and against diffusers in PyTorch where there is one.
 *
 *   [ZEROOV_PYTHON=.venv/bin/python] npx tsx bench/unet.ts [--dir FOLDER] [--steps 5] [--threads N]
 *
 * The weights are random F16 (1.7 GB, written once, outside the repository): only times and memory mean something.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../src/checkpoint/checkpoint.ts';
import { readUnetConfig } from '../src/models/stable-diffusion/config.ts';
import type { MapRecord } from '../src/models/stable-diffusion/recorded-maps.ts';
import { buildUnet } from '../src/models/stable-diffusion/unet.ts';
import { startRuntime } from '../src/runtime/runtime.ts';
import { randomNormal } from '../src/tensor/random-normal.ts';
import { float32, sizeOf } from '../src/tensor/tensor.ts';
import { PUBLISHED_SD, publishedSdTensors } from './published-sd.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { machine, median, timed, watchMemory } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    dir: { type: 'string', default: join(tmpdir(), 'zeroov-bench') },
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const print = (name: string, value: string) => console.log(`${name.padEnd(44)} ${value}`);
const seconds = (value: number) => `${value.toFixed(2)} s`;
const random = (seed: number, ...shape: number[]) =>
  float32(shape, randomNormal(seed, sizeOf(shape)));

async function writeUnet(): Promise<string> {
  mkdirSync(flags.dir, { recursive: true });
  const folder = join(flags.dir, 'stable-diffusion-v1-4-unet');
  await writeRandomCheckpoint({
    folder,
    shapes: publishedSdTensors().unet,
    dtype: 'F16',
    name: 'diffusion_pytorch_model',
    files: { 'config.json': PUBLISHED_SD.unet },
  });
  return folder;
}

/** Seconds of every step, by kind; the kinds take turns, so that what else the machine does falls on both. */
async function measure(folder: string): Promise<Record<'plain' | 'recorded', number[]>> {
  const config = await readUnetConfig(join(folder, 'config.json'));
  const checkpoint = await openCheckpoint(folder);
  const record: MapRecord = {
    resolutions: [32, 64],
    merge: 'pooled',
    workingGrid: 32,
    cross: false,
  };
  const runtime = startRuntime({ provider: 'cpu', threads: Number(flags.threads) });
  const memory = watchMemory();
  const plain = await timed(() => runtime.load(buildUnet({ config }, checkpoint)));
  print('load', seconds(plain.seconds));
  const recorded = await timed(() => runtime.load(buildUnet({ config, record }, checkpoint)));
  const inputs = {
    latent: random(1, 1, 4, 64, 64),
    timestep: float32([1], Float32Array.of(500)),
    text: random(2, 77, 768),
  };
  const times = { plain: [] as number[], recorded: [] as number[] };
  for (let i = 0; i <= Number(flags.steps); i += 1) {
    const without = await timed(() => plain.value.run(inputs));
    const withMaps = await timed(() => recorded.value.run(inputs));
    if (i === 0) continue; // the first allocates
    times.plain.push(without.seconds);
    times.recorded.push(withMaps.seconds);
  }
  await runtime.close();
  print('both networks: peak own memory', `${memory.stop().toFixed(1)} GB`);
  return times;
}

/** The median of diffusers' steps, attention written out (eager) or fused; undefined without a Python that has it. */
function measurePyTorch(folder: string, attention: 'eager' | 'fused'): number | undefined {
  const python = process.env['ZEROOV_PYTHON'];
  if (!python) return undefined;
  const program = fileURLToPath(new URL('../tools/bench_unet.py', import.meta.url));
  const { steps, threads } = flags;
  const options = ['--steps', steps, '--threads', threads, '--attention', attention];
  const line = execFileSync(python, [program, '--unet', folder, ...options], { encoding: 'utf8' });
  const result = JSON.parse(line) as { secondsPerStep: number; torch: string; diffusers: string };
  const versions = `torch ${result.torch}, diffusers ${result.diffusers}`;
  print(`diffusers, ${attention} (median)`, `${seconds(result.secondsPerStep)} (${versions})`);
  return result.secondsPerStep;
}

console.log(`${machine()}; ${flags.threads} threads, median of ${flags.steps} steps`);
const folder = await writeUnet();
const times = await measure(folder);
const [plain, recorded] = [median(times.plain), median(times.recorded)];
print('a step (median)', seconds(plain));
print('a step, maps of 32 and 64 recorded (median)', seconds(recorded));
print('recording costs', `${((recorded / plain - 1) * 100).toFixed(1)} %`);
const [eager, fused] = [measurePyTorch(folder, 'eager'), measurePyTorch(folder, 'fused')];
if (eager && fused) {
  print('recorded, against diffusers eager', `${(recorded / eager).toFixed(2)} × its time`);
  print('recorded, against diffusers fused', `${(recorded / fused).toFixed(2)} × its time`);
} else {
  print('diffusers', 'not measured: set ZEROOV_PYTHON to a Python with torch and diffusers');
}
