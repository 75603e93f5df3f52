/** Which samples of a dataset a run takes. */
import { ZeroovError } from '../../errors.ts';
import { seededRandom } from '../../synthetic/random.ts';

export interface Selection {
  /** How many; null for all. */
  readonly limit: number | null;
  /** Seed of a random choice; null for the first ones. */
  readonly sample: number | null;
}

/** Positions 0..count−1 that are taken, in the dataset's order. @throws OPTION_INVALID for a choice of all */
export function selectSamples(count: number, { limit, sample }: Selection): number[] {
  const all = Array.from({ length: count }, (_, i) => i);
  if (sample === null) return all.slice(0, limit ?? count);
  if (limit === null) {
    const expected = '--limit N beside it: how many are chosen';
    throw new ZeroovError('OPTION_INVALID', { option: '--sample', expected, got: 'none' });
  }
  const chosen = seededRandom(sample).shuffle(all).slice(0, limit);
  return chosen.sort((a, b) => a - b);
}
