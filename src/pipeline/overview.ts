/** Overview: the VLM answers where the expression is, and its attention to the image while it answers is the relevance. */
import type { Answer, ImageTokens, Qwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
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
  const relevance = weighLayers(answer.attention, o.layerWeights);
  return { relevance: float32([height, width], relevance), answer };
}

/**
 * Attention rows [steps, L, I] → relevance [I]: the mean over the steps, each layer shifted by its min and divided by its
 * new max, then the weighted sum over the layers.
 */
export function weighLayers(rows: Float32Tensor, weights: readonly number[]): Float32Array {
  const [steps, layers, cells] = rows.shape as readonly [t: number, l: number, i: number];
  const relevance = new Float64Array(cells);
  for (let layer = 0; layer < layers; layer += 1) {
    const mean = new Float64Array(cells);
    for (let step = 0; step < steps; step += 1) {
      const start = (step * layers + layer) * cells;
      for (let i = 0; i < cells; i += 1) mean[i]! += rows.data[start + i]! / steps;
    }
    const min = mean.reduce((least, x) => Math.min(least, x), Infinity);
    const max = mean.reduce((most, x) => Math.max(most, x - min), 0);
    if (max === 0) continue; // flat: it tells nothing apart
    for (let i = 0; i < cells; i += 1) relevance[i]! += (weights[layer]! * (mean[i]! - min)) / max;
  }
  return Float32Array.from(relevance);
}

/**
 * c: the relevance on the working grid, 0..1. Bilinear, half-pixel centres, no antialias; `release` divides by the maximum
 * taken BEFORE the shift, as its scripts do.
 */
export function relevanceOnGrid(
  relevance: Float32Tensor,
  { grid, profile }: { grid: number; profile: MethodOptions['profile'] },
): Float32Tensor {
  const c = resizeBilinear(relevance, { height: grid, width: grid });
  const min = c.data.reduce((least, x) => Math.min(least, x), Infinity);
  const max = c.data.reduce((most, x) => Math.max(most, x), -Infinity);
  const range = profile === 'release' ? max + 1e-6 : max - min || 1;
  return float32(
    c.shape,
    c.data.map((x) => (x - min) / range),
  );
}
