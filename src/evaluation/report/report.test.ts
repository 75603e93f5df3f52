import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import type { RunSubject } from '../metrics/tally.ts';
import { writeOutcome } from '../outcome.ts';
import { boxScores, makeRecord } from '../record.fixture.ts';
import type { SampleRecord } from '../sample.ts';
import { ExampleChooser } from './examples.ts';
import { noticeOf } from './provenance.ts';
import { readReportData } from './report-data.ts';
import { makeRun } from './run.fixture.ts';
import { sensitivityOf } from './sensitivity.ts';
import { writeReport } from './write-report.ts';

const SUBJECT: RunSubject = {
  dataset: 'rrsis-d',
  split: 'test',
  preset: null,
  has: { box: true, mask: false },
};

const boxed = (id: string, iou: number | null): SampleRecord =>
  makeRecord({
    id,
    status: iou === null ? 'not-found' : 'ok',
    scores: { box: boxScores(iou), mask: null },
  });

/** Of predictions of another program, about boxes. */
async function reportOf(records: readonly SampleRecord[], subject: Partial<RunSubject> = {}) {
  const folder = temporaryFolder();
  await writeOutcome(folder, { subject: { ...SUBJECT, ...subject }, records });
  await writeReport(folder, { manifest: null, dataset: null });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { html: read('report.html'), markdown: read('report.md') };
}

describe('writeReport', () => {
  it('labels what is quoted and what was measured, and knows no model', async () => {
    const { html, markdown } = await reportOf([boxed('1', 0.75), boxed('2', null)]);
    expect(markdown).toContain('| this run | measured | 50.00 | 37.50 | – | – |');
    expect(markdown).toContain('| RSVG-ZeroOV | quoted | 30.15 | 32.92 | 12.84 | 21.85 |');
    expect(markdown.match(/\| measured \|/g)).toHaveLength(1);
    for (const text of [html, markdown]) {
      expect(text).toContain('Predictions that another program made');
      expect(text).not.toContain('undefined');
      expect(text).not.toContain('NaN');
    }
  });

  it('quotes nothing where the paper prints nothing', async () => {
    const { html } = await reportOf([boxed('1', 0.75)], { dataset: 'dior-rsvg' });
    expect(html).not.toContain('quoted');
    expect(html).toContain('Profile dior-rsvg');
  });

  it('names the checkpoints, and what the demo set knows', async () => {
    const { folder, ...parts } = await makeRun();
    await writeReport(folder, parts);
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
    expect(markdown).toContain('VLM /somewhere/checkpoints/demo/vlm');
    expect(markdown).toContain('trained on synthetic scenes, which know nothing else');
    const labelled = (label: string) => {
      const vlm = { ...parts.manifest.checkpoints.vlm!, label };
      const samples = { ...parts.manifest.samples, limit: 20, sample: 3, count: 20 };
      return { ...parts.manifest, samples, checkpoints: { vlm, diffusion: null, sam: null } };
    };
    const others = [
      ['tests/fixtures/vlm-a/vlm', 'Those are random checkpoints'],
      ['/models/mine', 'Files do not tell what a checkpoint was trained on'],
    ] as const;
    for (const [label, sentence] of others) {
      const { summary } = await readReportData(folder, null);
      const notice = noticeOf({ summary, manifest: labelled(label) }).join(' ');
      expect(notice).toContain(`VLM ${label}. ${sentence}`);
      expect(notice).toContain('only 20 of its samples were tried, chosen with the seed 3');
    }
  });

  it("shows the paper's tables, quoted and measured apart, and why a row is not measured", async () => {
    const { folder, ...parts } = await makeRun();
    await writeReport(folder, parts);
    const markdown = readFileSync(join(folder, 'report.md'), 'utf8');
    const full = '| full method | 30.15 | 32.92 | 12.84 | 21.85 | 61.25 | 52.50 | 61.25 | 52.50 |';
    expect(markdown).toContain(full);
    expect(markdown).toContain('| without VLM | 16.22 | 18.82 | 11.43 | 15.81 | – | – | – | – |');
    expect(markdown).toMatch(/rrsis-d test, 3481 samples; measured on synthetic test, \d+ samples/);
    expect(markdown).toContain('without VLM: not recorded: cross-attention.');
  });

  it('is a report of nothing, too', async () => {
    const { html } = await reportOf([]);
    expect(html).toContain('<b class="">0</b><span>samples</span>');
    expect(html).not.toContain('NaN');
  });

  it('lets no text of a dataset be markup', async () => {
    const expression = '</q><script>alert(1)</script> | `x` "y"';
    const record = { ...boxed('<b>', 0.9), expression, category: '<i>|ship' };
    const { html, markdown } = await reportOf([record]);
    expect(html).not.toMatch(/<script|<b>|<i>/);
    expect(html).toContain('&lt;/q&gt;&lt;script&gt;alert(1)');
    expect(markdown).toContain('| \\<i\\>\\|ship | 1 |');
  });
});

describe('ExampleChooser', () => {
  it('keeps a dozen of each, the first of equals, failed samples before missed ones', () => {
    const chooser = new ExampleChooser('paper');
    for (let i = 0; i < 40; i += 1) chooser.add(boxed(`${i}`, i / 40));
    for (let i = 0; i < 20; i += 1) chooser.add(boxed(`none ${i}`, null));
    chooser.add(makeRecord({ id: 'lost', status: 'failed' }));
    const ids = (examples: readonly { record: SampleRecord }[]) =>
      examples.map(({ record }) => record.id);
    const { best, worst, missed } = chooser.examples;
    expect(ids(best)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28].map(String));
    expect(ids(worst)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map(String));
    expect(ids(missed).slice(0, 3)).toEqual(['lost', 'none 0', 'none 1']);
    expect(missed).toHaveLength(12);
  });

  it('does not call it missed when nothing is there and nothing was found', () => {
    const chooser = new ExampleChooser('paper');
    chooser.add(makeRecord({ id: 'absent', status: 'not-found' }));
    expect(chooser.examples.missed).toEqual([]);
  });
});

describe('sensitivityOf', () => {
  const setting = (seeds: number, tau: number, alpha: number) => {
    const mIoU = Math.round(100 * seeds + 10 * (tau + alpha)) / 10;
    const scores = { pr50: 0, mIoU };
    return { order: 'O-F-E', interaction: 'cosine', seeds, tau, alpha, box: scores, mask: null };
  };
  const sweep = { version: 1, n: 5, own: 0, paper: 0 } as const;

  it('puts the two numbers with the most values on the axes, ascending, and marks the paper', () => {
    const settings = [7, 3].flatMap((seeds) =>
      [0.3, 0.1, 0.2].flatMap((tau) => [0.5, 0.4].map((alpha) => setting(seeds, tau, alpha))),
    );
    const { target, maps, left } = sensitivityOf({ ...sweep, settings, paper: 3 })!;
    expect({ target, left }).toEqual({ target: 'box', left: 0 });
    expect(maps.map(({ title }) => title)).toEqual(['O-F-E cosine, K 7', 'O-F-E cosine, K 3']);
    const [first, second] = maps;
    expect(first!.rows).toEqual({ name: 'τ', labels: ['0.1', '0.2', '0.3'] });
    expect(first!.columns).toEqual({ name: 'α', labels: ['0.4', '0.5'] });
    expect(first!.values[2]).toEqual([70.7, 70.8]);
    // Setting 3 is K 7, τ 0.1, α 0.4.
    expect(first!.marked).toEqual({ row: 0, column: 0 });
    expect(second!.marked).toBeNull();
    expect(first!.range).toEqual([30.5, 70.8]);
  });

  it('leaves a cell empty that was not tried, and shows a dozen maps at most', () => {
    const settings = Array.from({ length: 14 }, (_, i) => ({
      ...setting(7, 0.3, 0.4),
      interaction: `i${i}`,
    }));
    settings.push(setting(3, 0.2, 0.4) as (typeof settings)[number]);
    const { maps, left } = sensitivityOf({ ...sweep, settings })!;
    expect(maps).toHaveLength(12);
    expect(left).toBe(3);
    const lone = [setting(3, 0.2, 0.4), setting(7, 0.3, 0.4)];
    expect(sensitivityOf({ ...sweep, settings: lone })!.maps[0]!.values).toEqual([
      [30.6, null],
      [null, 70.7],
    ]);
    expect(sensitivityOf({ ...sweep, settings: [] })).toBeNull();
  });
});
