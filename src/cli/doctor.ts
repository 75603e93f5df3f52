/** `zeroov doctor`: what runs here. */
import { readFileSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { Command } from 'commander';
import { hubCache } from '../checkpoint/hub-cache.ts';
import { humanBytes, ZeroovError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { VERSION } from '../pipeline/version.ts';
import { PROVIDERS, whyNot } from '../runtime/providers.ts';
import { type Provider, startRuntime } from '../runtime/runtime.ts';
import { float32 } from '../tensor/tensor.ts';
import { demoSet } from './demo-set.ts';
import { toJson } from './json.ts';
import { type GlobalOptions, openTerminal, type Terminal } from './terminal.ts';

interface Start {
  readonly provider: Provider;
  readonly starts: boolean;
  /** Why it does not start. */
  readonly reason?: string;
}

/** What `--json` prints. */
interface Report {
  readonly zeroov: string;
  readonly node: string;
  readonly platform: string;
  readonly onnxruntime: string;
  readonly providers: readonly Start[];
  readonly processor: string;
  readonly cores: number;
  /** `limit`: what this process may use, where the system says so. */
  readonly memoryBytes: { readonly total: number; readonly free: number; readonly limit?: number };
  readonly cache: { readonly folder: string; readonly exists: boolean; readonly freeBytes: number };
  readonly demo: boolean;
  /** Environment variables that zeroov heeds: whether they are set, and those without secrets as they are. */
  readonly environment: Readonly<Record<string, string | null>>;
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('say what runs here: providers that really start, memory, cache, network settings')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  $ zeroov doctor\n  $ zeroov doctor --json\n')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const terminal = openTerminal(options);
      const report = await examine();
      if (options.json) terminal.print(toJson(report));
      else describe(report, terminal);
    });
}

async function examine(): Promise<Report> {
  const providers: Start[] = [];
  for (const provider of PROVIDERS) providers.push(await tryProvider(provider));
  const limit = process.constrainedMemory();
  const total = totalmem();
  const folder = hubCache(process.env);
  return {
    zeroov: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    onnxruntime: onnxruntimeVersion(),
    providers,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: { total, free: freemem(), ...(limit > 0 && limit < total ? { limit } : {}) },
    cache: {
      folder,
      exists: (await existing(folder)) === folder,
      freeBytes: await freeBytes(folder),
    },
    demo: demoSet() !== null,
    environment: environment(process.env),
  };
}

/** Runs x + 1 on the provider, unless it is known beforehand that it cannot start. */
async function tryProvider(provider: Provider): Promise<Start> {
  const known = whyNot(provider);
  if (known !== undefined) return { provider, starts: false, reason: known };
  const graph = new Graph('doctor');
  const x = graph.input('x', [1]);
  graph.output('y', x.plus(graph.scalar(1)), [1]);
  const runtime = startRuntime({ provider, threads: 1 });
  try {
    const session = await runtime.load(graph.build());
    const { y } = await session.run({ x: float32([1], Float32Array.of(41)) });
    return y?.data[0] === 42
      ? { provider, starts: true }
      : { provider, starts: false, reason: 'it computes 41 + 1 wrongly' };
  } catch (error) {
    if (!(error instanceof ZeroovError)) throw error;
    const { reason = error.message } = error.toJSON();
    return { provider, starts: false, reason: String(reason) };
  } finally {
    await runtime.close();
  }
}

function onnxruntimeVersion(): string {
  const file = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version);
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(await existing(folder));
  return bavail * bsize;
}

/** The folder, or the nearest one above it that there is. */
async function existing(folder: string): Promise<string> {
  const found = await stat(folder).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return found || dirname(folder) === folder ? folder : existing(dirname(folder));
}

const SECRETS = ['HF_TOKEN'];
const PLAIN = [
  'HF_ENDPOINT',
  'HF_HOME',
  'HF_HUB_CACHE',
  'HF_HUB_OFFLINE',
  'HF_TOKEN_PATH',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
  'NODE_USE_ENV_PROXY',
];

function environment(env: Readonly<Record<string, string | undefined>>) {
  const entries: [string, string | null][] = [];
  for (const name of SECRETS) entries.push([name, env[name] ? 'set (not shown)' : null]);
  for (const name of PLAIN) {
    const value = env[name] || env[name.toLowerCase()];
    entries.push([name, value ? withoutPassword(value) : null]);
  }
  return Object.fromEntries(entries);
}

/** Whatever stands before an @ in an address may be a password. */
function withoutPassword(value: string): string {
  return value.replace(/[^/@\s]*@/g, '***@');
}

function describe(report: Report, terminal: Terminal): void {
  const line = (name: string, value: string) =>
    terminal.print(`${terminal.style('bold', name.padEnd(13))}${value}`);
  const { memoryBytes: memory, cache } = report;
  line('zeroov', report.zeroov);
  line('node', `${report.node} on ${report.platform}`);
  line('onnxruntime', report.onnxruntime);
  for (const { provider, starts, reason } of report.providers) {
    const word = starts
      ? terminal.style('green', 'starts')
      : terminal.style('dim', `no: ${reason}`);
    line(`  ${provider}`, word);
  }
  line('processor', `${report.processor}, ${report.cores} threads`);
  const limit =
    memory.limit === undefined ? '' : `, this process may use ${humanBytes(memory.limit)}`;
  line('memory', `${humanBytes(memory.total)}, ${humanBytes(memory.free)} free${limit}`);
  const made = cache.exists ? '' : ' (not there yet)';
  line('cache', `${cache.folder}${made}, ${humanBytes(cache.freeBytes)} free on its disk`);
  line('demo set', report.demo ? 'here' : 'not in this copy');
  for (const [name, value] of Object.entries(report.environment)) {
    if (value !== null) line(name, value);
  }
  const unset = Object.keys(report.environment).filter((name) => report.environment[name] === null);
  if (unset.length > 0) terminal.print(terminal.style('dim', `not set: ${unset.join(', ')}`));
}
