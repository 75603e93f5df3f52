import type { Box, Mask } from '../tensor/image.ts';
import type { Canvas, Colour } from './canvas.ts';

/** Colours that aerial pictures have little of. */
export const MASK_COLOUR: Colour = [255, 45, 120];
export const TRUTH_COLOUR: Colour = [64, 224, 255];
export const BOX_COLOUR: Colour = [255, 225, 60];
const SHADOW: Colour = [10, 10, 20];

export interface MaskStyle {
  readonly colour: Colour;
  /** How much of the colour lies over the mask, 0..1. */
  readonly tint: number;
  /** Half the outline's width: it reaches so many pixels to either side of the edge pixels. */
  readonly reachPx: number;
}

/** Tints a mask and draws its outline with a dark rim; the mask has the canvas's size. */
export function paintMask(canvas: Canvas, mask: Mask, { colour, tint, reachPx }: MaskStyle): void {
  const rim = stencilOf(mask, reachPx);
  for (let i = 0; i < mask.data.length; i += 1) {
    if (rim[i] === LINE) canvas.blend(i, colour, 0.95);
    else if (rim[i] === RIM) canvas.blend(i, SHADOW, 0.5);
    else if (mask.data[i]) canvas.blend(i, colour, tint);
  }
}

const RIM = 1;
const LINE = 2;

/** For each pixel: part of the outline, of the one-pixel rim outside it, or neither. */
function stencilOf({ widthPx, heightPx, data }: Mask, reachPx: number): Uint8Array {
  const stencil = new Uint8Array(data.length);
  const stamp = (x: number, y: number, reach: number, level: number) => {
    for (let v = Math.max(0, y - reach); v <= Math.min(heightPx - 1, y + reach); v += 1) {
      for (let u = Math.max(0, x - reach); u <= Math.min(widthPx - 1, x + reach); u += 1) {
        const i = v * widthPx + u;
        const outer = level === RIM && data[i] === 1;
        if (!outer && stencil[i]! < level) stencil[i] = level;
      }
    }
  };
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const i = y * widthPx + x;
      if (!data[i]) continue;
      const inner =
        x > 0 &&
        x < widthPx - 1 &&
        y > 0 &&
        y < heightPx - 1 &&
        data[i - 1] &&
        data[i + 1] &&
        data[i - widthPx] &&
        data[i + widthPx];
      if (inner) continue;
      stamp(x, y, reachPx + 1, RIM);
      stamp(x, y, reachPx, LINE);
    }
  }
  return stencil;
}

/** Draws a box around its pixels: the line lies outside them where there is room, with a dark rim on both sides. */
export function paintBox(canvas: Canvas, box: Box, { linePx }: { linePx: number }): void {
  const [x1, y1, x2, y2] = box;
  const rimPx = linePx > 1 ? 1 : 0;
  const reach = linePx + rimPx;
  const outer: Box = [
    Math.max(0, Math.floor(x1) - reach),
    Math.max(0, Math.floor(y1) - reach),
    Math.min(canvas.widthPx, Math.ceil(x2) + reach),
    Math.min(canvas.heightPx, Math.ceil(y2) + reach),
  ];
  canvas.frame(outer, reach + rimPx, SHADOW, 0.55);
  const [left, top, right, bottom] = outer;
  canvas.frame([left + rimPx, top + rimPx, right - rimPx, bottom - rimPx], linePx, BOX_COLOUR);
}
