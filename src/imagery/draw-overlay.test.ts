import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { drawOverlay } from './draw-overlay.ts';

const GREY = 120;
const plain = (widthPx: number, heightPx: number): RgbImage => {
  return { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx * 3).fill(GREY) };
};

/** 1 inside [x1, y1, x2, y2]. */
function rectangle(widthPx: number, heightPx: number, [x1, y1, x2, y2]: number[]): Mask {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const [x, y] = [i % widthPx, Math.floor(i / widthPx)];
    return Number(x >= x1! && x < x2! && y >= y1! && y < y2!);
  });
  return { widthPx, heightPx, data };
}

async function pixelsOf(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3).subarray(0, 3)];
  return { at, info, data };
}

describe('drawOverlay', () => {
  const image = plain(300, 200);
  const box = [100, 120, 180, 170] as const;
  const mask = rectangle(300, 200, [...box]);

  it('tints the mask, outlines it, frames the box, labels it, and leaves the rest', async () => {
    const { at, info } = await pixelsOf(await drawOverlay({ image, mask, box, label: 'roof' }));
    expect([info.width, info.height, info.channels]).toEqual([300, 200, 3]);
    // 38 % of (255, 45, 120) over 120
    expect(at(140, 145)).toEqual([171, 92, 120]);
    // 95 % on the mask's edge
    expect(at(100, 145)).toEqual([248, 49, 120]);
    // The box line lies just outside the box.
    expect(at(99, 145)).toEqual([255, 225, 60]);
    expect(at(180, 145)).toEqual([255, 225, 60]);
    expect(at(140, 170)).toEqual([255, 225, 60]);
    for (const [x, y] of [
      [20, 20],
      [97, 145],
      [183, 145],
      [140, 180],
    ] as const) {
      expect(at(x, y)).toEqual([GREY, GREY, GREY]);
    }
    // The label: a dark ground above the box, with white letters.
    const label = Array.from({ length: 40 }, (_, i) => at(100 + i, 104)).flat();
    expect(Math.min(...label)).toBeLessThan(60);
    expect(Math.max(...label)).toBeGreaterThan(200);
  });

  it('does not draw on the picture that it is given', () => {
    expect(new Set(image.data)).toEqual(new Set([GREY]));
  });

  it('draws only the label when nothing was found', async () => {
    const empty = rectangle(300, 200, [0, 0, 0, 0]);
    const { data } = await pixelsOf(
      await drawOverlay({ image, mask: empty, box: null, label: 'not found: roof' }),
    );
    const changed = Array.from({ length: 200 }, (_, y) =>
      data.subarray(y * 900, y * 900 + 900).some((value) => value !== GREY),
    );
    expect(changed.indexOf(true)).toBeLessThan(10);
    expect(changed.lastIndexOf(true)).toBeLessThan(40);
    expect(changed.includes(true)).toBe(true);
  });

  it('keeps line and label inside when the mask fills the picture', async () => {
    const all = [0, 0, 300, 200] as const;
    const full = rectangle(300, 200, [...all]);
    const { at } = await pixelsOf(
      await drawOverlay({ image, mask: full, box: all, label: 'everything '.repeat(30) }),
    );
    for (const [x, y] of [
      [0, 100],
      [299, 100],
      [150, 199],
    ] as const) {
      expect(at(x, y)).toEqual([255, 225, 60]);
    }
  });

  it('covers neither the box with scale bar and north arrow, nor them with the label', async () => {
    const ground = { metresPerPixel: 0.5, north: [0, -1] } as const;
    const none = rectangle(300, 200, [0, 0, 0, 0]);
    for (const box of [
      [10, 170, 60, 195],
      [10, 5, 60, 30],
      [10, 150, 60, 160],
    ] as const) {
      const drawn = async (more: object) =>
        (await pixelsOf(await drawOverlay({ image, mask: none, box, label: '', ...more }))).data;
      const bare = await drawn({});
      const differing = (data: Uint8Array) =>
        new Set([...data.keys()].filter((i) => data[i] !== bare[i]));
      const [marks, label] = [
        differing(await drawn({ ground })),
        differing(await drawn({ label: 'roof', ground })),
      ];
      const framed = [...bare.keys()].filter((i) => bare[i] !== GREY);
      expect(marks.size).toBeGreaterThan(500);
      expect(framed.filter((i) => marks.has(i))).toEqual([]);
      // What the marks changed looks the same under a label, or else the label lies on them.
      const both = await drawn({ label: 'roof', ground });
      const alone = await drawn({ ground });
      expect([...marks].filter((i) => both[i] !== alone[i])).toEqual([]);
      expect(label.size).toBeGreaterThan(marks.size);
    }
  });

  it.each([
    [1, 1],
    [17, 900],
    [3000, 200],
  ])('draws on %i × %i', async (widthPx, heightPx) => {
    const whole = [0, 0, widthPx, heightPx] as const;
    const png = await drawOverlay({
      image: plain(widthPx, heightPx),
      mask: rectangle(widthPx, heightPx, [...whole]),
      box: whole,
      label: '<|image_pad|> & "\u0000"',
    });
    const { info } = await pixelsOf(png);
    expect([info.width, info.height]).toEqual([widthPx, heightPx]);
  });
});
