/** Intervals by resampling: samples are drawn again and again, with replacement, always by the same seeded numbers. */
import { seededRandom } from '../../synthetic/random.ts';
import { percent } from './figures.ts';

/** Resamples, the seed of every bootstrap, and the share of resampled figures that an interval holds, in percent. */
export const BOOTSTRAP = { resamples: 1000, seed: 0, level: 95 } as const;

/** Draws as many rows as there are, `BOOTSTRAP.resamples` times; the array is reused, so use it before the next is drawn. */
export function* resample(rows: Int32Array): Generator<Int32Array> {
  const { next } = seededRandom(BOOTSTRAP.seed);
  const drawn = new Int32Array(rows.length);
  for (let i = 0; i < BOOTSTRAP.resamples; i += 1) {
    for (let j = 0; j < drawn.length; j += 1) drawn[j] = rows[Math.floor(next() * rows.length)]!;
    yield drawn;
  }
}

/**
 * The middle 95 % of resampled shares in percent, quantiles linear between neighbours (type 7 of Hyndman and Fan, as NumPy).
 */
export function intervalOf(shares: readonly number[]): [low: number, high: number] {
  const sorted = Float64Array.from(shares).sort();
  const tail = (1 - BOOTSTRAP.level / 100) / 2;
  return [percent(quantile(sorted, tail)), percent(quantile(sorted, 1 - tail))];
}

function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}
