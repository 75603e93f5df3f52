import { expect, it } from 'vitest';
import { Canvas } from './canvas.ts';

const WHITE = [255, 255, 255] as const;
const black = (widthPx: number, heightPx: number) =>
  Canvas.filled({ widthPx, heightPx }, [0, 0, 0]);

/** The red band, row by row. */
function rows({ widthPx, heightPx, data }: Canvas): number[][] {
  return Array.from({ length: heightPx }, (_, y) => {
    return Array.from({ length: widthPx }, (_, x) => data[(y * widthPx + x) * 3]!);
  });
}

it('copyOf leaves the picture alone, even one whose data is a Buffer', () => {
  const image = { widthPx: 1, heightPx: 1, data: Buffer.from([1, 2, 3]) };
  Canvas.copyOf(image).blend(0, WHITE, 1);
  expect([...image.data]).toEqual([1, 2, 3]);
});

it('blend mixes by share', () => {
  const canvas = Canvas.filled({ widthPx: 1, heightPx: 1 }, [100, 0, 200]);
  canvas.blend(0, [200, 50, 0], 0.25);
  // 100 + 100/4, 0 + 50/4 rounded, 200 − 200/4
  expect([...canvas.data]).toEqual([125, 13, 150]);
});

it('frame draws inside its box, each pixel once, and clips to the canvas', () => {
  const canvas = black(5, 4);
  canvas.frame([0, 0, 5, 4], 1, WHITE, 0.2);
  expect(rows(canvas)).toEqual([
    [51, 51, 51, 51, 51],
    [51, 0, 0, 0, 51],
    [51, 0, 0, 0, 51],
    [51, 51, 51, 51, 51],
  ]);
  const outside = black(3, 3);
  outside.frame([-2, 1, 9, 9], 1, WHITE);
  expect(rows(outside)).toEqual([
    [0, 0, 0],
    [255, 255, 255],
    [0, 0, 0],
  ]);
  const thick = black(3, 2);
  thick.frame([0, 0, 3, 2], 9, WHITE, 0.2);
  expect(rows(thick)).toEqual([
    [51, 51, 51],
    [51, 51, 51],
  ]);
});

it('paste and stick clip at every edge', () => {
  const canvas = black(2, 2);
  canvas.paste(Canvas.filled({ widthPx: 2, heightPx: 2 }, [9, 9, 9]), { x: 1, y: -1 });
  expect(rows(canvas)).toEqual([
    [0, 9],
    [0, 0],
  ]);
  // Half-transparent white, premultiplied: 128 + (1 − 128/255)·9 = 132.5 → 132 or 133
  const sticker = { widthPx: 1, heightPx: 1, data: Uint8Array.of(128, 128, 128, 128) };
  canvas.stick(sticker, { x: 1, y: 0 });
  expect(canvas.data[3]).toBe(Math.round(128 + (1 - 128 / 255) * 9));
  canvas.stick(sticker, { x: -1, y: 5 });
  expect(rows(canvas)[1]).toEqual([0, 0]);
});
