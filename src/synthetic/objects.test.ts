import { describe, expect, it } from 'vitest';
import { CATEGORY_NAMES, type CategoryName, categorySpec } from './categories.ts';
import { COLOUR_NAMES, COLOURS, type ColourName } from './colours.ts';
import { paintObject } from './objects.ts';
import { newCanvas } from './raster.ts';
import { makeScene } from './scene.ts';

const GROUND = 128;
const SIDE = 128;

function painted(category: CategoryName, { angle, variant }: { angle: number; variant: number }) {
  const canvas = newCanvas(SIDE);
  canvas.data.fill(GROUND);
  const colour = categorySpec(category).colours[0];
  const tint = COLOURS[colour];
  paintObject(canvas, { category, colour, at: [0.5, 0.5], radius: 0.35, angle, variant, tint }, 1);
  return canvas;
}

/** CIELAB (D65) of an sRGB colour, the textbook formulas. */
function lab(rgb: ArrayLike<number>): number[] {
  const [r, g, b] = [0, 1, 2].map((k) => {
    const v = rgb[k]! / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const NAMED = COLOUR_NAMES.map((name) => [name, lab(COLOURS[name])] as const);

function nearest(rgb: ArrayLike<number>): ColourName {
  const seen = lab(rgb);
  const far = (to: readonly number[]) => Math.hypot(...to.map((v, k) => v - seen[k]!));
  return NAMED.reduce((best, named) => (far(named[1]) < far(best[1]) ? named : best))[0];
}

describe('what is painted', () => {
  // A pixel with no owned one beside it is the ground or the shadow on it: grey, and not brighter than the ground.
  it.each(CATEGORY_NAMES)('of a %s is in its mask', (category) => {
    for (const [angle, variant] of [
      [0, 0.2],
      [0.4, 0.8],
      [2.1, 0.45],
    ] as const) {
      const { data, owner } = painted(category, { angle, variant });
      const beside = [-SIDE - 1, -SIDE, 1 - SIDE, -1, 0, 1, SIDE - 1, SIDE, SIDE + 1];
      const strays = [...owner.keys()].filter((i) => {
        if (beside.some((step) => owner[i + step] === 1)) return false;
        const rgb = data.slice(3 * i, 3 * i + 3);
        return Math.max(...rgb) > GROUND || Math.max(...rgb) - Math.min(...rgb) > 6;
      });
      expect(strays).toEqual([]);
    }
  });

  it('shows the colour that is said of it on more pixels than any other', () => {
    const others: string[] = [];
    let shown = 0;
    for (const seed of Array.from({ length: 150 }, (_, i) => i * 7919 + 3)) {
      const { image, objects } = makeScene({ seed, sizePx: 96 });
      for (const { mask, category, colour } of objects) {
        const votes = new Map<ColourName, number>();
        for (const i of mask.keys()) {
          if (mask[i] === 0) continue;
          const name = nearest(image.data.subarray(3 * i, 3 * i + 3));
          votes.set(name, (votes.get(name) ?? 0) + 1);
        }
        const [most] = [...votes].reduce((a, b) => (b[1] > a[1] ? b : a));
        if (most !== colour) others.push(`${seed}: ${colour} ${category} shows ${most}`);
        shown += 1;
      }
    }
    expect(others).toEqual([]);
    expect(shown).toBeGreaterThan(500);
  });
});
