import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../tensor/image.ts';
import { anyMask, fill, maskOf } from './masks.fixture.ts';
import { ringsOf, signedArea } from './polygon.ts';
import { spansOf, traceMask } from './trace.ts';

/** Regions of pixels that share sides, counted by flooding. */
function countRegions({ widthPx, heightPx, data }: Mask): number {
  const left = new Set([...data.keys()].filter((i) => data[i] !== 0));
  let regions = 0;
  for (const start of left) {
    regions += 1;
    const open = [start];
    left.delete(start);
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      const x = i % widthPx;
      const near = [i - widthPx, i + widthPx, x > 0 ? i - 1 : -1, x < widthPx - 1 ? i + 1 : -1];
      for (const j of near) if (j < widthPx * heightPx && left.delete(j)) open.push(j);
    }
  }
  return regions;
}

describe('traceMask', () => {
  it('gives a pixel its four corners, counter-clockwise on the screen', () => {
    expect(traceMask(maskOf(['...', '.#.']))).toEqual([
      {
        outer: [
          [1, 1],
          [1, 2],
          [2, 2],
          [2, 1],
        ],
        holes: [],
      },
    ]);
  });

  it('puts an island inside a hole into a polygon of its own', () => {
    const [frame, island] = traceMask(maskOf(['#####', '#...#', '#.#.#', '#...#', '#####']));
    expect(frame?.holes).toEqual([
      [
        [1, 1],
        [4, 1],
        [4, 4],
        [1, 4],
      ],
    ]);
    expect(island?.outer).toContainEqual([2, 2]);
  });

  it('parts regions that share only a corner', () => {
    expect(traceMask(maskOf(['#.', '.#']))).toHaveLength(2);
  });

  it('cuts a ring where its region meets itself: the inside becomes a hole that touches it', () => {
    const [polygon, ...others] = traceMask(maskOf(['.##', '#.#', '###']));
    expect(others).toEqual([]);
    expect(polygon?.holes).toHaveLength(1);
    expect(polygon?.holes[0]).toContainEqual([1, 1]);
    expect(polygon?.outer).toContainEqual([1, 1]);
  });

  it('says nothing of an empty mask', () => {
    expect(traceMask(maskOf(['...', '...']))).toEqual([]);
  });

  it('brings any mask back, with simple rings, one polygon a region and corners only', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const polygons = traceMask(mask);
        expect(Buffer.compare(fill(polygons, mask.widthPx, mask.heightPx), mask.data)).toBe(0);
        expect(polygons).toHaveLength(countRegions(mask));
        for (const polygon of polygons) {
          // Rows point down, so counter-clockwise on the screen is negative.
          expect(signedArea(polygon.outer)).toBeLessThan(0);
          for (const hole of polygon.holes) expect(signedArea(hole)).toBeGreaterThan(0);
          for (const ring of ringsOf(polygon)) {
            expect(new Set(ring.map(String)).size).toBe(ring.length);
            ring.forEach(([x, y], i) => {
              const [px, py] = ring.at(i - 1)!;
              const [nx, ny] = ring[(i + 1) % ring.length]!;
              expect((x - px) * (ny - y) - (y - py) * (nx - x)).not.toBe(0);
            });
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('spansOf', () => {
  it('gives back every pixel of any mask once', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        const data = new Uint8Array(mask.data.length);
        for (const { row, from, to } of traceMask(mask).flatMap(spansOf)) {
          for (let x = from; x < to; x += 1) data[row * mask.widthPx + x]! += 1;
        }
        expect(data).toEqual(mask.data);
      }),
    );
  });
});
