import { describe, expect, it } from 'vitest';
import { ZeroovError } from '../../errors.ts';
import type { SamConfig } from './config.ts';
import { fitSquare, preprocess } from './preprocess.ts';

describe('fitSquare', () => {
  it.each([
    [
      { widthPx: 400, heightPx: 300 },
      { widthPx: 1024, heightPx: 768 },
    ],
    [
      { widthPx: 97, heightPx: 260 },
      { widthPx: 382, heightPx: 1024 },
    ], // 97·1024/260 = 382.03
    [
      { widthPx: 2048, heightPx: 3 },
      { widthPx: 1024, heightPx: 2 },
    ], // 1.5 is rounded up, not to even
    [
      { widthPx: 2048, heightPx: 5 },
      { widthPx: 1024, heightPx: 3 },
    ], // and so is 2.5
    [
      { widthPx: 1, heightPx: 1 },
      { widthPx: 1024, heightPx: 1024 },
    ],
  ])('%j → %j', (size, expected) => {
    expect(fitSquare(size, 1024)).toEqual(expected);
  });

  it('refuses a picture of which nothing is left', () => {
    expect(() => fitSquare({ widthPx: 4000, heightPx: 1 }, 1024)).toThrow(ZeroovError);
    expect(() => fitSquare({ widthPx: 4000, heightPx: 1 }, 1024)).toThrow(/4000 × 1 px/);
  });
});

it('normalises the picture, then pads with zeros', () => {
  const config = {
    imageEncoder: { imageSide: 3 },
    mean: [0.5, 0, 0.25],
    std: [0.5, 0.1, 1],
  } as unknown as SamConfig;
  const image = {
    widthPx: 3,
    heightPx: 1,
    data: Uint8Array.of(0, 0, 0, 255, 255, 255, 51, 51, 51),
  };
  const { pixels, resized } = preprocess(image, config);
  expect(resized).toEqual({ widthPx: 3, heightPx: 1 });
  expect(pixels.shape).toEqual([1, 3, 3, 3]);
  const padding = [0, 0, 0, 0, 0, 0];
  // (v/255 − mean)/std of v = 0, 255, 51
  const expected = [
    ...[-1, 1, -0.6, ...padding],
    ...[0, 10, 2, ...padding],
    ...[-0.25, 0.75, -0.05, ...padding],
  ];
  for (const [i, value] of expected.entries()) expect(pixels.data[i]).toBeCloseTo(value, 6);
});
