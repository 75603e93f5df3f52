/** Focus: the diffusion model inverts the picture; what its self-attention groups together is the structure. */
import type {
  EncodedText,
  MapRecord,
  StableDiffusion,
} from '../models/stable-diffusion/stable-diffusion.ts';
import { resizeBilinear } from '../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { MethodOptions } from './presets.ts';
import type { Watch } from './watch.ts';

/** Side of the grid that relevance and structure meet on. */
export const WORKING_GRID = 32;

export interface Focused {
  /** Self-attention by resolution r: [n², n²], n = min(r, 32). */
  readonly scales: ReadonlyMap<number, Float32Tensor>;
  /** Cross-attention of the expression's own tokens on its grid [h, w]; null unless it was recorded. */
  readonly cross: Float32Tensor | null;
}

/** The maps that these options need of the U-Net; cross-attention stands in for the VLM in the order `F-E`. */
export function recordFor({ resolutions, merge, order }: MethodOptions): MapRecord {
  return { resolutions, merge, workingGrid: WORKING_GRID, cross: order === 'F-E' };
}

/** Records what the U-Net groups together in a picture's latent under an expression's text (METHOD §2). */
export async function focus(
  diffusion: StableDiffusion,
  { latent, text }: { latent: Float32Tensor; text: EncodedText },
  o: MethodOptions & { readonly record: MapRecord },
  watch: Watch,
): Promise<Focused> {
  const { trajectory, steps, noiseLevel, seed, record } = o;
  const maps = await diffusion.recordStructure({
    latent,
    text: text.embeddings,
    trajectory,
    steps,
    noiseLevel,
    seed,
    record,
    signal: watch.signal,
    onStep: (done, total) => watch.onProgress?.({ stage: 'structure', done, total }),
  });
  return {
    scales: maps.self,
    cross: maps.cross ? tokenMean(maps.cross, text.expressionTokens) : null,
  };
}

/**
 * A_S: the mean of all resolutions on the working grid [N, N], N = 32²: row i is what cell i attends to; rows sum to 1
 * (not with merge `flattened`).
 */
export function mergeScales(
  scales: ReadonlyMap<number, Float32Tensor>,
  { resolutions, merge }: Pick<MethodOptions, 'resolutions' | 'merge'>,
  grid = WORKING_GRID,
): Float32Tensor {
  const cells = grid ** 2;
  const sum = new Float32Array(cells * cells);
  for (const resolution of resolutions) {
    const map = scales.get(resolution)!;
    const fits = resolution >= grid;
    const { data } = fits ? map : bringUp(map, { from: resolution, to: grid, merge });
    for (let i = 0; i < sum.length; i += 1) sum[i]! += data[i]! / resolutions.length;
  }
  return float32([cells, cells], sum);
}

/**
 * A map of a coarser grid [from², from²] on a finer one [to², to²]. `pooled`: nearest queries, keys spread evenly over the
 * cells they cover, so that rows keep their sum. `flattened`: the matrix itself resized, as the release does.
 */
export function bringUp(
  map: Float32Tensor,
  { from, to, merge }: { from: number; to: number; merge: MethodOptions['merge'] },
): Float32Tensor {
  const cells = to ** 2;
  if (merge === 'flattened') return resizeBilinear(map, { height: cells, width: cells });
  const factor = to / from;
  const coarse = Int32Array.from({ length: cells }, (_, i) => {
    const [row, column] = [Math.floor(i / to), i % to];
    return Math.floor(row / factor) * from + Math.floor(column / factor);
  });
  const out = new Float32Array(cells * cells);
  for (let i = 0; i < cells; i += 1) {
    const row = coarse[i]! * from ** 2;
    for (let j = 0; j < cells; j += 1) {
      out[i * cells + j] = map.data[row + coarse[j]!]! / factor ** 2;
    }
  }
  return float32([cells, cells], out);
}

/** Cross-attention [n², text tokens] → the mean over the expression's tokens as a grid [n, n]. */
function tokenMean(
  cross: Float32Tensor,
  [start, end]: readonly [start: number, end: number],
): Float32Tensor {
  const [cells, tokens] = cross.shape as readonly [cells: number, tokens: number];
  const side = Math.sqrt(cells);
  const mean = Float32Array.from({ length: cells }, (_, i) => {
    const row = cross.data.subarray(i * tokens + start, i * tokens + end);
    return row.reduce((sum, x) => sum + x, 0) / (end - start);
  });
  return float32([side, side], mean);
}
