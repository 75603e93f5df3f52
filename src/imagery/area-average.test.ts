import { describe, expect, it } from 'vitest';
import { AreaAverage } from './area-average.ts';
import type { Window } from './window.ts';

const window = (x: number, y: number, widthPx: number, heightPx: number): Window => ({
  x,
  y,
  widthPx,
  heightPx,
});

/** One band given whole, at (0, 0). */
function average(
  { width, values, valid = null }: { width: number; values: number[]; valid?: number[] | null },
  options: { region: Window; out: [width: number, height: number]; noData?: number },
) {
  const { region, out, noData = null } = options;
  const size = { widthPx: out[0], heightPx: out[1] };
  const result = new AreaAverage({ region, out: size, bands: 1, noData });
  const all = window(0, 0, width, values.length / width);
  const mask = valid && Uint8Array.from(valid);
  result.add(all, { bands: [Float32Array.from(values)], valid: mask });
  const { bands, valid: shown } = result.finish();
  return { values: [...bands[0]!], valid: [...shown.data] };
}

describe('AreaAverage', () => {
  const grid = { width: 4, values: [1, 2, 3, 4, 5, 6, 7, 8] }; // [2, 4]

  it('changes nothing at the same size, also of a part', () => {
    const whole = average(grid, { region: window(0, 0, 4, 2), out: [4, 2] });
    expect(whole.values).toEqual(grid.values);
    expect(average(grid, { region: window(1, 1, 2, 1), out: [2, 1] }).values).toEqual([6, 7]);
  });

  it('takes the mean of what lies in a cell', () => {
    const { values } = average(grid, { region: window(0, 0, 4, 2), out: [2, 1] });
    expect(values).toEqual([(1 + 2 + 5 + 6) / 4, (3 + 4 + 7 + 8) / 4]);
  });

  it('weighs a pixel by how much of it lies in a cell: 3 pixels in 2 cells', () => {
    const { values } = average(
      { width: 3, values: [10, 20, 60] },
      { region: window(0, 0, 3, 1), out: [2, 1] },
    );
    // A cell is 1.5 pixels: a whole one and half of the middle one.
    expect(values[0]).toBeCloseTo((10 + 20 / 2) / 1.5, 5);
    expect(values[1]).toBeCloseTo((20 / 2 + 60) / 1.5, 5);
  });

  it('takes a region that starts between pixels, as in an overview', () => {
    const region = { x: 0.5, y: 0, widthPx: 2, heightPx: 1 };
    const { values } = average({ width: 3, values: [10, 20, 60] }, { region, out: [1, 1] });
    expect(values).toEqual([(10 / 2 + 20 + 60 / 2) / 2]);
  });

  it('takes the nearest pixel when growing', () => {
    const { values } = average(
      { width: 2, values: [1, 2] },
      { region: window(0, 0, 2, 1), out: [5, 2] },
    );
    // Centres of the cells in pixels: 0.2, 0.6, 1.0, 1.4, 1.8.
    expect(values).toEqual([1, 1, 2, 2, 2, 1, 1, 2, 2, 2]);
  });

  it('lets nothing that is not there count: no data, NaN, masked, outside', () => {
    const values = [1, 3, 99, Number.NaN, 7, 99, 99, 99];
    const valid = [1, 1, 1, 1, 0, 1, 1, 1];
    const seen = average(
      { width: 4, values, valid },
      { region: window(-2, 0, 6, 2), out: [3, 1], noData: 99 },
    );
    expect(seen.valid).toEqual([0, 1, 0]);
    expect(seen.values[1]).toBe((1 + 3) / 2);
  });

  it('keeps a band without data apart from one with: only "no data" in all bands is no picture', () => {
    const result = new AreaAverage({
      region: window(0, 0, 2, 1),
      out: { widthPx: 2, heightPx: 1 },
      bands: 2,
      noData: 255,
    });
    const bands = [Uint8Array.of(255, 255), Uint8Array.of(7, 255)];
    result.add(window(0, 0, 2, 1), { bands, valid: null });
    const { bands: seen, valid } = result.finish();
    expect(seen.map((band) => [...band])).toEqual([
      [255, 255],
      [7, 255],
    ]);
    expect([...valid.data]).toEqual([1, 0]);
  });

  it('does not mind in which blocks and in which order pixels come', () => {
    const side = 7;
    const values = Array.from({ length: side * side }, (_, i) => (i * 37) % 101);
    const options = { region: window(0, 0, side, side), out: { widthPx: 3, heightPx: 4 } };
    const whole = average({ width: side, values }, { region: options.region, out: [3, 4] });
    const parts = new AreaAverage({ ...options, bands: 1, noData: null });
    for (const y of [4, 0]) {
      for (const x of [0, 2, 5]) {
        const part = window(x, y, [2, 0, 3, 0, 0, 2][x]!, y === 0 ? 4 : 3);
        const band = Float32Array.from({ length: part.widthPx * part.heightPx }, (_, i) => {
          const row = y + Math.floor(i / part.widthPx);
          return values[row * side + x + (i % part.widthPx)]!;
        });
        parts.add(part, { bands: [band], valid: null });
      }
    }
    const seen = parts.finish().bands[0]!;
    for (const [i, value] of whole.values.entries()) expect(seen[i]).toBeCloseTo(value, 4);
  });
});
