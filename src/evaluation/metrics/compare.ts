/** How far two runs over the same samples differ, and how sure that is: both are resampled together, sample by sample. */
import type { Dataset, SampleRecord } from '../sample.ts';
import { BOOTSTRAP, intervalOf, resample } from './bootstrap.ts';
import { Columns, percent, type Shares } from './figures.ts';
import { type McNemar, mcnemar } from './mcnemar.ts';
import { counts, overlapOf, TARGETS, type Target } from './overlap.ts';
import { PROFILES, type ProfileName, THRESHOLD_NAMES } from './profiles.ts';

/** Two answers to one sample. */
export interface Pair {
  readonly a: SampleRecord;
  readonly b: SampleRecord;
}

/** In percent, with 6 decimals. */
export interface Difference {
  readonly a: number;
  readonly b: number;
  /** b − a, and its interval of 95 %. */
  readonly difference: number;
  readonly interval: readonly [low: number, high: number];
}

export interface TargetComparison {
  readonly n: number;
  readonly mIoU: Difference;
  readonly 'Pr@0.5': Difference;
  readonly oIoU: Difference;
  /** Of Pr@0.5; a is the first. */
  readonly mcnemar: McNemar;
}

export interface Comparison {
  readonly profile: ProfileName;
  readonly resamples: number;
  readonly seed: number;
  /** Null where the runs have no such metric. */
  readonly box: TargetComparison | null;
  readonly mask: TargetComparison | null;
}

/** How many of the thresholds an IoU passes at least that passes 0.5. */
const LEVEL_OF_HALF = THRESHOLD_NAMES.indexOf('0.5') + 1;

const FIGURES = {
  mIoU: ({ mIoU }) => mIoU,
  'Pr@0.5': ({ pr }) => pr[LEVEL_OF_HALF - 1]!,
  oIoU: ({ oIoU }) => oIoU,
} as const satisfies Record<string, (shares: Shares) => number>;

/**
 * @param pairs the same samples from both runs; failed ones count as nothing found
 * @param by.has what both runs measured
 */
export async function compareRecords(
  pairs: Iterable<Pair> | AsyncIterable<Pair>,
  { profile, has }: { readonly profile: ProfileName; readonly has: Dataset['has'] },
): Promise<Comparison> {
  const columns = (target: Target) => (has[target] ? bothColumns(target, profile) : null);
  const both = { box: columns('box'), mask: columns('mask') };
  for await (const { a, b } of pairs) {
    for (const target of TARGETS) {
      const own = both[target];
      if (!own || !(counts(a, { target, has }) || counts(b, { target, has }))) continue;
      own.a.add(overlapOf(a.scores, { target, profile }));
      own.b.add(overlapOf(b.scores, { target, profile }));
    }
  }
  const { resamples, seed } = BOOTSTRAP;
  const compare = (target: Target) => both[target] && compareColumns(both[target]);
  return { profile, resamples, seed, box: compare('box'), mask: compare('mask') };
}

interface BothColumns {
  readonly a: Columns;
  readonly b: Columns;
}

function bothColumns(target: Target, profile: ProfileName): BothColumns | null {
  const rule = PROFILES[profile][target];
  return rule && { a: new Columns(rule), b: new Columns(rule) };
}

/** Null where no sample counts. */
function compareColumns({ a, b }: BothColumns): TargetComparison | null {
  const n = a.count;
  if (n === 0) return null;
  const rows = Int32Array.from({ length: n }, (_, row) => row);
  const drawn: [a: Shares, b: Shares][] = [];
  for (const picks of resample(rows)) drawn.push([a.shares(picks), b.shares(picks)]);
  const [ofA, ofB] = [a.shares(rows), b.shares(rows)];
  const difference = (figure: (shares: Shares) => number): Difference => ({
    a: percent(figure(ofA)),
    b: percent(figure(ofB)),
    difference: percent(figure(ofB) - figure(ofA)),
    interval: intervalOf(drawn.map(([one, other]) => figure(other) - figure(one))),
  });
  return {
    n,
    mIoU: difference(FIGURES.mIoU),
    'Pr@0.5': difference(FIGURES['Pr@0.5']),
    oIoU: difference(FIGURES.oIoU),
    mcnemar: mcnemar(passedOnly(a, b), passedOnly(b, a)),
  };
}

/** Samples that pass IoU 0.5 in the first and not in the other. */
function passedOnly(first: Columns, other: Columns): number {
  let passed = 0;
  for (let row = 0; row < first.count; row += 1) {
    if (first.level(row) >= LEVEL_OF_HALF && other.level(row) < LEVEL_OF_HALF) passed += 1;
  }
  return passed;
}
