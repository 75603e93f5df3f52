/** Two folders of results over the same samples, side by side. */
import { ZeroovError } from '../errors.ts';
import { type Comparison, compareRecords, type Pair } from './metrics/compare.ts';
import { readRunFile } from './read-run-file.ts';
import { readResults } from './results.ts';
import type { SampleRecord } from './sample.ts';
import { SUMMARY_SCHEMA, type Summary } from './summary.ts';

export interface RunComparison extends Comparison {
  readonly a: Pick<Summary, 'dataset' | 'split' | 'preset' | 'n'>;
  readonly b: Pick<Summary, 'preset'>;
}

/**
 * @param a folder with summary.json and results.jsonl
 * @throws RUN_NOT_FOUND, RUN_CORRUPT, RUNS_DIFFER
 */
export async function compareRuns(a: string, b: string): Promise<RunComparison> {
  const [first, second] = await Promise.all([readSummary(a), readSummary(b)]);
  const differ = (reason: string) => new ZeroovError('RUNS_DIFFER', { a, b, reason });
  const subject = ({ dataset, split }: Summary) => `${dataset} ${split}`;
  if (subject(first) !== subject(second)) {
    throw differ(`one is of ${subject(first)}, the other of ${subject(second)}`);
  }
  if (first.n !== second.n) throw differ(`one has ${first.n} samples, the other ${second.n}`);
  const measured = (target: 'box' | 'mask') =>
    [first, second].every(({ metrics }) => Object.keys(metrics[target]).length > 0);
  const has = { box: measured('box'), mask: measured('mask') };
  if (!has.box && !has.mask) throw differ('one measures boxes, the other masks');
  const compared = await compareRecords(pairs(a, b), { profile: first.headline, has });
  const { dataset, split, preset, n } = first;
  return { a: { dataset, split, preset, n }, b: { preset: second.preset }, ...compared };
}

function readSummary(run: string): Promise<Summary> {
  return readRunFile(run, { name: 'summary.json', schema: SUMMARY_SCHEMA });
}

/** Both are in the dataset's order. */
async function* pairs(a: string, b: string): AsyncGenerator<Pair> {
  const others = readResults(b);
  try {
    let number = 0;
    for await (const first of readResults(a)) {
      number += 1;
      const { value: second } = await others.next();
      if (first.id !== second?.id) {
        const reason = `sample ${number} is ${first.id} in one and ${second?.id ?? 'none'} in the other`;
        throw new ZeroovError('RUNS_DIFFER', { a, b, reason });
      }
      if (!isSameSample(first, second)) {
        const reason = `sample ${first.id} has another expression or truth in each`;
        throw new ZeroovError('RUNS_DIFFER', { a, b, reason });
      }
      yield { a: first, b: second };
    }
  } finally {
    await others.return(undefined);
  }
}

/** As far as both know the truth: ids of datasets of one's own, and of scenes of other sizes, may be equal. */
function isSameSample(a: SampleRecord, b: SampleRecord): boolean {
  const [x, y] = [a.scores, b.scores];
  const boxes = !x.box || !y.box || x.box.truth.every((edge, i) => edge === y.box!.truth[i]);
  const masks = !x.mask || !y.mask || x.mask.native.truth === y.mask.native.truth;
  return a.expression === b.expression && boxes && masks;
}
