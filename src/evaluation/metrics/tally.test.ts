import { describe, expect, it } from 'vitest';
import { boxScores, makeRecord, maskScores } from '../record.fixture.ts';
import type { SampleRecord } from '../sample.ts';
import { SUMMARY_SCHEMA } from '../summary.ts';
import { type RunSubject, Tally } from './tally.ts';

const SUBJECT: RunSubject = {
  dataset: 'jsonl',
  split: 'test',
  preset: 'rsvg-zeroov',
  has: { box: true, mask: true },
};

function summaryOf(records: readonly SampleRecord[], subject: Partial<RunSubject> = {}) {
  const tally = new Tally({ ...SUBJECT, ...subject });
  for (const record of records) tally.add(record);
  return tally.summary();
}

/** [pixels found of the truth, pixels of the truth], as DATASETS.md writes its vectors (I, U). */
const masked = (id: string, [intersection, truth]: readonly [number, number]) =>
  makeRecord({
    id,
    scores: { box: null, mask: maskScores({ intersection, predicted: intersection, truth }) },
  });

describe('Tally', () => {
  it('gives the vector of DATASETS.md: a black mask counts and scores 0', () => {
    const { metrics } = summaryOf([masked('a', [2, 2]), masked('b', [1, 2]), masked('c', [0, 0])]);
    const { n, mIoU, oIoU, pr } = metrics.mask.paper!;
    expect({ n, mIoU, oIoU }).toEqual({ n: 3, mIoU: 50, oIoU: 75 });
    expect(pr).toMatchObject({ '0.5': 66.666667, '0.6': 33.333333, '0.9': 33.333333 });
    // > does not let one half pass.
    expect(metrics.mask.release!.pr['0.5']).toBe(33.333333);
    expect(metrics.box).toEqual({});
  });

  it('accounts for every sample: failed ones count as nothing found, and are left out beside that', () => {
    const error = { code: 'IMAGE_DECODE', message: '…' };
    const unread = { code: 'DATASET_SAMPLE', message: '…' };
    const records = [
      makeRecord({ id: 'a', scores: { box: boxScores(1), mask: null } }),
      makeRecord({ id: 'b', status: 'not-found', scores: { box: boxScores(null), mask: null } }),
      makeRecord({
        id: 'c',
        status: 'failed',
        error,
        scores: { box: boxScores(null), mask: null },
      }),
      // Its truth cannot be read either, so that neither score is known.
      makeRecord({ id: 'd', status: 'failed', error: unread }),
    ];
    const summary = summaryOf(records, { has: { box: true, mask: false } });
    expect(summary).toMatchObject({ n: 4, ok: 1, notFound: 1, failed: 2 });
    expect(summary.failures).toEqual({ DATASET_SAMPLE: 1, IMAGE_DECODE: 1 });
    expect(summary.metrics.box.paper).toMatchObject({ n: 4, mIoU: 25, oIoU: 33.333333 });
    expect(summary.metrics.mask).toEqual({});
    expect(summary.decodable.n).toBe(2);
    expect(summary.decodable.metrics.box.paper).toMatchObject({ n: 2, mIoU: 50, oIoU: 50 });
  });

  it('groups by category, size of the object and kind of expression', () => {
    const side = (px: number) => ({
      box: null,
      mask: maskScores({ intersection: 0, predicted: 0, truth: px ** 2 }),
    });
    const summary = summaryOf([
      makeRecord({ id: 'a', category: 'ship', kind: 'colour', scores: side(31) }),
      makeRecord({
        id: 'b',
        category: 'ship',
        expression: 'the ship on the left',
        scores: side(32),
      }),
      makeRecord({
        id: 'c',
        category: 'dam',
        expression: 'the dam above the ship',
        scores: side(96),
      }),
      makeRecord({ id: 'd', scores: side(0) }),
    ]);
    const counts = (groups: typeof summary.byKind) =>
      Object.entries(groups).map(([label, { n }]) => `${label} ${n}`);
    expect(counts(summary.byCategory)).toEqual(['dam 1', 'ship 2']);
    expect(counts(summary.bySize)).toEqual(['empty 1', 'large 1', 'medium 1', 'small 1']);
    const kinds = ['attribute 1', 'colour 1', 'image-relative 1', 'object-relative 1'];
    expect(counts(summary.byKind)).toEqual(kinds);
    expect(Object.keys(summary.byCategory['ship']!.metrics.mask)).toEqual(['paper']);
  });

  it('measures DIOR-RSVG by its own profile', () => {
    const record = makeRecord({
      id: 'a',
      category: 'dam',
      scores: { box: boxScores(0.5), mask: null },
    });
    const summary = summaryOf([record], { dataset: 'dior-rsvg' });
    expect(summary.headline).toBe('dior-rsvg');
    expect(summary.byCategory['dam']!.metrics.box['dior-rsvg']!.pr['0.5']).toBe(0);
    expect(summary.metrics.box['opt-rsvg']!.pr['0.5']).toBe(100);
  });

  it('says the same bytes each time, in the documented form', () => {
    const records = Array.from({ length: 40 }, (_, i) => masked(`${i}`, [i, 40]));
    const text = JSON.stringify(summaryOf(records));
    expect(JSON.stringify(summaryOf(records))).toBe(text);
    expect(JSON.stringify(SUMMARY_SCHEMA.parse(JSON.parse(text)))).toBe(text);
  });

  it('is a summary without samples, too', () => {
    expect(SUMMARY_SCHEMA.parse(summaryOf([])).metrics).toEqual({ box: {}, mask: {} });
  });
});

describe('intervals', () => {
  it('are those of a binomial share, for Pr', () => {
    // 400 samples, half of which pass: the share's standard error is √(0.25/400) = 2.5 points, 95 % is ±4.9.
    const records = Array.from({ length: 400 }, (_, i) => masked(`${i}`, [i % 2, 1]));
    const [low, high] = summaryOf(records).intervals.mask.paper!.pr['0.5'];
    expect(low).toBeGreaterThan(45.1 - 0.7);
    expect(low).toBeLessThan(45.1 + 0.7);
    expect(high).toBeGreaterThan(54.9 - 0.7);
    expect(high).toBeLessThan(54.9 + 0.7);
  });

  it('resample pixels with their samples, for oIoU', () => {
    // One large object found, many small ones missed: without the large one in it, a resample's oIoU is 0.
    const records = [
      masked('large', [1000, 1000]),
      ...Array.from({ length: 9 }, (_, i) => masked(`${i}`, [0, 1])),
    ];
    const { metrics, intervals } = summaryOf(records);
    expect(metrics.mask.paper!.oIoU).toBeCloseTo(99.108, 3);
    expect(intervals.mask.paper!.oIoU[0]).toBe(0);
    expect(intervals.mask.paper!.oIoU[1]).toBeGreaterThan(99);
  });

  it('have no width where all samples agree', () => {
    const { intervals } = summaryOf([masked('a', [1, 2]), masked('b', [1, 2])]);
    expect(intervals.mask.paper!.mIoU).toEqual([50, 50]);
  });
});
