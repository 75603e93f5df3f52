import { describe, expect, it } from 'vitest';
import { boxScores, makeRecord } from '../record.fixture.ts';
import { compareRecords, type Pair } from './compare.ts';
import { mcnemar } from './mcnemar.ts';

describe('mcnemar', () => {
  it('adds up the tail of a fair coin', () => {
    // 5 and 1: P(X ≤ 1) = (1 + 6)/64, P(X = 1) = 6/64
    expect(mcnemar(5, 1).exact).toBeCloseTo(14 / 64, 12);
    expect(mcnemar(5, 1).midP).toBeCloseTo(8 / 64, 12);
    // 2 and 2: P(X ≤ 2) = 11/16 is more than a half; the mid-p is 1 by symmetry.
    expect(mcnemar(2, 2).exact).toBe(1);
    expect(mcnemar(2, 2).midP).toBeCloseTo(1, 12);
    expect(mcnemar(0, 10).exact).toBeCloseTo(2 / 1024, 12);
  });

  it('knows nothing without a sample that tells them apart, and stays finite with many', () => {
    expect(mcnemar(0, 0)).toMatchObject({ exact: 1, midP: 1 });
    // Normal approximation: z = (|900 − 700| − 1)/√1600 = 4.975, two-sided 6.5e-7.
    const { exact } = mcnemar(900, 700);
    expect(exact).toBeGreaterThan(5.5e-7);
    expect(exact).toBeLessThan(7.5e-7);
  });
});

describe('compareRecords', () => {
  const has = { box: true, mask: false };
  const pair = (i: number, [a, b]: readonly [number, number]): Pair => {
    const record = (iou: number) =>
      makeRecord({ id: `${i}`, scores: { box: boxScores(iou), mask: null } });
    return { a: record(a), b: record(b) };
  };

  it('is sure of a small gain on every sample, which two intervals side by side would hide', async () => {
    // IoUs all over 0..1, each 0.05 better in b: the difference does not vary at all.
    const pairs = Array.from({ length: 60 }, (_, i) =>
      pair(i, [(i % 20) / 21, (i % 20) / 21 + 0.05]),
    );
    const { box, mask } = await compareRecords(pairs, { profile: 'paper', has });
    const { difference, interval } = box!.mIoU;
    expect(difference).toBeCloseTo(5, 5);
    expect(interval[0]).toBeCloseTo(5, 5);
    expect(interval[1]).toBeCloseTo(5, 5);
    expect(mask).toBeNull();
  });

  it('counts who alone passes one half', async () => {
    const ious: [number, number][] = [
      [0.9, 0.1],
      [0.9, 0.2],
      [0.5, 0.4],
      [0.4, 0.5],
      [0.9, 0.9],
      [0.1, 0.1],
    ];
    const pairs = ious.map((both, i) => pair(i, both));
    const { box } = await compareRecords(pairs, { profile: 'paper', has });
    expect(box!.mcnemar).toMatchObject({ onlyFirst: 3, onlySecond: 1 });
    expect(box!['Pr@0.5']).toMatchObject({ a: 66.666667, b: 33.333333, difference: -33.333333 });
    const [low, high] = box!['Pr@0.5'].interval;
    expect(low).toBeLessThan(-33);
    expect(high).toBeGreaterThanOrEqual(0);
  });

  it('has the interval of paired shares, not that of two shares apart', async () => {
    // Of 400 samples 260 pass in both, 60 in a alone, 20 in b alone: d = −10 points, its standard error √((80/400 − 0.1²)/400) =
    // 2.18 points and its interval −10 ± 4.27. Of independent shares 80 % and 70 % it would be 3.04 and ± 5.96.
    const ious = (i: number): [number, number] =>
      i < 260 ? [1, 1] : i < 320 ? [1, 0] : i < 340 ? [0, 1] : [0, 0];
    const pairs = Array.from({ length: 400 }, (_, i) => pair(i, ious(i)));
    const { box } = await compareRecords(pairs, { profile: 'paper', has });
    const [low, high] = box!['Pr@0.5'].interval;
    expect(box!['Pr@0.5']).toMatchObject({ a: 80, b: 70, difference: -10 });
    expect(Math.abs(low + 14.27)).toBeLessThan(0.6);
    expect(Math.abs(high + 5.73)).toBeLessThan(0.6);
    // 2 · Σ C(80, k) / 2^80 for k ≤ 20, added up in whole numbers.
    expect(box!.mcnemar.exact).toBeCloseTo(8.580559867049611e-6, 15);
  });

  it('leaves out what one run did not measure', async () => {
    const { a } = pair(0, [1, 1]);
    const masksOnly = makeRecord({ id: '0', scores: { box: null, mask: null } });
    const only = { profile: 'paper', has: { box: false, mask: true } } as const;
    expect((await compareRecords([{ a, b: masksOnly }], only)).box).toBeNull();
  });

  it('counts a sample whose truth nobody could read as nothing found in both', async () => {
    const lost = makeRecord({ id: 'x', status: 'failed' });
    const pairs = [pair(0, [1, 1]), { a: lost, b: lost }];
    const { box } = await compareRecords(pairs, { profile: 'paper', has });
    expect(box).toMatchObject({ n: 2, mIoU: { a: 50, b: 50, difference: 0 } });
  });
});
