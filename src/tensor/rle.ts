import { ZeroovError } from '../errors.ts';
import type { Tensor } from './tensor.ts';

/**
 * A mask as COCO writes it: pixels column by column (index = x·height + y), runs alternating from zeros, the runs
 * delta-coded and written in 5-bit groups as the characters 48..111. Source: DATASETS.md §4.
 */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** Six 5-bit groups: values stay under 2^29, where int32 shifts are safe. */
const MAX_GROUPS = 6;
const MAX_PIXELS = 2 ** 29;

/** A [H, W] mask (0 is background, anything else foreground) → COCO RLE, byte for byte as pycocotools. */
export function encodeRle(mask: Tensor<'bool'>): CocoRle {
  const [height, width] = mask.shape as readonly [h: number, w: number];
  const runs: number[] = [];
  let inside = false;
  let length = 0;
  for (let x = 0; x < width; x += 1) {
    for (let i = x; i < mask.data.length; i += width) {
      if ((mask.data[i] !== 0) !== inside) {
        runs.push(length);
        length = 0;
        inside = !inside;
      }
      length += 1;
    }
  }
  runs.push(length);
  return { size: [height, width], counts: encodeRuns(runs) };
}

/**
 * COCO RLE → [H, W] mask of 0 and 1.
 *
 * @throws RLE_INVALID characters outside the alphabet, a value cut short or too large, runs that do not sum to H·W
 */
export function decodeRle({ size, counts }: CocoRle): Tensor<'bool'> {
  const [height, width] = size;
  if (!(Number.isInteger(height) && Number.isInteger(width) && height > 0 && width > 0)) {
    throw refuse(`size [${height}, ${width}] is not two positive whole numbers`);
  }
  const pixels = height * width;
  if (pixels >= MAX_PIXELS) throw refuse(`${height} × ${width} pixels, the limit is 2^29`);
  const runs = decodeRuns(counts);
  const total = runs.reduce((sum, run) => sum + run, 0);
  if (total !== pixels) throw refuse(`the runs sum to ${total}, the size needs ${pixels}`);
  const data = new Uint8Array(pixels);
  let index = 0;
  for (const [i, run] of runs.entries()) {
    const end = index + run;
    if (i % 2 === 0) index = end;
    for (; index < end; index += 1) {
      data[(index % height) * width + Math.trunc(index / height)] = 1;
    }
  }
  return { dtype: 'bool', shape: [height, width], data };
}

/** Runs → compressed string: from the fourth on, each run is written as its difference to the one two before. */
export function encodeRuns(runs: readonly number[]): string {
  let text = '';
  for (const [i, run] of runs.entries()) {
    let value = i >= 3 ? run - runs[i - 2]! : run;
    let more = true;
    while (more) {
      const group = value & 31;
      value >>= 5;
      more = group & 16 ? value !== -1 : value !== 0;
      text += String.fromCharCode(48 + (more ? group | 32 : group));
    }
  }
  return text;
}

/** Compressed string → runs. @throws RLE_INVALID */
export function decodeRuns(counts: string): number[] {
  const runs: number[] = [];
  let at = 0;
  while (at < counts.length) {
    const { value, next } = readValue(counts, at);
    at = next;
    const run = runs.length >= 3 ? value + runs[runs.length - 2]! : value;
    if (run < 0) throw refuse(`run ${runs.length} is negative`);
    runs.push(run);
  }
  return runs;
}

/** One signed little-endian number of 5-bit groups; bit 32 of a group says that another follows. */
function readValue(counts: string, start: number): { value: number; next: number } {
  let value = 0;
  for (let k = 0; k < MAX_GROUPS; k += 1) {
    const code = counts.charCodeAt(start + k) - 48;
    if (Number.isNaN(code)) throw refuse('the string ends inside a number');
    if (code < 0 || code > 63) throw refuse(`character ${start + k} is outside "0".."o"`);
    value |= (code & 31) << (5 * k);
    if (code & 32) continue;
    if (code & 16) value -= 2 ** (5 * (k + 1));
    return { value, next: start + k + 1 };
  }
  throw refuse(`the number at character ${start} is too large`);
}

function refuse(reason: string): ZeroovError {
  return new ZeroovError('RLE_INVALID', { reason });
}
