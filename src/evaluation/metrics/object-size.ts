import type { Scores } from '../sample.ts';

/** Ascending; COCO's classes, which detection in aerial pictures uses too. */
export const OBJECT_SIZES = ['empty', 'small', 'medium', 'large'] as const;
export type ObjectSize = (typeof OBJECT_SIZES)[number];

/**
 * By the area of the true mask at its own size, or of the true box where there is no mask: `small` below 32² px, `medium` below
 * 96², else `large`; `empty` for a mask without a pixel. Null where the truth is not known.
 *
 * Areas in pixels, not shares of the picture, because box datasets do not always say how large their pictures are.
 */
export function objectSizeOf({ box, mask }: Scores): ObjectSize | null {
  if (!box && !mask) return null;
  const areaPx = mask ? mask.native.truth : areaOf(box!.truth);
  if (areaPx === 0) return 'empty';
  if (areaPx < 32 ** 2) return 'small';
  return areaPx < 96 ** 2 ? 'medium' : 'large';
}

function areaOf([x1, y1, x2, y2]: readonly [number, number, number, number]): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}
