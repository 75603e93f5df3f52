import type { RgbImage } from '../tensor/image.ts';
import { normalizeMinMax } from '../tensor/reduce.ts';
import { resizeBilinear } from '../tensor/resize.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { Canvas, type Colour } from './canvas.ts';

/**
 * Our heat colours: OKLCH lightness, chroma and hue (degrees), lightness in even steps, so that equal steps of a map look
 * equal and it still reads in grey. Between the points: straight lines in OKLab.
 */
const STOPS: [lightness: number, chroma: number, hue: number][] = [
  [0.22, 0.09, 285],
  [0.365, 0.16, 300],
  [0.51, 0.2, 345],
  [0.655, 0.2, 30],
  [0.8, 0.17, 68],
  [0.945, 0.13, 106],
];

const SHADES = 256;
const TABLE: Colour[] = Array.from({ length: SHADES }, (_, i) => heatAt(i / (SHADES - 1)));

/** Colour of a value 0..1, from dark violet to pale yellow; what lies outside takes the end's. */
export function heatColour(value: number): Colour {
  return TABLE[Math.round(Math.min(1, Math.max(0, value)) * (SHADES - 1))]!;
}

function heatAt(value: number): Colour {
  const at = value * (STOPS.length - 1);
  const below = Math.min(STOPS.length - 2, Math.floor(at));
  const [from, to] = [oklab(STOPS[below]!), oklab(STOPS[below + 1]!)];
  const mixed = from.map((part, i) => part + (to[i]! - part) * (at - below));
  return srgbOf(mixed as [number, number, number]);
}

function oklab([lightness, chroma, hue]: [number, number, number]): [number, number, number] {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

/** OKLab → sRGB bytes. Matrices: the colour space's definition (2020), as in CSS Color 4. */
function srgbOf([lightness, a, b]: [number, number, number]): Colour {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

/**
 * A map as heat over the dimmed, grey picture. [h, w] of any grid, stretched over its own range; bilinear, half-pixel.
 */
export function heatOver(image: RgbImage, map: Float32Tensor): Canvas {
  const stretched = { ...map, data: normalizeMinMax(map.data) };
  const { data } = resizeBilinear(stretched, { height: image.heightPx, width: image.widthPx });
  const canvas = Canvas.copyOf(image);
  for (let i = 0; i < data.length; i += 1) {
    const [red, green, blue] = image.data.subarray(i * 3, i * 3 + 3);
    // Rec. 709 luma, at three quarters: the ground stays readable and does not outshine the heat.
    const grey = 0.75 * (0.2126 * red! + 0.7152 * green! + 0.0722 * blue!);
    canvas.blend(i, [grey, grey, grey], 1);
    canvas.blend(i, heatColour(data[i]!), 0.4 + 0.4 * data[i]!);
  }
  return canvas;
}
