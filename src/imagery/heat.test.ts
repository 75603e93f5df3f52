import { expect, it } from 'vitest';
import { float32 } from '../tensor/tensor.ts';
import { heatColour, heatOver } from './heat.ts';

/** CIE 1976 L*, 0..100, of an sRGB colour: how light it looks. */
function lightnessOf(colour: ArrayLike<number> & Iterable<number>): number {
  const [r, g, b] = Array.from(colour, (byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  return luminance > 216 / 24389 ? 116 * Math.cbrt(luminance) - 16 : (luminance * 24389) / 27;
}

it('heatColour grows lighter in even steps', () => {
  const lightness = Array.from({ length: 21 }, (_, i) => lightnessOf(heatColour(i / 20)));
  const steps = lightness.slice(1).map((value, i) => value - lightness[i]!);
  // From 8 to 94 in 20 steps of 4.3 on average.
  expect(lightness[0]).toBeLessThan(10);
  expect(lightness[20]).toBeGreaterThan(90);
  expect(Math.min(...steps)).toBeGreaterThan(3.2);
  expect(Math.max(...steps)).toBeLessThan(5.4);
  expect(heatColour(-1)).toEqual(heatColour(0));
  expect(heatColour(2)).toEqual(heatColour(1));
});

it('heatOver puts the map’s top at its place, whatever the map’s range', () => {
  const image = { widthPx: 40, heightPx: 20, data: new Uint8Array(40 * 20 * 3).fill(90) };
  const data = new Float32Array(8).fill(-5);
  data[6] = -4; // row 1 of 2, column 2 of 4: pixels 20..29 × 10..19
  const canvas = heatOver(image, float32([2, 4], data));
  const lightness = Array.from({ length: 800 }, (_, i) =>
    lightnessOf(canvas.data.subarray(i * 3, i * 3 + 3)),
  );
  const brightest = lightness.indexOf(Math.max(...lightness));
  expect(brightest % 40).toBeGreaterThanOrEqual(20);
  expect(brightest % 40).toBeLessThan(30);
  expect(Math.floor(brightest / 40)).toBeGreaterThanOrEqual(10);
});

it('heatOver shows a constant map as cold all over', () => {
  const image = { widthPx: 2, heightPx: 2, data: new Uint8Array(12).fill(90) };
  const canvas = heatOver(image, float32([1, 1], Float32Array.of(3)));
  expect(new Set([0, 1, 2, 3].map((i) => canvas.data.subarray(i * 3, i * 3 + 3).join())).size).toBe(
    1,
  );
  // Grey 90 has L* 38.
  expect(lightnessOf(canvas.data.subarray(0, 3))).toBeLessThan(38);
});
