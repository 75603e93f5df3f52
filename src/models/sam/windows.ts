/** How the patches of a square grid are laid out in attention windows: W windows of S = side² slots. */
export interface WindowPlan {
  readonly windows: number;
  /** (W·S): the patch in each slot; a slot beyond the grid names the patch after the last, which is padding. */
  readonly slots: readonly number[];
  /** (T): the slot of each patch, which puts the result back into the patches' order. */
  readonly places: readonly number[];
}

/** Windows of side × side patches from the top-left corner on; those at the right and bottom edge reach beyond the grid. */
export function windowPlan({ grid, side }: { grid: number; side: number }): WindowPlan {
  const padding = grid * grid;
  const slots: number[] = [];
  const places = new Array<number>(grid * grid);
  for (let top = 0; top < grid; top += side) {
    for (let left = 0; left < grid; left += side) {
      for (let row = top; row < top + side; row += 1) {
        for (let column = left; column < left + side; column += 1) {
          const inside = row < grid && column < grid;
          if (inside) places[row * grid + column] = slots.length;
          slots.push(inside ? row * grid + column : padding);
        }
      }
    }
  }
  return { windows: slots.length / side ** 2, slots, places };
}
