import { expect, it } from 'vitest';
import { BOX_COLOUR } from '../imagery/paint.ts';
import { makeScene } from '../synthetic/scene.ts';
import { drawSheet } from './scene-sheet.ts';

it('frames what an expression means in every scene, and says it below', () => {
  const scenes = Array.from({ length: 7 }, (_, seed) => makeScene({ seed, sizePx: 256 }));
  const sheet = drawSheet(scenes);
  // Six tiles of 256 px a row, seven gaps of 14; below a tile two lines of 18 px.
  expect([sheet.widthPx, sheet.heightPx]).toEqual([6 * 256 + 7 * 14, 2 * (256 + 36) + 3 * 14]);
  const pixel = (x: number, y: number) => {
    const at = (y * sheet.widthPx + x) * 3;
    return [...sheet.data.subarray(at, at + 3)];
  };
  for (const [i, { expressions }] of scenes.entries()) {
    const [left, top] = [14 + (i % 6) * 270, 14 + Math.floor(i / 6) * 306];
    const there = expressions.filter(({ box }) => box !== null);
    const { box } = there[i % there.length]!;
    // Halfway down the left edge, whose two pixels of line lie outside the box or at the picture's edge.
    const [x1, y1, , y2] = box!;
    const edge = [-3, -2, -1, 0, 1, 2].map((dx) =>
      pixel(left + Math.max(0, x1 + dx), top + Math.floor((y1 + y2) / 2)),
    );
    expect(edge).toContainEqual([...BOX_COLOUR]);
    const band = Array.from({ length: 36 * 256 }, (_, k) =>
      pixel(left + (k % 256), top + 256 + Math.floor(k / 256)),
    );
    expect(Math.min(...band.flat())).toBeLessThan(60);
  }
});
