import type { Level, PictureFile } from '../picture-file.ts';
import type { Window } from '../window.ts';

/** Enough pixels that the 2nd percentile is known to a thousandth of all values. */
const ENOUGH_PX = 2 ** 20;
/** Blocks that a large level is judged by, and pixels of them all. */
const [LEAST_BLOCKS, BLOCKS_PX] = [64, 4 * 2 ** 20];
/** Frac(i · φ) spreads evenly over 0..1 whatever the number of columns is; every n-th block could be one column. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * Numbers of every band that stand for those of the whole scene: of the smallest overview that still has a megapixel, or of
 * the scene itself; all of them while they are few, else those of blocks spread over it. At most 2^20 a band, at even
 * steps. Pixels without a picture and "no data" are left out.
 *
 * @throws IMAGE_DECODE, DECODE_OVERFLOW
 */
export async function sampleValues(
  { info, levels }: PictureFile,
  bands: readonly number[],
  alive: () => void = () => undefined,
): Promise<Float32Array[]> {
  const level = levels.findLast((l) => l.widthPx * l.heightPx >= ENOUGH_PX) ?? levels[0];
  const windows = chosenBlocks(level);
  const pixels = windows.reduce((sum, w) => sum + w.widthPx * w.heightPx, 0);
  const step = Math.max(1, Math.ceil(pixels / ENOUGH_PX));
  const values: number[][] = bands.map(() => []);
  for (const window of windows) {
    const read = await level.read(window, bands);
    for (const [b, band] of read.bands.entries()) {
      for (let i = 0; i < band.length; i += step) {
        const value = band[i]!;
        const counts = read.valid?.[i] !== 0 && value !== info.noData && Number.isFinite(value);
        if (counts) values[b]!.push(value);
      }
    }
    alive();
  }
  return values.map((list) => Float32Array.from(list));
}

function chosenBlocks(level: Level): Window[] {
  const written: Window[] = [];
  for (let i = 0; i < level.blocks; i += 1) {
    const window = level.blockAt(i);
    if (window) written.push(window);
  }
  const [first] = written;
  if (!first) return [];
  const enough = Math.max(LEAST_BLOCKS, Math.ceil(BLOCKS_PX / (first.widthPx * first.heightPx)));
  if (written.length <= enough) return written;
  const chosen = Array.from({ length: enough }, (_, i) =>
    Math.floor(((i * GOLDEN_RATIO) % 1) * written.length),
  );
  return [...new Set(chosen)].sort((a, b) => a - b).map((index) => written[index]!);
}
