/** Overview: the VLM answers where the expression is, and its attention to the image while it answers is the relevance. */
import type { Answer, ImageTokens, Qwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
import { type Range, rangeOf } from '../tensor/reduce.ts';
import { resizeBilinear } from '../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { MethodOptions } from './presets.ts';
import type { Watch } from './watch.ts';

/** The layers that the paper reads, of the depth it reads them in. */
const PAPER_LAYERS = [16, 17, 18, 19] as const;
const PAPER_DEPTH = 28;

export interface Reading {
  /** A_C on the VLM's merged grid [h, w], at most the sum of the layer weights. */
  readonly relevance: Float32Tensor;
  /** What it was weighed from: one layer each, [h·w]. */
  readonly layers: readonly Float64Array[];
  readonly answer: Answer;
}

/** Layers to read in a model of `depth` layers: the paper's, scaled (floor(i·L/28)). */
export function layersFor(depth: number): number[] {
  return PAPER_LAYERS.map((layer) => Math.floor((layer * depth) / PAPER_DEPTH));
}

/** Reads the relevance map off the VLM's answer about an embedded image (METHOD §1). */
export async function overview(
  vlm: Qwen25Vl,
  { tokens, expression }: { tokens: ImageTokens; expression: string },
  o: MethodOptions,
  watch: Watch,
): Promise<Reading> {
  const answer = await vlm.answer({
    image: tokens,
    expression,
    layers: o.layers ?? layersFor(vlm.config.text.layers),
    positions: o.positions,
    maxNewTokens: o.maxNewTokens,
    signal: watch.signal,
    onToken: ({ step }) =>
      watch.onProgress?.({ stage: 'answer', done: step + 1, total: o.maxNewTokens }),
  });
  const { height, width } = tokens.grid;
  const layers = meanOverSteps(answer.attention);
  const relevance = weighLayers(layers, o.layerWeights);
  return { relevance: float32([height, width], relevance), layers, answer };
}

/** Attention rows [steps, L, I] → their mean over the steps, [I] for each of the L layers. */
export function meanOverSteps(rows: Float32Tensor): Float64Array[] {
  const [steps, layers, cells] = rows.shape as readonly [t: number, l: number, i: number];
  return Array.from({ length: layers }, (_, layer) => {
    const mean = new Float64Array(cells);
    for (let step = 0; step < steps; step += 1) {
      const start = (step * layers + layer) * cells;
      for (let i = 0; i < cells; i += 1) mean[i]! += rows.data[start + i]! / steps;
    }
    return mean;
  });
}

/**
 * Layers [I] each → relevance [I]: each shifted by its min and divided by its new max, then the weighted sum. `ranges` are
 * the layers' own unless several pictures are to be compared.
 */
export function weighLayers(
  layers: readonly Float64Array[],
  weights: readonly number[],
  ranges: readonly Range[] = layers.map(rangeOf),
): Float32Array {
  const relevance = new Float64Array(layers[0]!.length);
  for (const [layer, mean] of layers.entries()) {
    const { min, max } = ranges[layer]!;
    if (!(max > min)) continue; // flat: it tells nothing apart
    for (const [i, value] of mean.entries()) {
      relevance[i]! += (weights[layer]! * (value - min)) / (max - min);
    }
  }
  return Float32Array.from(relevance);
}

/** c: the relevance on the working grid, 0..1. Bilinear, half-pixel centres, no antialias. */
export function relevanceOnGrid(
  relevance: Float32Tensor,
  { grid, profile }: { grid: number; profile: MethodOptions['profile'] },
): Float32Tensor {
  const c = resizeBilinear(relevance, { height: grid, width: grid });
  return float32(c.shape, relevanceToUnit(c.data, { profile }));
}

/** mm(c); `release` divides by the maximum taken BEFORE the shift, as its scripts do. */
export function relevanceToUnit(
  c: Float32Array | Float64Array,
  { profile }: Pick<MethodOptions, 'profile'>,
): Float32Array {
  const { min, max } = rangeOf(c);
  const range = profile === 'release' ? max + 1e-6 : max - min || 1;
  return Float32Array.from(c, (x) => (x - min) / range);
}
