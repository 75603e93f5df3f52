/** Where a picture has no data: such places lend nothing to any map and belong to nothing that is found. */
import type { Window } from '../imagery/window.ts';
import type { Mask } from '../tensor/image.ts';
import { rangeOf } from '../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import type { SceneReader } from './ground-scene.ts';

/** [VALID_SIDE²]: 1 at places that have a picture; null where all have. */
export type ValidPlaces = Uint8Array | null;

/** Places of a picture, along each side, at which it is remembered whether there is one. */
const VALID_SIDE = 128;

/** Which of a picture's places have data, read at their centres. */
export function validPlaces({ widthPx, heightPx, data }: Mask): ValidPlaces {
  if (!data.includes(0)) return null;
  return Uint8Array.from({ length: VALID_SIDE ** 2 }, (_, i) => {
    const x = Math.floor((((i % VALID_SIDE) + 0.5) * widthPx) / VALID_SIDE);
    const y = Math.floor(((Math.floor(i / VALID_SIDE) + 0.5) * heightPx) / VALID_SIDE);
    return data[y * widthPx + x]!;
  });
}

/** Whether there is a picture at a place 0..1 of it. */
export function isValidAt(
  valid: ValidPlaces,
  { x, y }: { readonly x: number; readonly y: number },
): boolean {
  if (valid === null) return true;
  const cell = (at: number) => Math.min(VALID_SIDE - 1, Math.floor(at * VALID_SIDE));
  return valid[cell(y) * VALID_SIDE + cell(x)] === 1;
}

/** 1 where the centre of a map's cell [h·w] has a picture. */
export function seenCells(
  { height, width }: { readonly height: number; readonly width: number },
  valid: ValidPlaces,
): Uint8Array {
  return Uint8Array.from({ length: height * width }, (_, i) => {
    const at = { x: ((i % width) + 0.5) / width, y: (Math.floor(i / width) + 0.5) / height };
    return isValidAt(valid, at) ? 1 : 0;
  });
}

/** A map [h, w] with the least of its seen values where nothing was seen; as it is where nothing was seen at all. */
export function muted(map: Float32Tensor, valid: ValidPlaces): Float32Tensor {
  if (valid === null) return map;
  const [height, width] = map.shape as readonly [h: number, w: number];
  const seen = seenCells({ height, width }, valid);
  const { min } = rangeOf(map.data.filter((_, i) => seen[i]));
  if (min === Infinity) return map;
  return float32(
    map.shape,
    map.data.map((value, i) => (seen[i] ? value : min)),
  );
}

/** Pixels whose validity is read at once. */
const STRIP_PIXELS = 2 ** 24;

/** Which pixels of a window have a picture, at full resolution: [H, W]. */
export async function validPixels(scene: SceneReader, window: Window): Promise<Uint8Array> {
  const { widthPx, heightPx } = window;
  const valid = new Uint8Array(widthPx * heightPx);
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / widthPx));
  for (let row = 0; row < heightPx; row += rows) {
    const size = { widthPx, heightPx: Math.min(rows, heightPx - row) };
    const read = await scene.read({ ...size, x: window.x, y: window.y + row }, size);
    valid.set(read.valid.data, row * widthPx);
  }
  return valid;
}
