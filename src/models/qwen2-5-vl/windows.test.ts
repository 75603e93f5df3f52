import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VisionConfig } from './config.ts';
import { mergeGroupOrder } from './positions.ts';
import { slotsOf, windowPlan } from './windows.ts';

const config = { merge: 2, windowCells: 4 } as VisionConfig;
const S = slotsOf(config);

describe('windowPlan', () => {
  it('pads the windows at the edges of 5 × 6 cells', () => {
    const plan = windowPlan({ height: 10, width: 12 }, config);
    expect(plan.slots.shape).toEqual([4 * 64]);
    expect(plan.places.shape).toEqual([120]);
    expect(plan.bias.shape).toEqual([4, 1, 64, 64]);
    // Cells a window really holds: 4 × 4, 4 × 2, 1 × 4, 1 × 2; four patches each.
    const seen = [0, 1, 2, 3].map((w) => {
      const row = plan.bias.data.subarray(w * S * S, w * S * S + S);
      return row.filter((value) => value === 0).length;
    });
    expect(seen).toEqual([64, 32, 16, 8]);
  });

  it('gives each patch one slot in the window of its place, and hides every other slot', () => {
    const side = fc.integer({ min: 1, max: 13 }).map((cells) => cells * 2);
    fc.assert(
      fc.property(side, side, (height, width) => {
        const plan = windowPlan({ height, width }, config);
        const order = mergeGroupOrder({ height, width }, config.merge);
        const across = Math.ceil(width / 8);
        const windowOf = (patch: number) => {
          const [row, column] = [Math.floor(order[patch]! / width), order[patch]! % width];
          return Math.floor(row / 8) * across + Math.floor(column / 8);
        };
        const places = [...plan.places.data].map(Number);
        expect(new Set(places).size).toBe(height * width);
        const misplaced = places.filter(
          (place, patch) =>
            Number(plan.slots.data[place]) !== patch || Math.floor(place / S) !== windowOf(patch),
        );
        expect(misplaced).toEqual([]);
        const taken = new Set(places);
        const hidden = (place: number, query: number) =>
          plan.bias.data[(Math.floor(place / S) * S + query) * S + (place % S)]! < -1e8;
        const all = Array.from(plan.slots.data.keys());
        const wrong = all.filter((place) =>
          [0, 17, S - 1].some((query) => hidden(place, query) === taken.has(place)),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});
