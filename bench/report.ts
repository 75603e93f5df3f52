/** What every bench prints: the machine it ran on, and medians. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';

const version = (name: string): string =>
  createRequire(import.meta.url)(`${name}/package.json`).version;

/** One line: processor, cores, memory, Node, onnxruntime. */
export function machine(): string {
  const cores = cpus();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return `${cores[0]?.model ?? 'unknown processor'} × ${cores.length}, ${memory}, Node ${process.versions.node}, onnxruntime-node ${version('onnxruntime-node')}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Memory of this process in GB: `now` and `peak` count every resident page; `own` leaves out pages mapped from files,
 * which the system takes back when it needs them. Linux only; elsewhere only `peak`.
 */
export function memory(): { now: number; peak: number; own: number } {
  const peak = process.resourceUsage().maxRSS / 1e6;
  if (process.platform !== 'linux') return { now: Number.NaN, peak, own: Number.NaN };
  const status = readFileSync('/proc/self/status', 'utf8');
  const field = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1e6;
  return { now: field('VmRSS'), peak, own: field('RssAnon') };
}

/** The highest `own` memory seen until `stop()`, sampled four times a second. */
export function watchMemory(): { stop(): number } {
  let highest = memory().own;
  const timer = setInterval(() => {
    highest = Math.max(highest, memory().own);
  }, 250);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(highest, memory().own);
    },
  };
}

export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}
