/** Evolve: seeds from the relevance, one region grown over the attention (§3 of METHOD; the paper's region growing). */
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { MethodOptions } from './presets.ts';

/** Indices of every pixel whose value is among the `count` largest distinct values. */
export function findSeeds(relevance: Float32Tensor, count: number): number[] {
  const distinct = [...new Set(relevance.data)].sort((a, b) => b - a);
  const least = distinct[Math.min(count, distinct.length) - 1] ?? Infinity;
  return [...relevance.data.keys()].filter((i) => relevance.data[i]! >= least);
}

/** Pixels reached from the seeds, 8-connected, over values strictly above τ; seeds always belong. [H, W] → H·W of 0/1 */
export function growRegion(
  map: Float32Tensor,
  { seeds, tau }: { seeds: readonly number[]; tau: number },
): Uint8Array {
  const [height, width] = map.shape as readonly [h: number, w: number];
  const region = new Uint8Array(height * width);
  const frontier = [...seeds];
  for (const seed of seeds) region[seed] = 1;
  for (let i = frontier.pop(); i !== undefined; i = frontier.pop()) {
    const row = Math.floor(i / width);
    const column = i % width;
    for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y += 1) {
      for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x += 1) {
        const j = y * width + x;
        if (region[j] || !(map.data[j]! > tau)) continue;
        region[j] = 1;
        frontier.push(j);
      }
    }
  }
  return region;
}

/**
 * A_E: `map` inside the region grown from the relevance's seeds, 0 outside. Both [H, W], 0..1, on the same grid.
 */
export function evolve(
  map: Float32Tensor,
  relevance: Float32Tensor,
  { seeds, tau }: Pick<MethodOptions, 'seeds' | 'tau'>,
): Float32Tensor {
  const region = growRegion(map, { seeds: findSeeds(relevance, seeds), tau });
  return float32(
    map.shape,
    map.data.map((value, i) => (region[i] ? value : 0)),
  );
}
