/** The figures of many settings over the samples of a run, under the dataset's headline profile, as its summary has them. */
import { Columns, percent } from '../metrics/figures.ts';
import { type Overlap, TARGETS, type Target } from '../metrics/overlap.ts';
import type { ProfileName } from '../metrics/profiles.ts';
import { PROFILES, THRESHOLDS } from '../metrics/profiles.ts';

/** Overlaps of one sample under one setting; null where it does not count. */
export type Overlaps = Readonly<Record<Target, Overlap | null>>;

/** Percent, 0..100. */
export interface SettingFigures {
  readonly pr50: number;
  readonly mIoU: number;
  readonly oIoU: number;
}

/** Null where no sample counts. */
export type SettingScores = Readonly<Record<Target, SettingFigures | null>>;

const AT_HALF = THRESHOLDS.indexOf(0.5);

export class SettingTally {
  private readonly columns: readonly Record<Target, Columns>[];
  /** Samples that came before those that stand before them. */
  private readonly early = new Map<number, readonly Overlaps[]>();
  private next = 0;

  constructor(settings: number, profile: ProfileName) {
    const columns = (target: Target) => new Columns(PROFILES[profile][target] ?? { passes: '>=' });
    this.columns = Array.from({ length: settings }, () => ({
      box: columns('box'),
      mask: columns('mask'),
    }));
  }

  /** How many samples were added. */
  get samples(): number {
    return this.next + this.early.size;
  }

  /** Adds the `i`-th sample: its overlaps by setting. Sums do not depend on the order in which samples are added. */
  add(i: number, overlaps: readonly Overlaps[]): void {
    this.early.set(i, overlaps);
    for (let ready = this.early.get(this.next); ready; ready = this.early.get(this.next)) {
      this.early.delete(this.next);
      this.next += 1;
      for (const [k, columns] of this.columns.entries()) {
        for (const target of TARGETS) {
          const overlap = ready[k]![target];
          if (overlap) columns[target].add(overlap);
        }
      }
    }
  }

  /** By setting. */
  scores(): SettingScores[] {
    return this.columns.map(({ box, mask }) => ({ box: figuresOf(box), mask: figuresOf(mask) }));
  }
}

function figuresOf(columns: Columns): SettingFigures | null {
  const { count } = columns;
  if (count === 0) return null;
  const { pr, mIoU, oIoU } = columns.shares(Int32Array.from({ length: count }, (_, row) => row));
  return { pr50: percent(pr[AT_HALF]!), mIoU: percent(mIoU), oIoU: percent(oIoU) };
}
