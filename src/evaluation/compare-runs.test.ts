import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { compareRuns } from './compare-runs.ts';
import type { RunSubject } from './metrics/tally.ts';
import { writeOutcome } from './outcome.ts';
import { boxScores, makeRecord, maskScores } from './record.fixture.ts';

const SUBJECT: RunSubject = {
  dataset: 'risbench',
  split: 'test',
  preset: 'rsvg-zeroov',
  has: { box: true, mask: false },
};

/** A run whose samples, by id, have boxes of these IoUs. */
async function run(ious: Readonly<Record<string, number>>, subject: Partial<RunSubject> = {}) {
  const folder = temporaryFolder();
  const records = Object.entries(ious).map(([id, iou]) =>
    makeRecord({ id, scores: { box: boxScores(iou), mask: null } }),
  );
  await writeOutcome(folder, { subject: { ...SUBJECT, ...subject }, records });
  return folder;
}

describe('compareRuns', () => {
  it('compares what both measured', async () => {
    const a = await run({ x: 0.2, y: 0.8 });
    const b = await run({ x: 0.6, y: 0.8 }, { preset: null });
    const compared = await compareRuns(a, b);
    expect(compared).toMatchObject({
      a: { dataset: 'risbench', split: 'test', preset: 'rsvg-zeroov', n: 2 },
      b: { preset: null },
      profile: 'paper',
      mask: null,
    });
    expect(compared.box).toMatchObject({
      n: 2,
      mIoU: { a: 50, b: 70, difference: 20 },
      'Pr@0.5': { a: 50, b: 100, difference: 50 },
      mcnemar: { onlyFirst: 0, onlySecond: 1, exact: 1, midP: 0.5 },
    });
  });

  it.each([
    ['other samples', { x: 1, z: 1 }, {}, 'sample 2 is y in one and z in the other'],
    ['another number', { x: 1 }, {}, 'one has 2 samples, the other 1'],
    [
      'another split',
      { x: 1, y: 1 },
      { split: 'val' },
      'one is of risbench test, the other of risbench val',
    ],
  ])('refuses %s', async (_, ious, subject, reason) => {
    const refused = compareRuns(await run({ x: 1, y: 1 }), await run(ious, subject));
    await expect(refused).rejects.toMatchObject({
      code: 'RUNS_DIFFER',
      exit: 2,
      fields: { reason },
    });
  });

  it('refuses samples of one id with another expression, box or mask', async () => {
    const known = {
      expression: 'the ship',
      scores: { box: boxScores(1), mask: maskScores({ intersection: 1, predicted: 1, truth: 1 }) },
    };
    const other = { predicted: null, truth: [0, 0, 10, 9] as const };
    const runOf = async (change: object) => {
      const folder = temporaryFolder();
      const subject = { ...SUBJECT, has: { box: true, mask: true } };
      await writeOutcome(folder, {
        subject,
        records: [makeRecord({ id: 'x', ...known, ...change })],
      });
      return folder;
    };
    const a = await runOf({});
    await compareRuns(a, await runOf({}));
    await compareRuns(a, await run({ x: 0.5 })); // the same box; nothing said of masks
    for (const change of [
      { expression: 'the boat' },
      { scores: { ...known.scores, box: other } },
      {
        scores: { ...known.scores, mask: maskScores({ intersection: 1, predicted: 1, truth: 2 }) },
      },
    ]) {
      const reason = 'sample x has another expression or truth in each';
      const refused = compareRuns(a, await runOf(change));
      await expect(refused).rejects.toMatchObject({ code: 'RUNS_DIFFER', fields: { reason } });
    }
  });

  it('refuses runs that measured different things', async () => {
    const masks = temporaryFolder();
    const counted = maskScores({ intersection: 1, predicted: 1, truth: 1 });
    const records = [makeRecord({ id: 'x', scores: { box: null, mask: counted } })];
    await writeOutcome(masks, { subject: SUBJECT, records });
    const refused = compareRuns(await run({ x: 1 }), masks);
    await expect(refused).rejects.toMatchObject({ code: 'RUNS_DIFFER' });
  });

  it('says what is no run, or a damaged one', async () => {
    const whole = await run({ x: 1 });
    const cases = [
      [temporaryFolder(), 'RUN_NOT_FOUND'],
      ['/nowhere', 'RUN_NOT_FOUND'],
      [temporaryFolder({ 'summary.json': '{"version": 2}' }), 'RUN_CORRUPT'],
    ] as const;
    for (const [folder, code] of cases) {
      await expect(compareRuns(whole, folder)).rejects.toMatchObject({ code });
    }
  });
});
