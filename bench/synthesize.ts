/**
 * How many scenes a second does the generator make for training? One process, then two at once.
 *
 *   npx tsx bench/synthesize.ts [--stage d] [--size 256] [--scenes 600]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeScene } from '../src/synthetic/scene.ts';
import type { StageName } from '../src/synthetic/stages.ts';
import { machine, timed } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    stage: { type: 'string', default: 'd' },
    size: { type: 'string', default: '256' },
    scenes: { type: 'string', default: '600' },
    worker: { type: 'string' },
  },
});
const scenes = Number(flags.scenes);
const stage = flags.stage as StageName;

/** Makes `count` scenes. */
function work(seed: number, count: number): void {
  for (let i = 0; i < count; i += 1) {
    makeScene({ seed: seed + i, sizePx: Number(flags.size), stage });
  }
}

/** A process of its own that warms up, says so, makes its scenes on the first message and tells its CPU seconds. */
async function start(index: number) {
  const args = [...process.argv.slice(2), '--worker', String(index)];
  const child = fork(fileURLToPath(import.meta.url), args);
  await once(child, 'message');
  return {
    async run(): Promise<number> {
      child.send('go');
      const [seconds] = await once(child, 'message');
      return seconds;
    },
  };
}

async function measure(processes: number): Promise<{ rate: number; cpuMs: number }> {
  const workers = await Promise.all(Array.from({ length: processes }, (_, i) => start(i)));
  const { seconds, value } = await timed(() => Promise.all(workers.map((w) => w.run())));
  const made = processes * scenes;
  return { rate: made / seconds, cpuMs: (1000 * value.reduce((a, b) => a + b)) / made };
}

if (flags.worker === undefined) {
  console.log(machine());
  console.log(`stage ${stage}, ${flags.size} px, ${scenes} scenes a process`);
  const one = await measure(1);
  const two = await measure(2);
  for (const [name, { rate, cpuMs }] of Object.entries({ 'one process': one, two })) {
    console.log(`${name}: ${rate.toFixed(0)} scenes/s, ${cpuMs.toFixed(1)} ms of CPU a scene`);
  }
  console.log(`two against one: ${(two.rate / one.rate).toFixed(2)}`);
} else {
  const first = 1_000_000 * Number(flags.worker);
  work(first, 60);
  process.send?.('ready');
  await once(process, 'message');
  const before = process.cpuUsage();
  work(first, scenes);
  const { user, system } = process.cpuUsage(before);
  process.send?.((user + system) / 1e6);
  process.disconnect();
}
