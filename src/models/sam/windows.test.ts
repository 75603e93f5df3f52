import { describe, expect, it } from 'vitest';
import { windowPlan } from './windows.ts';

describe('windowPlan', () => {
  it('cuts a grid of 3 into windows of 2; what lies beyond is padding', () => {
    const { windows, slots, places } = windowPlan({ grid: 3, side: 2 });
    expect(windows).toBe(4);
    // 0 1 2
    // 3 4 5   and 9 for padding
    // 6 7 8
    expect(slots).toEqual([0, 1, 3, 4, 2, 9, 5, 9, 6, 7, 9, 9, 8, 9, 9, 9]);
    expect(places).toEqual([0, 1, 4, 2, 3, 6, 8, 9, 12]);
  });

  it.each([
    { grid: 64, side: 14, count: 25 }, // as published
    { grid: 15, side: 5, count: 9 },
    { grid: 8, side: 14, count: 1 }, // a window larger than the grid
  ])('finds every patch of $grid × $grid in windows of $side', ({ grid, side, count }) => {
    const { windows, slots, places } = windowPlan({ grid, side });
    expect(windows).toBe(count);
    expect(slots).toHaveLength(count * side * side);
    expect(places.map((place) => slots[place])).toEqual([...places.keys()]);
  });
});
