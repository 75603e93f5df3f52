import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';
import { distanceTo, newCanvas, paint, type Shape } from './raster.ts';

const covered = (shape: Shape): number => {
  const canvas = newCanvas(100);
  paint(canvas, shape, { colour: [255, 255, 255], owner: 1 });
  return canvas.owner.reduce((a, b) => a + b, 0);
};

describe('paint', () => {
  it.each<[string, Shape, number]>([
    ['disk', { kind: 'disk', centre: [50, 50], radius: 20 }, Math.PI * 400],
    ['ring', { kind: 'ring', centre: [50, 50], radius: 20, width: 6 }, 2 * Math.PI * 20 * 6],
    ['rect', { kind: 'rect', centre: [50, 50], half: [20, 10], angle: 0.6, round: 0 }, 800],
    ['capsule', { kind: 'capsule', from: [30, 50], to: [70, 50], radius: 8 }, 640 + Math.PI * 64],
    [
      'polygon',
      {
        kind: 'polygon',
        points: [
          [10, 10],
          [90, 10],
          [10, 90],
        ],
      },
      3200,
    ],
  ])('a %s owns about its area in pixels', (_, shape, area) => {
    expect(Math.abs(covered(shape) / area - 1)).toBeLessThan(0.03);
  });

  it('blends an edge by its coverage: half a pixel of white on black is mid grey', () => {
    const canvas = newCanvas(8);
    const half = { kind: 'rect', centre: [2, 4], half: [1.5, 3], angle: 0, round: 0 } as const;
    paint(canvas, half, { colour: [255, 255, 255] });
    expect(canvas.data[(4 * 8 + 2) * 3]).toBe(255);
    expect(Math.abs(canvas.data[(4 * 8 + 3) * 3]! - 128)).toBeLessThanOrEqual(1);
    expect(canvas.data[(4 * 8 + 4) * 3]).toBe(0);
  });

  it('a polygon may be concave: its notch is outside', () => {
    const notch: Shape = {
      kind: 'polygon',
      points: [
        [0, 0],
        [40, 0],
        [20, 20],
        [40, 40],
        [0, 40],
      ],
    };
    expect(distanceTo(notch)(35, 20)).toBeGreaterThan(0);
    expect(distanceTo(notch)(10, 20)).toBeLessThan(0);
  });
});

describe('seededRandom', () => {
  it('is one sequence a seed, uniform to the eye of its first two moments', () => {
    const random = seededRandom(2 ** 40 + 9);
    const other = seededRandom(9);
    const values = Array.from({ length: 4000 }, () => random.next());
    const mean = values.reduce((a, b) => a + b) / 4000;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / 4000;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.005);
    expect(values[0]).not.toBe(other.next());
    expect(seededRandom(2 ** 40 + 9).next()).toBe(values[0]);
  });
});
