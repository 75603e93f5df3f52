/** From a map on the working grid to the answer at the picture's size: mask, tight box, score. */
import type { Box, Mask, Size } from '../tensor/image.ts';
import { resizeBilinear } from '../tensor/resize.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';

/** What was found: an empty mask is "not found", with no box and no score. */
export interface Finding {
  readonly found: boolean;
  readonly mask: Mask;
  readonly areaPx: number;
  readonly box: Box | null;
  /** Mean of the map over the mask, α..1: how strong the evidence is, no probability. Null where there is none. */
  readonly score: number | null;
}

/** The maps behind an answer; null where the order leaves the stage out. */
export interface Maps {
  /** A_C on the VLM's grid [h, w]. */
  readonly overview: Float32Tensor | null;
  /** A_S [1024, 1024]. */
  readonly structure: Float32Tensor | null;
  /** A_CS [32, 32], 0..1. */
  readonly attention: Float32Tensor | null;
  /** A_E [32, 32], 0..1: what the mask is cut from. */
  readonly evolved: Float32Tensor | null;
}

/** What was decided, and from which maps. */
export interface Decision extends Finding {
  readonly maps: Maps;
}

/**
 * M = resized map > α (strictly), bilinear with half-pixel centres, on pixels that have data. map [h, w] → mask of `size`.
 */
export function describeMap(
  map: Float32Tensor,
  { widthPx, heightPx, alpha, valid }: Size & { alpha: number; valid?: Mask | undefined },
): Finding {
  const full = resizeBilinear(map, { height: heightPx, width: widthPx }).data;
  const data = new Uint8Array(full.length);
  let sum = 0;
  for (let i = 0; i < full.length; i += 1) {
    if (!(full[i]! > alpha) || valid?.data[i] === 0) continue;
    data[i] = 1;
    sum += full[i]!;
  }
  const finding = describeMask({ widthPx, heightPx, data });
  return { ...finding, score: finding.found ? sum / finding.areaPx : null };
}

/** The pixels whose centres lie in `box`; a box without a pixel is "not found". */
export function describeBox(box: Box | null, size: Size): Finding {
  const { widthPx, heightPx } = size;
  const data = new Uint8Array(widthPx * heightPx);
  if (!box) return describeMask({ ...size, data });
  const [x1, y1, x2, y2] = box.map((edge) => Math.ceil(edge - 0.5)) as unknown as Box;
  for (let y = Math.max(0, y1); y < Math.min(heightPx, y2); y += 1) {
    data.fill(1, y * widthPx + Math.max(0, x1), y * widthPx + Math.min(widthPx, x2));
  }
  const finding = describeMask({ ...size, data });
  return finding.found ? { ...finding, box } : finding;
}

/** A finding without the pixels that have no data; as it is where there are none of those. */
export function inside<T extends Finding>(finding: T, valid: Mask | undefined): T {
  const { mask, score } = finding;
  if (!valid || !mask.data.some((pixel, i) => pixel && !valid.data[i])) return finding;
  const data = mask.data.map((pixel, i) => (pixel && valid.data[i] ? 1 : 0));
  const left = describeMask({ ...mask, data });
  return { ...finding, ...left, score: left.found ? score : null };
}

/** The same with nothing found. */
export function emptied<T extends Finding>(finding: T): T {
  const { widthPx, heightPx } = finding.mask;
  const data = new Uint8Array(widthPx * heightPx);
  return { ...finding, ...describeMask({ widthPx, heightPx, data }) };
}

/** Area and tight box of a mask; no score. */
export function describeMask(mask: Mask): Finding {
  const { widthPx, heightPx, data } = mask;
  let [x1, y1, x2, y2, areaPx] = [widthPx, heightPx, 0, 0, 0];
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      if (!data[y * widthPx + x]) continue;
      areaPx += 1;
      x1 = Math.min(x1, x);
      x2 = Math.max(x2, x + 1);
      y1 = Math.min(y1, y);
      y2 = y + 1;
    }
  }
  const found = areaPx > 0;
  return { found, mask, areaPx, box: found ? [x1, y1, x2, y2] : null, score: null };
}
