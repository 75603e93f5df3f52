/** SAM's attention with relative positions, run by onnxruntime, against its formula in plain arithmetic. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { Graph } from '../../src/graph/graph.ts';
import { Scope } from '../../src/graph/scope.ts';
import {
  type RelativeAttentionShape,
  relativeAttention,
} from '../../src/models/sam/relative-attention.ts';
import { type Runtime, startRuntime } from '../../src/runtime/runtime.ts';
import { float32 } from '../../src/tensor/tensor.ts';
import { f32, writeSafetensors } from '../support/safetensors-file.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.close());

/** A fixed, uneven sequence of values in −1..1. */
const values = (n: number, phase: number) =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase));

/** One query of one head: [D]. */
function expectedRow(
  { q, k, v, rows, columns }: Record<'q' | 'k' | 'v' | 'rows' | 'columns', Float32Array>,
  { heads, headWidth, side }: RelativeAttentionShape,
  { query, head, square }: { query: number; head: number; square: number },
): number[] {
  const at = (token: number) => ((square * side ** 2 + token) * heads + head) * headWidth;
  const dot = (a: Float32Array, from: number) => {
    let sum = 0;
    for (let d = 0; d < headWidth; d += 1) sum += q[at(query) + d]! * a[from + d]!;
    return sum;
  };
  const [row, column] = [Math.floor(query / side), query % side];
  const weights = Array.from({ length: side ** 2 }, (_, key) => {
    const down = row - Math.floor(key / side) + side - 1;
    const across = column - (key % side) + side - 1;
    const bias = dot(rows, down * headWidth) + dot(columns, across * headWidth);
    return Math.exp(dot(k, at(key)) / Math.sqrt(headWidth) + bias);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length: headWidth }, (_, d) =>
    weights.reduce((sum, weight, key) => sum + (weight / total) * v[at(key) + d]!, 0),
  );
}

it.each<RelativeAttentionShape & { what: string }>([
  { what: 'squares that do not see each other', heads: 2, headWidth: 3, squares: 3, side: 4 },
  { what: 'queries in blocks of 32 and 8 rows', heads: 16, headWidth: 2, squares: 1, side: 40 },
])('$what', async (shape) => {
  const { heads, headWidth, squares, side } = shape;
  const tokens = squares * side ** 2;
  const [q, k, v] = [0, 1, 2].map((phase) => values(tokens * heads * headWidth, phase)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const [rows, columns] = [3, 4].map((phase) => values((2 * side - 1) * headWidth, phase)) as [
    Float32Array,
    Float32Array,
  ];
  const folder = temporaryFolder();
  const table = [2 * side - 1, headWidth];
  const tables = { rel_pos_h: f32(table, rows), rel_pos_w: f32(table, columns) };
  writeSafetensors(join(folder, 'model.safetensors'), tables);
  const graph = new Graph('relative attention');
  const width = heads * headWidth;
  const parts = {
    q: graph.input('q', [tokens, width]),
    k: graph.input('k', [tokens, width]),
    v: graph.input('v', [tokens, width]),
  };
  const at = new Scope(graph, await openCheckpoint(folder));
  graph.output('seen', relativeAttention(parts, at, shape), [tokens, width]);
  const session = await runtime.load(graph.build());
  const input = (data: Float32Array) => float32([tokens, width], data.slice());
  const { seen } = await session.run({ q: input(q), k: input(k), v: input(v) });
  await session.release();

  const found = seen!.data as Float32Array;
  expect(found).toHaveLength(tokens * width);
  for (let token = 0; token < tokens; token += Math.ceil(tokens / 50)) {
    const [square, query] = [Math.floor(token / side ** 2), token % side ** 2];
    const head = token % heads;
    const expected = expectedRow({ q, k, v, rows, columns }, shape, { query, head, square });
    for (const [d, value] of expected.entries()) {
      expect(found[token * width + head * headWidth + d]).toBeCloseTo(value, 5);
    }
  }
});
