export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** A picture on the host. */
export interface RgbImage extends Size {
  /** [H, W, 3] row-major from the top-left pixel, red green blue, 0..255. */
  readonly data: Uint8Array;
}

/** The pixels that belong to something, at a picture's size. */
export interface Mask extends Size {
  /** [H, W] row-major from the top-left pixel, 0 or 1. */
  readonly data: Uint8Array;
}

/** [x1, y1, x2, y2] in pixels of a picture, origin top-left, far edge exclusive. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];
