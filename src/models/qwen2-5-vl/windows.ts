import { type Float32Tensor, float32, int64, type Tensor } from '../../tensor/tensor.ts';
import type { VisionConfig } from './config.ts';
import type { Grid } from './positions.ts';

/** What keeps a padded key out: after the softmax it is 0. */
const HIDDEN = -1e9;

/** How patches are laid out in windows of equal size: W windows of S slots. */
export interface WindowPlan {
  /** (W·S): the patch in each slot; an empty slot repeats patch 0, whose key the bias hides. */
  readonly slots: Tensor<'int64'>;
  /** (T): the slot of each patch, which puts the result back into the patches' order. */
  readonly places: Tensor<'int64'>;
  /** (W, 1, S, S): 0 for a patch's key, a large negative number for an empty slot's. */
  readonly bias: Float32Tensor;
}

/** Slots of a window: 64 in every published configuration. */
export function slotsOf({ windowCells, merge }: VisionConfig): number {
  return (windowCells * merge) ** 2;
}

/**
 * Windows of windowCells × windowCells cells from the top-left corner on; those at the right and bottom edge are padded.
 * Patches are in merge-group order, so a cell's patches are neighbours. Attention does not see the order of its tokens,
 * so they stay where they are outside the windows. Memory is linear in the number of patches: S floats for each.
 */
export function windowPlan(patches: Grid, config: VisionConfig): WindowPlan {
  const { merge, windowCells } = config;
  const cells: Grid = { height: patches.height / merge, width: patches.width / merge };
  const perCell = merge ** 2;
  const perWindow = slotsOf(config);
  const slots: number[] = [];
  const places = new Array<number>(patches.height * patches.width);
  const filled: number[] = [];
  for (let top = 0; top < cells.height; top += windowCells) {
    for (let left = 0; left < cells.width; left += windowCells) {
      const start = slots.length;
      for (let row = top; row < Math.min(top + windowCells, cells.height); row += 1) {
        for (let column = left; column < Math.min(left + windowCells, cells.width); column += 1) {
          const first = (row * cells.width + column) * perCell;
          for (let patch = first; patch < first + perCell; patch += 1) {
            places[patch] = slots.length;
            slots.push(patch);
          }
        }
      }
      filled.push(slots.length - start);
      while (slots.length < start + perWindow) slots.push(0);
    }
  }
  return {
    slots: int64([slots.length], slots),
    places: int64([places.length], places),
    bias: biasOf(filled, perWindow),
  };
}

function biasOf(filled: readonly number[], slots: number): Float32Tensor {
  const bias = float32([filled.length, 1, slots, slots]);
  for (const [window, count] of filled.entries()) {
    for (let query = 0; query < slots; query += 1) {
      const row = (window * slots + query) * slots;
      bias.data.fill(HIDDEN, row + count, row + slots);
    }
  }
  return bias;
}
