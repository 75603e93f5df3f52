/** The same command in several processes, each doing its share. */
import { spawn } from 'node:child_process';
import { type ErrorCode, ZeroovError } from '../errors.ts';
import type { Share } from '../evaluation/run/run-share.ts';

/** Tells a process that it is a worker, and which: `0/3`. */
const VARIABLE = 'ZEROOV_WORKER';

interface Threw {
  readonly threw: { readonly code: ErrorCode; readonly fields: object };
}

export interface Processes<Message> {
  readonly of: number;
  readonly signal: AbortSignal;
  readonly onMessage: (message: Message) => void;
}

/**
 * Runs this very command again in `of` processes and waits until all have ended. When one fails, the others are stopped.
 *
 * @throws what a worker threw; RUN_WORKER for one that ended without a word; CANCELLED
 */
export async function inProcesses<Message extends object>(task: Processes<Message>): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([task.signal, stop.signal]);
  const errors: ZeroovError[] = [];
  const workers = Array.from({ length: task.of }, async (_, worker) => {
    const error = await runOne(worker, { ...task, signal });
    if (!error) return;
    errors.push(error);
    stop.abort();
  });
  await Promise.all(workers);
  if (task.signal.aborted) throw new ZeroovError('CANCELLED', {});
  if (errors[0]) throw errors[0];
}

/** Why the worker failed, if it did. */
function runOne<Message extends object>(
  worker: number,
  { of, signal, onMessage }: Processes<Message>,
): Promise<ZeroovError | null> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, [VARIABLE]: `${worker}/${of}` },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const stop = () => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  let error: ZeroovError | null = null;
  child.on('message', (message: Message | Threw) => {
    if (!('threw' in message)) return onMessage(message);
    const { code, fields } = message.threw;
    error = new ZeroovError(code, fields as never);
  });
  return new Promise((resolve) => {
    const ended = (reason: string | null) => {
      signal.removeEventListener('abort', stop);
      const silent = reason && new ZeroovError('RUN_WORKER', { worker: worker + 1, of, reason });
      resolve(error ?? (silent || null));
    };
    child.on('error', ({ message }) => ended(message));
    child.on('close', (status, by) => ended(by ?? (status === 0 ? null : `exit code ${status}`)));
  });
}

/**
 * Which worker this process is; null for one that a person started. A worker stops on its parent's word, not on a Ctrl-C that
 * the terminal sends to both, and ends with its parent: at once, since leaving in good order would wait for the networks, or
 * crash within them. The journal is made for that.
 */
export function shareOfThisProcess(): Share | null {
  const [, worker, of] = /^(\d+)\/(\d+)$/.exec(process.env[VARIABLE] ?? '') ?? [];
  if (worker === undefined || !process.send) return null;
  process.removeAllListeners('SIGINT');
  process.on('SIGINT', () => undefined);
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
  return { worker: Number(worker), of: Number(of) };
}

/** Does a worker's work. An error goes to the parent, which says it once. */
export async function asWorker<Message extends object>(
  work: (send: (message: Message) => Promise<void>) => Promise<void>,
): Promise<void> {
  const send = (message: object) =>
    new Promise<void>((resolve) => void process.send!(message, () => resolve()));
  try {
    await work(send);
  } catch (error) {
    if (!(error instanceof ZeroovError)) throw error;
    const { code, fields } = error;
    await send({ threw: { code, fields } });
    process.exitCode = error.exit;
  }
}
