/** Against tools/reference_metrics.py: NumPy, Pillow and pycocotools, written from the definitions. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Box } from '../../tensor/image.ts';
import type { CocoRle } from '../../tensor/rle.ts';
import type { SampleRecord } from '../sample.ts';
import type { Summary } from '../summary.ts';
import { NO_PYTHON, pythonWithCoco } from '../tools-python.fixture.ts';
import { overlapOf, TARGETS, type Target } from './overlap.ts';
import type { ProfileName } from './profiles.ts';
import { maskOf, scoreSample } from './score-sample.ts';
import { Tally } from './tally.ts';

const root = join(import.meta.dirname, '../../..');
const LIVE_CASES = 10_000;

interface Compared {
  readonly box: Box | null;
  readonly mask: CocoRle | null;
}

interface Case {
  readonly truth: Compared;
  readonly prediction: Compared;
  readonly scores: Record<
    ProfileName,
    Partial<Record<Target, [iou: number, i: number, u: number]>>
  >;
  /** What pycocotools says at the truth's own size. */
  readonly coco: Readonly<Record<Target, number | null>>;
}

it('scores every committed case as the reference does', () => {
  compare(readFileSync(join(root, 'tests/fixtures/metrics/cases.jsonl'), 'utf8'), 150);
});

const python = pythonWithCoco();
it.skipIf(!python)(
  `and ${LIVE_CASES} more${python ? '' : ` (${NO_PYTHON})`}`,
  () => {
    const args = ['tools/reference_metrics.py', '--count', `${LIVE_CASES}`, '--seed', '1'];
    const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 } as const;
    compare(execFileSync(python!, args, options), LIVE_CASES);
  },
  600_000,
);

function compare(text: string, count: number): void {
  const lines = text.trimEnd().split('\n');
  const { figures } = JSON.parse(lines.pop()!) as { figures: Summary['metrics'] };
  expect(lines.length).toBe(count);
  const subject = { dataset: 'jsonl', split: 'test', preset: null } as const;
  const tally = new Tally({ ...subject, has: { box: true, mask: true } });
  const wrong: string[] = [];
  for (const [i, line] of lines.entries()) {
    const expected = JSON.parse(line) as Case;
    const record = recordOf(expected, `${i}`);
    tally.add(record);
    if (!agree(record.scores, expected)) wrong.push(line);
  }
  expect(wrong).toEqual([]);
  expectClose(tally.summary().metrics, figures);
}

function recordOf({ truth, prediction }: Case, id: string): SampleRecord {
  const { box, mask } = truth;
  const scores = scoreSample(prediction, { box, mask: mask && maskOf(mask) });
  const about = { id, expression: 'x', image: 'x.png', category: null, kind: null };
  return { ...about, status: 'ok', prediction: { id, ...prediction }, scores };
}

function agree(scores: SampleRecord['scores'], { scores: expected, coco }: Case): boolean {
  const same = Object.entries(expected).every(([profile, targets]) =>
    Object.entries(targets).every(([target, values]) => {
      const found = overlapOf(scores, {
        target: target as Target,
        profile: profile as ProfileName,
      });
      return `${[found.iou, found.intersection, found.union]}` === `${values}`;
    }),
  );
  const near = (target: Target, profile: ProfileName) =>
    coco[target] === null ||
    Math.abs(overlapOf(scores, { target, profile }).iou - coco[target]) < 1e-12;
  return same && near('mask', 'native') && near('box', 'paper');
}

/** To the six decimals that a summary has. */
function expectClose(found: Summary['metrics'], expected: Summary['metrics']): void {
  for (const target of TARGETS) {
    expect(Object.keys(found[target])).toEqual(Object.keys(expected[target]));
    for (const [profile, { pr, ...rest }] of Object.entries(expected[target])) {
      const own = found[target][profile as ProfileName]!;
      const flat = { ...rest, ...pr };
      for (const [name, value] of Object.entries(flat)) {
        expect({ ...own, ...own.pr }[name], `${target} ${profile} ${name}`).toBeCloseTo(value, 5);
      }
    }
  }
}
