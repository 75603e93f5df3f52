import { afterEach, describe, expect, it } from 'vitest';
import { Graph } from '../graph/graph.ts';
import { float32 } from '../tensor/tensor.ts';
import { type Runtime, startRuntime } from './runtime.ts';

let runtime: Runtime | undefined;
afterEach(async () => {
  await runtime?.close();
  runtime = undefined;
});

const row = (...data: number[]) => float32([data.length / 2, 2], Float32Array.from(data));

/** sum = the column sums of everything given so far; `all` is what a next run must be given as `past`. */
function accumulator() {
  const graph = new Graph('accumulator');
  const all = graph.input('past', ['P', 2]).concat([graph.input('x', ['T', 2])], 0);
  graph.output('all', all, ['S', 2]);
  graph.output('sum', all.sum([0]), [2]);
  return graph.build();
}

/** A run of some tenths of a second. */
function busy() {
  const graph = new Graph('busy');
  let x = graph.input('x', [600, 600]);
  for (let i = 0; i < 12; i += 1) x = x.matmul(x).times(1e-3);
  graph.output('y', x.mean([0, 1]), []);
  return graph.build();
}

const BUSY_INPUT = { x: float32([600, 600], new Float32Array(360_000).fill(1e-3)) };

describe('runtime', () => {
  it('carries outputs into the next run, and drops what is not carried on', async () => {
    runtime = startRuntime({ provider: 'cpu', threads: 1 });
    const session = await runtime.load(accumulator());
    const carry = { all: 'past' };
    const first = await session.run({ x: row(1, 2), past: row() }, { carry });
    expect([Object.keys(first), ...first.sum!.data]).toEqual([['sum'], 1, 2]);
    const second = await session.run({ x: row(10, 20, 100, 200) });
    expect([...second.sum!.data]).toEqual([111, 222]);
    expect(second.all!.shape).toEqual([3, 2]);
    await expect(session.run({ x: row(1, 2) })).rejects.toMatchObject({ code: 'RUNTIME_REFUSED' });
  });

  it('names output and index of a value that is not finite', async () => {
    runtime = startRuntime({ provider: 'cpu', threads: 1 });
    const session = await runtime.load(accumulator());
    const run = session.run({ x: row(1, Number.NaN), past: row() }, { fetch: ['sum'] });
    await expect(run).rejects.toMatchObject({
      code: 'NOT_FINITE',
      fields: { network: 'accumulator', output: 'sum', index: 1 },
    });
    const infinite = session.run({ x: row(Number.POSITIVE_INFINITY, 0), past: row() });
    await expect(infinite).rejects.toMatchObject({ code: 'NOT_FINITE' });
  });

  it('says that memory does not suffice', async () => {
    runtime = startRuntime({ provider: 'cpu', threads: 1 });
    const graph = new Graph('outer product');
    const x = graph.input('x', ['N']);
    graph.output('y', x.reshape(-1, 1).times(x.reshape(1, -1)).sum([0, 1]), []);
    const session = await runtime.load(graph.build());
    const n = 2 ** 24; // n² floats are a petabyte: more than any machine can address
    const run = session.run({ x: float32([n]) });
    await expect(run).rejects.toMatchObject({ code: 'MODEL_OOM', exit: 6 });
  });

  it('does not block the thread that answers people', async () => {
    runtime = startRuntime({ provider: 'cpu', threads: 1 });
    const session = await runtime.load(busy());
    let turns = 0;
    let running = true;
    const turn = () => {
      turns += 1;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    await session.run(BUSY_INPUT);
    running = false;
    expect(turns).toBeGreaterThan(100); // 0 or 1 when the run blocks
  });

  it('auto names the provider that really runs; a named one that cannot start is an error', async () => {
    runtime = startRuntime({ provider: 'auto', threads: 1 });
    expect(runtime.provider).toBeUndefined();
    await runtime.load(accumulator());
    expect(['cpu', 'webgpu', 'cuda']).toContain(runtime.provider);
    if (runtime.provider !== 'cpu') return;
    await runtime.close();
    runtime = startRuntime({ provider: 'cuda' });
    await expect(runtime.load(accumulator())).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      exit: 2,
    });
  });

  it('ends after the run it is closed in, and drops what was asked after that', async () => {
    runtime = startRuntime({ provider: 'cpu', threads: 1 });
    const session = await runtime.load(busy());
    const before = session.run(BUSY_INPUT);
    const answers = Promise.allSettled([session.run(BUSY_INPUT), session.run(BUSY_INPUT)]);
    await before;
    await runtime.close(); // while the second runs: cut off there, onnxruntime would abort this process
    expect((await answers)[1]).toMatchObject({
      reason: { code: 'RUNTIME_CRASHED', fields: { reason: 'closed' } },
    });
  });

  it('answers every pending request when the thread ends', async () => {
    runtime = startRuntime({ provider: 'cpu' });
    const session = await runtime.load(accumulator());
    await runtime.close();
    await expect(session.run({ x: row(1, 2) })).rejects.toMatchObject({ code: 'RUNTIME_CRASHED' });
    await expect(session.release()).resolves.toBeUndefined();
  });
});
