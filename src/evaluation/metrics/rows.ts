/** The samples that count for boxes, or for masks, under every profile. */
import type { Scores } from '../sample.ts';
import type { Figures, Intervals } from '../summary.ts';
import { intervalOf, resample } from './bootstrap.ts';
import { Columns, percent, type Shares } from './figures.ts';
import { overlapOf, type Target } from './overlap.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName, THRESHOLD_NAMES } from './profiles.ts';

type ByProfile<T> = Partial<Record<ProfileName, T>>;

/** Which rows, and which profiles; all unless told. */
export interface Choice {
  readonly rows?: Int32Array;
  readonly profiles?: readonly ProfileName[];
}

export class Rows {
  private readonly columns = new Map<ProfileName, Columns>();
  private count = 0;

  constructor(private readonly target: Target) {
    for (const name of PROFILE_NAMES) {
      const rule = PROFILES[name][target];
      if (rule) this.columns.set(name, new Columns(rule));
    }
  }

  /** Its row. */
  add(scores: Scores): number {
    for (const [name, columns] of this.columns) {
      columns.add(overlapOf(scores, { target: this.target, profile: name }));
    }
    this.count += 1;
    return this.count - 1;
  }

  /** Nothing where there is no row. */
  figures({ rows = this.all(), profiles = PROFILE_NAMES }: Choice): ByProfile<Figures> {
    return this.each({ rows, profiles }, (columns) => ({
      n: rows.length,
      ...inPercent(columns.shares(rows)),
    }));
  }

  /** Nothing where there is no row. */
  intervals({ rows = this.all(), profiles = PROFILE_NAMES }: Choice): ByProfile<Intervals> {
    const drawn = this.each({ rows, profiles }, (columns) => ({ columns, shares: [] as Shares[] }));
    const series = Object.values(drawn);
    if (series.length === 0) return {};
    for (const picks of resample(rows)) {
      for (const { columns, shares } of series) shares.push(columns.shares(picks));
    }
    return this.each({ rows, profiles }, (_, name) => intervalsOf(drawn[name]!.shares));
  }

  private each<T>(
    { rows, profiles }: Required<Choice>,
    make: (columns: Columns, name: ProfileName) => T,
  ): ByProfile<T> {
    if (rows.length === 0) return {};
    const own = profiles.filter((name) => this.columns.has(name));
    return Object.fromEntries(own.map((name) => [name, make(this.columns.get(name)!, name)]));
  }

  private all(): Int32Array {
    return Int32Array.from({ length: this.count }, (_, row) => row);
  }
}

function intervalsOf(drawn: readonly Shares[]): Intervals {
  const of = (figure: (shares: Shares) => number) => intervalOf(drawn.map(figure));
  const pr = THRESHOLD_NAMES.map((name, i) => [name, of((shares) => shares.pr[i]!)]);
  return {
    pr: Object.fromEntries(pr),
    mIoU: of((shares) => shares.mIoU),
    oIoU: of((shares) => shares.oIoU),
  };
}

function inPercent({ pr, mIoU, oIoU }: Shares): Omit<Figures, 'n'> {
  const named = THRESHOLD_NAMES.map((name, i) => [name, percent(pr[i]!)]);
  return { pr: Object.fromEntries(named), mIoU: percent(mIoU), oIoU: percent(oIoU) };
}
