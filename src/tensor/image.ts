/** A picture on the host. */
export interface RgbImage {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 3] row-major from the top-left pixel, red green blue, 0..255. */
  readonly data: Uint8Array;
}

/** The pixels that belong to something, at a picture's size. */
export interface Mask {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] row-major from the top-left pixel, 0 or 1. */
  readonly data: Uint8Array;
}
