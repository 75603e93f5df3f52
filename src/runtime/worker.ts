/**
 * The program of the inference thread: holds onnxruntime sessions and answers requests in order. A run blocks this
 * thread, never the one that answers people.
 */
import { setImmediate } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { DType, Tensor, TypedArrayOf } from '../tensor/tensor.ts';
import type { Close, Envelope, Failure, LoadRequest, Reply, RunRequest } from './messages.ts';

interface Loaded {
  readonly session: ort.InferenceSession;
  /** Values carried from the last run, by input name. */
  carried: Record<string, ort.Tensor>;
}

/** Errors come back as replies; what the library would print beside them is for its developers. */
const FATAL = 4;
ort.env.logLevel = 'fatal';

const sessions = new Map<number, Loaded>();
const port = parentPort!;
let queue = Promise.resolve();
let closing = false;
port.on('message', (request: Envelope | Close) => {
  closing ||= request.kind === 'close';
  queue = queue.then(() => (request.kind === 'close' ? end() : answer(request)));
});

/** The thread ends when nothing is left to hear or to do. */
async function end(): Promise<void> {
  for (const session of [...sessions.keys()]) await release(session);
  port.close();
}

async function answer(request: Envelope): Promise<void> {
  await setImmediate(); // what arrived during the request before this one is heard first
  if (closing) return;
  try {
    const outputs = await handle(request);
    const buffers = Object.values(outputs).map((t) => t.data.buffer as ArrayBuffer);
    port.postMessage({ id: request.id, outputs } satisfies Reply, buffers);
  } catch (error) {
    port.postMessage({ id: request.id, failure: failureOf(error) } satisfies Reply);
  }
}

async function handle(request: Envelope): Promise<Record<string, Tensor>> {
  if (request.kind === 'load') await load(request);
  else if (request.kind === 'run') return run(request);
  else await release(request.session);
  return {};
}

async function load(request: LoadRequest): Promise<void> {
  const { bytes, folder, provider, threads } = request;
  const extra = folder ? { session: { model_external_initializers_file_folder_path: folder } } : {};
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    logSeverityLevel: FATAL,
    extra,
  });
  sessions.set(request.session, { session, carried: {} });
}

async function run({
  session: key,
  inputs,
  fetch,
  carry,
}: RunRequest): Promise<Record<string, Tensor>> {
  const loaded = sessions.get(key)!;
  const feeds: Record<string, ort.Tensor> = { ...loaded.carried };
  for (const [name, t] of Object.entries(inputs)) {
    feeds[name] = new ort.Tensor(t.dtype as 'float32', t.data as Float32Array, t.shape);
  }
  const wanted = [...fetch, ...Object.keys(carry)];
  const results = await loaded.session.run(feeds, wanted, { logSeverityLevel: FATAL });
  loaded.carried = {};
  for (const [output, input] of Object.entries(carry)) loaded.carried[input] = results[output]!;
  return Object.fromEntries(fetch.map((name) => [name, fetched(name, results[name]!)]));
}

/** A copy that may travel, checked: carried values need no check, what follows from them is. */
function fetched(name: string, value: ort.Tensor): Tensor {
  const data = (value.data as TypedArrayOf[DType]).slice();
  if (data instanceof Float32Array) {
    const index = firstNotFinite(data);
    if (index >= 0) throw new NotFinite(name, index);
  }
  return { dtype: value.type as DType, shape: [...value.dims], data };
}

/** -1 where there is none. A plain loop: a call for each of a million numbers takes longer than a small network. */
function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i += 1) {
    if (data[i]! - data[i]! !== 0) return i; // NaN for NaN and for either infinity
  }
  return -1;
}

async function release(key: number): Promise<void> {
  const loaded = sessions.get(key);
  sessions.delete(key);
  if (!loaded) return;
  for (const value of Object.values(loaded.carried)) value.dispose();
  await loaded.session.release();
}

class NotFinite extends Error {
  constructor(
    readonly output: string,
    readonly index: number,
  ) {
    super('not finite');
  }
}

function failureOf(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof NotFinite) {
    return { code: 'NOT_FINITE', reason, output: error.output, index: error.index };
  }
  const memory = /bad_alloc|allocat|out of memory|Array buffer/i.test(reason);
  return { code: memory ? 'MODEL_OOM' : 'RUNTIME_REFUSED', reason };
}
