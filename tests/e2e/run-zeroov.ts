/** Runs the command line as a person does: a process of its own, as it was built (tests/support/build.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist', 'cli', 'main.js');
export const FIXTURES = join(ROOT, 'tests', 'fixtures');

/** Tiny random checkpoints (their birth.json says how they were made) and a picture. */
export const VLM = join(FIXTURES, 'vlm-a', 'vlm');
export const DIFFUSION = join(FIXTURES, 'sd-a', 'sd');
export const IMAGE = join(FIXTURES, 'vlm-a', 'image.png');

/** A look at a scene by the random VLM alone: regions here and there, the same whatever the demo set has learnt. */
export const RANDOM_LOOK = [
  ...['--vlm', VLM, '--provider', 'cpu', '--order', 'O-E', '--max-new-tokens', '1'],
  ...['--layers', '0,1', '--layer-weights', '0.5,0.5', '--seeds', '20', '--tau', '0.6'],
  ...['--alpha', '0.5', '--tile', '128', '--search', 'exhaustive'],
];

/** Both checkpoints, and as little work as shows that all stages ran. */
export const SMALL = ['--vlm', VLM, '--diffusion', DIFFUSION, '--provider', 'cpu'];
export const SHORT = [
  ...SMALL,
  ...['--trajectory', 'single', '--resolutions', '32', '--max-new-tokens', '1'],
];

export interface Ran {
  /** The signal's name where one ended the process. */
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (child: ChildProcess) => void;
  /** Called with all of stderr so far whenever there is more of it. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
}

export async function zeroov(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const env = { ...process.env, CI: '1', NO_COLOR: '1', ...options.env };
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: [...stdio] });
  options.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    options.onStderr?.(stderr, child);
  });
  const status = await new Promise<Ran['status']>((resolve) => {
    child.on('close', (code, signal) => resolve(code ?? signal!));
  });
  return { status, stdout, stderr };
}

/** A folder for the files of one test file, removed after it. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zeroov-e2e-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
