import type { Size } from '../tensor/image.ts';

/** A part of a picture: the top-left corner and the size, whole pixels, origin at the picture's top-left corner. */
export interface Window extends Size {
  readonly x: number;
  readonly y: number;
}

/** What two windows have in common; its size is 0 or less where that is nothing. */
export function intersect(a: Window, b: Window): Window {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  return {
    x,
    y,
    widthPx: Math.min(a.x + a.widthPx, b.x + b.widthPx) - x,
    heightPx: Math.min(a.y + a.heightPx, b.y + b.heightPx) - y,
  };
}
