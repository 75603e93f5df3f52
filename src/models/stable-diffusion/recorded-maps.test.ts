import { afterAll, describe, expect, it } from 'vitest';
import { Graph } from '../../graph/graph.ts';
import { startRuntime } from '../../runtime/runtime.ts';
import { randomNormal } from '../../tensor/random-normal.ts';
import { resizeBilinear } from '../../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import { checkRecord, type MapRecord, MapRecorder } from './recorded-maps.ts';

const runtime = startRuntime({ provider: 'cpu' });
afterAll(() => runtime.close());

/** (N, T, T), every row sums to 1. */
function probabilities(heads: number, tokens: number, seed: number): Float32Tensor {
  const data = randomNormal(seed, heads * tokens * tokens).map((x) => Math.exp(x));
  for (let row = 0; row < heads * tokens; row += 1) {
    const values = data.subarray(row * tokens, (row + 1) * tokens);
    const sum = values.reduce((total, x) => total + x, 0);
    for (const [i, x] of values.entries()) values[i] = x / sum;
  }
  return float32([heads, tokens, tokens], data);
}

/** What two layers of one resolution leave as. */
async function recorded(side: number, layers: readonly Float32Tensor[], record: MapRecord) {
  const graph = new Graph('maps');
  const maps = new MapRecorder(record);
  for (const [i, { shape }] of layers.entries()) {
    const { blocks, reduce, add } = maps.self(side)!;
    const mean = graph.input(`p${i}`, shape).mean([0]); // (T, T)
    const parts = blocks === 1 ? [mean] : mean.split(0, blocks);
    const [first, ...others] = parts.map(reduce);
    add(others.length === 0 ? first! : first!.concat(others, 0));
  }
  maps.declareOutputs(graph);
  const session = await runtime.load(graph.build());
  const outputs = await session.run(Object.fromEntries(layers.map((p, i) => [`p${i}`, p])));
  return outputs[`self_${side}`] as Float32Tensor;
}

/** Mean over heads and layers, (T, T) in float64. */
function meanMap(layers: readonly Float32Tensor[]): Float64Array {
  const [heads, tokens] = layers[0]!.shape as readonly [n: number, t: number];
  const mean = new Float64Array(tokens * tokens);
  for (const { data } of layers) {
    for (const [i, p] of data.entries()) mean[i % mean.length]! += p / (heads * layers.length);
  }
  return mean;
}

const record = { resolutions: [3, 8, 12], workingGrid: 4, cross: false } as const;

describe.each([
  { side: 8, factor: 2 },
  { side: 12, factor: 3 },
])('a map of $side² on a grid of 4²', ({ side, factor }) => {
  const tokens = side ** 2;
  const layers = [probabilities(2, tokens, 1), probabilities(2, tokens, 2)];
  const mean = meanMap(layers);

  it('pooled: mean over blocks of queries, sum over blocks of keys', async () => {
    const map = await recorded(side, layers, { ...record, merge: 'pooled' });
    expect(map.shape).toEqual([16, 16]);
    const cell = (t: number) =>
      Math.floor(Math.floor(t / side) / factor) * 4 + Math.floor((t % side) / factor);
    const expected = new Float64Array(256);
    for (const [i, p] of mean.entries()) {
      expected[cell(Math.floor(i / tokens)) * 16 + cell(i % tokens)]! += p / factor ** 2;
    }
    for (const [i, p] of map.data.entries()) expect(p).toBeCloseTo(expected[i]!, 6);
    for (let row = 0; row < 16; row += 1) {
      const sum = map.data.subarray(row * 16, row * 16 + 16).reduce((total, p) => total + p, 0);
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it('flattened: the matrix resized bilinearly', async () => {
    const map = await recorded(side, layers, { ...record, merge: 'flattened' });
    const matrix = float32([tokens, tokens], Float32Array.from(mean));
    const expected = resizeBilinear(matrix, { height: 16, width: 16 });
    for (const [i, p] of map.data.entries()) expect(p).toBeCloseTo(expected.data[i]!, 7);
  });
});

it('a map that is not finer than the grid leaves as it is', async () => {
  const layers = [probabilities(3, 9, 3)];
  const map = await recorded(3, layers, { ...record, merge: 'pooled' });
  const mean = meanMap(layers);
  expect(map.shape).toEqual([9, 9]);
  for (const [i, p] of map.data.entries()) expect(p).toBeCloseTo(mean[i]!, 6);
});

describe('checkRecord', () => {
  const cross = 'CrossAttnDownBlock2D' as const;
  const config = (sample_size: number) => ({
    sample_size,
    block_out_channels: [8, 8, 8, 8],
    layers_per_block: 2,
    down_block_types: [cross, cross, cross, 'DownBlock2D' as const],
    up_block_types: [],
    cross_attention_dim: 8,
    attention_head_dim: 2,
    norm_num_groups: 2,
    norm_eps: 1e-5,
  });
  const ask = (resolutions: number[], crossToo = false): MapRecord => ({
    resolutions,
    merge: 'pooled',
    workingGrid: 32,
    cross: crossToo,
  });

  it('takes the resolutions that a U-Net of that size has', () => {
    checkRecord(ask([16, 32, 64], true), config(64));
    checkRecord(ask([8, 16, 32], true), config(32));
    checkRecord(ask([96, 24]), config(96)); // 96 = 3 · 32
  });

  it.each([
    ['8² is the middle, which is not recorded', ask([8]), 64, 'it has 64, 32, 16'],
    ['it has no 64²', ask([32, 64]), 32, 'it has 32, 16, 8'],
    ['48 does not divide into 32', ask([48]), 48, 'multiples of the working grid'],
    ['it has no cross-attention at 16²', ask([24], true), 96, 'it has 96, 48, 24'],
  ])('refuses: %s', (_, asked, size, sentence) => {
    expect(() => checkRecord(asked, config(size))).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(sentence),
      }),
    );
  });
});
