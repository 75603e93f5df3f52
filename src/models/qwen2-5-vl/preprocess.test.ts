import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../../tensor/image.ts';
import type { QwenConfig } from './config.ts';
import { DEFAULT_MAX_PIXELS, preprocess, smartResize } from './preprocess.ts';

const config = {
  image: { minPixels: 3136, maxPixels: 12845056, mean: [0.5, 0.25, 0], std: [0.5, 0.25, 1] },
  vision: { patch: 14, temporal: 2, merge: 2 },
} as unknown as QwenConfig;

function grey(widthPx: number, heightPx: number): RgbImage {
  return { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx * 3).fill(100) };
}

describe('smartResize', () => {
  const golden = new URL('../../../tests/fixtures/vlm-a/golden/smart_resize.json', import.meta.url);
  const rows = JSON.parse(readFileSync(golden, 'utf8')) as number[][];
  it.each(rows)('%i × %i px (rows × columns) within %i..%i', (...row) => {
    const [heightPx = 0, widthPx = 0, minPixels = 0, maxPixels = 0, height, width] = row;
    const resized = smartResize({ widthPx, heightPx }, { factor: 28, minPixels, maxPixels });
    expect(resized).toEqual({ widthPx: width, heightPx: height });
  });

  it('refuses a picture more than 200 times as long as wide, as the reference does', () => {
    const bounds = { factor: 28, minPixels: 3136, maxPixels: 12845056 };
    const narrow = () => smartResize({ widthPx: 2, heightPx: 401 }, bounds);
    expect(narrow).toThrow(expect.objectContaining({ code: 'IMAGE_ASPECT' }));
    expect(smartResize({ widthPx: 2, heightPx: 400 }, bounds).heightPx).toBe(812);
  });
});

describe('preprocess', () => {
  it('puts channel, time, row and column of every patch in order, patches by cells', () => {
    // 56 × 56 px is kept as it is: 4 × 4 patches. Each pixel tells where it is: red its row, green its column.
    const image: RgbImage = { widthPx: 56, heightPx: 56, data: new Uint8Array(56 * 56 * 3) };
    for (let i = 0; i < 56 * 56; i += 1) {
      image.data.set([Math.floor(i / 56), i % 56, 255], i * 3);
    }
    const { patches, grid, resized } = preprocess(image, config);
    expect(grid).toEqual({ height: 4, width: 4 });
    expect(resized).toEqual({ widthPx: 56, heightPx: 56 });
    expect(patches.shape).toEqual([16, 3 * 2 * 14 * 14]);
    // Patch 6 is the third of the second cell: row 1, column 2 of the grid.
    const at = (channel: number, time: number, row: number, column: number) =>
      patches.data[6 * 1176 + ((channel * 2 + time) * 14 + row) * 14 + column];
    for (const [time, row, column] of [
      [0, 0, 0],
      [1, 3, 7],
      [0, 13, 13],
    ] as const) {
      expect(at(0, time, row, column)).toBeCloseTo(((14 + row) / 255 - 0.5) / 0.5, 6);
      expect(at(1, time, row, column)).toBeCloseTo(((28 + column) / 255 - 0.25) / 0.25, 6);
      expect(at(2, time, row, column)).toBe(1);
    }
  });

  it('bounds the area by the option, else by the default below the checkpoint’s', () => {
    const { widthPx, heightPx } = preprocess(grey(1300, 900), config).resized;
    expect(widthPx * heightPx).toBeLessThanOrEqual(DEFAULT_MAX_PIXELS);
    expect(widthPx * heightPx).toBeGreaterThan(0.9 * DEFAULT_MAX_PIXELS);
    expect(preprocess(grey(1300, 900), config, 50_000).patches.shape[0]).toBeLessThan(256);
  });

  it.each([3135, Number.NaN, -1])('refuses %s as the bound', (maxPixels) => {
    const asked = () => preprocess(grey(50, 50), config, maxPixels);
    expect(asked).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
