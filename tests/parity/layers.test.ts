/**
 * The layers of graph/, run by onnxruntime over a small safetensors file, against their formulas written out in plain
 * arithmetic here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../src/checkpoint/checkpoint.ts';
import { Graph, type Value } from '../../src/graph/graph.ts';
import {
  attention,
  conv2d,
  geglu,
  groupNorm,
  layerNorm,
  linear,
  rmsNorm,
  rotate,
  swiglu,
} from '../../src/graph/layers.ts';
import { Scope } from '../../src/graph/scope.ts';
import { mappedAttention } from '../../src/models/stable-diffusion/mapped-attention.ts';
import { type Runtime, startRuntime } from '../../src/runtime/runtime.ts';
import { float32 } from '../../src/tensor/tensor.ts';
import { f32, writeSafetensors } from '../support/safetensors-file.ts';

/** A fixed, uneven sequence of values in −1..1. */
const values = (n: number, phase = 0) =>
  Array.from({ length: n }, (_, i) => Math.sin(1.7 * i + phase));
const T = 3;
const C = 4;
const H = 6;
const x = values(T * C);
const tensors = {
  'linear.weight': f32([H, C], values(H * C, 1)),
  'linear.bias': f32([H], values(H, 2)),
  'norm.weight': f32([C], values(C, 3)),
  'norm.bias': f32([C], values(C, 4)),
  'gate_proj.weight': f32([H, C], values(H * C, 5)),
  'up_proj.weight': f32([H, C], values(H * C, 6)),
  'down_proj.weight': f32([C, H], values(C * H, 7)),
  'geglu.weight': f32([2 * H, C], values(2 * H * C, 8)),
  'geglu.bias': f32([2 * H], values(2 * H, 9)),
  'conv.weight': f32([2, C, 3, 3], values(2 * C * 9, 10)),
  'conv.bias': f32([2], values(2, 11)),
};

let folder: string;
let checkpoint: Checkpoint;
let runtime: Runtime;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zeroov-layers-'));
  writeSafetensors(join(folder, 'model.safetensors'), tensors);
  checkpoint = await openCheckpoint(folder);
  runtime = startRuntime({ provider: 'cpu', threads: 1 });
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

/** Output of a graph of one input. */
async function run(
  shape: readonly number[],
  data: readonly number[],
  build: (x: Value, at: Scope) => Value,
): Promise<number[]> {
  const graph = new Graph('layer');
  const y = build(graph.input('x', shape), new Scope(graph, checkpoint));
  graph.output('y', y, []);
  const session = await runtime.load(graph.build());
  const outputs = await session.run({ x: float32(shape, Float32Array.from(data)) });
  await session.release();
  return Array.from(outputs.y!.data as Float32Array);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const worst = actual.reduce((most, a, i) => Math.max(most, Math.abs(a - expected[i]!)), 0);
  expect(worst).toBeLessThan(2e-6 * Math.max(1, ...expected.map(Math.abs)));
}

const weightOf = (name: keyof typeof tensors) =>
  Array.from(new Float32Array(tensors[name].bytes.slice().buffer));
const rowsOf = (data: readonly number[], width: number) =>
  Array.from({ length: data.length / width }, (_, i) => data.slice(i * width, (i + 1) * width));
const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const project = (rows: readonly number[][], weight: number[], bias?: number[]) =>
  rows.map((row) => rowsOf(weight, row.length).map((w, i) => dot(row, w) + (bias?.[i] ?? 0)));
const mean = (row: readonly number[]) => row.reduce((sum, v) => sum + v, 0) / row.length;
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
/** Φ by numerical integration of the normal density: independent of any erf approximation. */
function gelu(v: number): number {
  const steps = 20_000;
  const width = (v + 12) / steps;
  let area = 0;
  for (let i = 0; i < steps; i += 1)
    area += Math.exp(-((-12 + (i + 0.5) * width) ** 2) / 2) * width;
  return (v * area) / Math.sqrt(2 * Math.PI);
}

describe('layers', () => {
  it('linear is x·Wᵀ + b', async () => {
    const y = await run([T, C], x, (v, at) => linear(v, at.at('linear'), { from: C, to: H }));
    const expected = project(rowsOf(x, C), weightOf('linear.weight'), weightOf('linear.bias'));
    expectClose(y, expected.flat());
  });

  it('layerNorm and rmsNorm', async () => {
    const [w, b, eps] = [weightOf('norm.weight'), weightOf('norm.bias'), 1e-3];
    const layer = rowsOf(x, C).flatMap((row) => {
      const variance = mean(row.map((v) => (v - mean(row)) ** 2));
      return row.map((v, i) => ((v - mean(row)) / Math.sqrt(variance + eps)) * w[i]! + b[i]!);
    });
    const rms = rowsOf(x, C).flatMap((row) =>
      row.map((v, i) => (v / Math.sqrt(mean(row.map((u) => u * u)) + eps)) * w[i]!),
    );
    const shape = { width: C, eps };
    expectClose(await run([T, C], x, (v, at) => layerNorm(v, at.at('norm'), shape)), layer);
    expectClose(await run([T, C], x, (v, at) => rmsNorm(v, at.at('norm'), shape)), rms);
  });

  it('groupNorm normalises over the channels of a group and all pixels', async () => {
    const [side, groups, eps] = [3, 2, 1e-3];
    const data = values(C * side * side);
    const perGroup = rowsOf(data, (C / groups) * side * side);
    const normal = perGroup.flatMap((group) => {
      const variance = mean(group.map((v) => (v - mean(group)) ** 2));
      return group.map((v) => (v - mean(group)) / Math.sqrt(variance + eps));
    });
    const [w, b] = [weightOf('norm.weight'), weightOf('norm.bias')];
    const expected = normal.map((v, i) => v * w[Math.floor(i / 9)]! + b[Math.floor(i / 9)]!);
    const y = await run([1, C, side, side], data, (v, at) =>
      groupNorm(v, at.at('norm'), { width: C, groups, eps }),
    );
    expectClose(y, expected);
  });

  it('swiglu and geglu', async () => {
    const rows = rowsOf(x, C);
    const gate = project(rows, weightOf('gate_proj.weight'));
    const up = project(rows, weightOf('up_proj.weight'));
    const hidden = gate.map((row, t) => row.map((g, i) => g * sigmoid(g) * up[t]![i]!));
    const sw = project(hidden, weightOf('down_proj.weight')).flat();
    expectClose(await run([T, C], x, (v, at) => swiglu(v, at, { width: C, hidden: H })), sw);
    const both = project(rows, weightOf('geglu.weight'), weightOf('geglu.bias'));
    const ge = both.flatMap((row) => row.slice(0, H).map((v, i) => v * gelu(row[H + i]!)));
    const y = await run([T, C], x, (v, at) => geglu(v, at.at('geglu'), { width: C, hidden: H }));
    expectClose(y, ge);
  });

  it('conv2d with stride 2 and pads only right and bottom', async () => {
    const side = 4;
    const data = values(C * side * side);
    const [w, b] = [weightOf('conv.weight'), weightOf('conv.bias')];
    const expected: number[] = [];
    for (let o = 0; o < 2; o += 1)
      for (let i = 0; i < 2; i += 1)
        for (let j = 0; j < 2; j += 1) {
          let sum = b[o]!;
          for (let c = 0; c < C; c += 1)
            for (let di = 0; di < 3; di += 1)
              for (let dj = 0; dj < 3; dj += 1) {
                const [row, column] = [2 * i + di, 2 * j + dj];
                if (row >= side || column >= side) continue;
                sum +=
                  data[(c * side + row) * side + column]! * w[((o * C + c) * 3 + di) * 3 + dj]!;
              }
          expected.push(sum);
        }
    const y = await run([1, C, side, side], data, (v, at) =>
      conv2d(v, at.at('conv'), { from: C, to: 2, kernel: 3, stride: 2, pads: [0, 0, 1, 1] }),
    );
    expectClose(y, expected);
  });

  it('rotate turns pairs (i, i + D/2)', async () => {
    const [N, D] = [2, 4];
    const data = values(N * T * D);
    const angles = rowsOf(values(T * D, 12), D).map((row) => [row[0]!, row[1]!, row[0]!, row[1]!]);
    const expected = rowsOf(data, D).flatMap((row, i) => {
      const a = angles[i % T]!;
      return row.map((v, d) => {
        const partner = d < D / 2 ? -row[d + D / 2]! : row[d - D / 2]!;
        return v * Math.cos(a[d]!) + partner * Math.sin(a[d]!);
      });
    });
    const table = (v: Value, f: (a: number) => number) =>
      v.graph.constant(float32([T, D], Float32Array.from(angles.flat(), f)));
    const y = await run([N, T, D], data, (v) =>
      rotate(v, { cos: table(v, Math.cos), sin: table(v, Math.sin), width: D }),
    );
    expectClose(y, expected);
  });

  it('attention is softmax(q·kᵀ/√D)·v, with or without a map put out', async () => {
    const [N, D] = [2, 2];
    const part = (row: readonly number[], n: number) => row.slice(n * D, (n + 1) * D);
    const rows = rowsOf(x, C);
    const probabilities = Array.from({ length: N }, (_, n) =>
      rows.map((q) => {
        const scores = rows.map((k) => Math.exp(dot(part(q, n), part(k, n)) / Math.sqrt(D)));
        const total = scores.reduce((sum, s) => sum + s, 0);
        return scores.map((s) => s / total);
      }),
    );
    const out = rows.flatMap((_, t) =>
      Array.from({ length: N * D }, (_, i) => {
        const n = Math.floor(i / D);
        return dot(
          probabilities[n]![t]!,
          rows.map((v) => v[i]!),
        );
      }),
    );
    const shape = { heads: N, headWidth: D };
    const self = (v: Value) => ({ q: v, k: v, v });
    expectClose(await run([T, C], x, (v) => attention(self(v), shape)), out);
    const mapped = { ...shape, blocks: 1, reduce: (mean: Value) => mean };
    expectClose(await run([T, C], x, (v) => mappedAttention(self(v), mapped).out), out);
    const headMean = probabilities[0]!.map((row, t) =>
      row.map((_, s) => mean(probabilities.map((head) => head[t]![s]!))),
    );
    expectClose(await run([T, C], x, (v) => mappedAttention(self(v), mapped).map), headMean.flat());
  });
});
