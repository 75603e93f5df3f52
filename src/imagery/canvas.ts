import type { Box, RgbImage } from '../tensor/image.ts';

/** Red, green, blue, 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** A rendered drawing with transparency, its colours already multiplied by alpha. */
export interface Sticker {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 4], 0..255, premultiplied. */
  readonly data: Uint8Array;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A picture to draw on, in place; whatever falls outside is left out. */
export class Canvas implements RgbImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;

  private constructor({ widthPx, heightPx, data }: RgbImage) {
    this.widthPx = widthPx;
    this.heightPx = heightPx;
    this.data = data;
  }

  static filled(size: { widthPx: number; heightPx: number }, [red, green, blue]: Colour): Canvas {
    const data = new Uint8Array(size.widthPx * size.heightPx * 3);
    for (let i = 0; i < data.length; i += 3) {
      data[i] = red;
      data[i + 1] = green;
      data[i + 2] = blue;
    }
    return new Canvas({ ...size, data });
  }

  static copyOf(image: RgbImage): Canvas {
    // Not data.slice(): a Buffer's shares its memory.
    return new Canvas({ ...image, data: new Uint8Array(image.data) });
  }

  /** Mixes `colour` into pixel number `index` (row-major); `share` 0..1. */
  blend(index: number, [red, green, blue]: Colour, share: number): void {
    const { data } = this;
    const i = index * 3;
    data[i] = Math.round(data[i]! + (red - data[i]!) * share);
    data[i + 1] = Math.round(data[i + 1]! + (green - data[i + 1]!) * share);
    data[i + 2] = Math.round(data[i + 2]! + (blue - data[i + 2]!) * share);
  }

  fill(box: Box, colour: Colour, share = 1): void {
    const [x1, y1, x2, y2] = this.clip(box);
    for (let y = y1; y < y2; y += 1) {
      for (let x = x1; x < x2; x += 1) this.blend(y * this.widthPx + x, colour, share);
    }
  }

  /** A frame of `thickness` px whose outer edge is `box`. */
  frame(box: Box, thickness: number, colour: Colour, share = 1): void {
    const [x1, y1, x2, y2] = box;
    const [top, bottom] = [Math.min(y1 + thickness, y2), Math.max(y2 - thickness, y1)];
    this.fill([x1, y1, x2, top], colour, share);
    this.fill([x1, Math.max(bottom, top), x2, y2], colour, share);
    this.fill([x1, top, Math.min(x1 + thickness, x2), bottom], colour, share);
    this.fill([Math.max(x2 - thickness, x1 + thickness), top, x2, bottom], colour, share);
  }

  /** Puts `image` down with its top-left corner at `at`. */
  paste(image: RgbImage, at: Point): void {
    const [x1, y1, x2, y2] = this.clip([at.x, at.y, at.x + image.widthPx, at.y + image.heightPx]);
    for (let y = y1; y < y2; y += 1) {
      const from = ((y - at.y) * image.widthPx + (x1 - at.x)) * 3;
      const row = image.data.subarray(from, from + (x2 - x1) * 3);
      this.data.set(row, (y * this.widthPx + x1) * 3);
    }
  }

  /** Lays `sticker` over the canvas: colour + (1 − alpha) · below. */
  stick(sticker: Sticker, at: Point): void {
    const { widthPx, heightPx } = sticker;
    const [x1, y1, x2, y2] = this.clip([at.x, at.y, at.x + widthPx, at.y + heightPx]);
    for (let y = y1; y < y2; y += 1) {
      let from = ((y - at.y) * widthPx + (x1 - at.x)) * 4;
      let to = (y * this.widthPx + x1) * 3;
      for (let x = x1; x < x2; x += 1, from += 4, to += 3) {
        const below = 1 - sticker.data[from + 3]! / 255;
        for (let c = 0; c < 3; c += 1) {
          this.data[to + c] = Math.round(sticker.data[from + c]! + this.data[to + c]! * below);
        }
      }
    }
  }

  private clip([x1, y1, x2, y2]: Box): Box {
    const { widthPx, heightPx } = this;
    return [Math.max(0, x1), Math.max(0, y1), Math.min(widthPx, x2), Math.min(heightPx, y2)];
  }
}
