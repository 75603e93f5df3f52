/** Rescoring equals the plain way, decision and score one by one, to the last bit. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../pipeline/ground.ts';
import { type MethodOptions, ORDERS, PAPER } from '../../pipeline/presets.ts';
import { rleOf } from '../../pipeline/record-parts.ts';
import { seededRandom } from '../../synthetic/random.ts';
import type { Box, Mask, Size } from '../../tensor/image.ts';
import { resizeBilinear } from '../../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import { scoreSample } from '../metrics/score-sample.ts';
import type { StoredEvidence } from '../run/evidence-codec.ts';
import { missingEvidence, rescore } from './rescore.ts';
import { resizedRows } from './resized-rows.ts';
import { scoreThresholds, trueMaskOf } from './thresholds.ts';

/** A mask that is true in an ellipse. */
function ellipse({ widthPx, heightPx }: Size): Mask {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const x = ((i % widthPx) + 0.5) / widthPx - 0.4;
    const y = (Math.floor(i / widthPx) + 0.5) / heightPx - 0.55;
    return x * x + 2 * y * y < 0.06 ? 1 : 0;
  });
  return { widthPx, heightPx, data };
}

/** Cells attend to those near them. */
function structure(side: number): Float32Tensor {
  const cells = side ** 2;
  const random = seededRandom(side);
  const data = new Float32Array(cells * cells);
  for (let i = 0; i < cells; i += 1) {
    let sum = 0;
    for (let j = 0; j < cells; j += 1) {
      const [dx, dy] = [(i % side) - (j % side), Math.floor(i / side) - Math.floor(j / side)];
      const value = Math.exp((-16 * (dx * dx + dy * dy)) / cells) * (0.5 + random.next());
      data[i * cells + j] = value;
      sum += value;
    }
    for (let j = 0; j < cells; j += 1) data[i * cells + j]! /= sum;
  }
  return float32([cells, cells], data);
}

function blob([height, width]: readonly [number, number]): Float32Tensor {
  const data = Float32Array.from({ length: height * width }, (_, i) => {
    const x = ((i % width) + 0.5) / width - 0.45;
    const y = (Math.floor(i / width) + 0.5) / height - 0.5;
    return Math.exp(-9 * (x * x + y * y)) + 0.02 * ((i * 37) % 11);
  });
  return float32([height, width], data);
}

const EVIDENCE: StoredEvidence = {
  answer: { text: '', ids: [], stopped: 'end', box: [10.2, 8.5, 60.7, 50] },
  relevance: blob([9, 12]),
  cross: blob([16, 16]),
  scales: new Map([
    [16, structure(16)],
    [32, structure(32)],
  ]),
};

describe('rescoring a sample', () => {
  // The true mask may have another size than the picture (RRSIS-D).
  const size = { widthPx: 97, heightPx: 61 };
  const mask = ellipse({ widthPx: 96, heightPx: 61 });
  const box: Box = [20, 12, 66, 52];
  const base: MethodOptions = { ...PAPER, resolutions: [16, 32] };
  const settings: MethodOptions[] = [
    ...ORDERS.flatMap((order) => [0.4, 0.7].map((alpha) => ({ ...base, order, alpha }))),
    ...[0.4, 0.15].map((alpha) => ({ ...base, tau: 0.45, seeds: 3, alpha })),
    { ...base, profile: 'release', interaction: 'weighted' },
    { ...base, interaction: 'exponential', power: 2 },
    { ...base, resolutions: [32] },
    { ...base, order: 'O-E-F', tau: 0.45 },
  ];

  it('equals decide and scoreSample for every setting', () => {
    const truth = { box, mask: rleOf(mask) };
    const rescored = rescore({ size, truth }, EVIDENCE, settings);
    const boxes = new Set<string>();
    for (const [i, o] of settings.entries()) {
      const decided = decide(EVIDENCE, size, o);
      const scores = scoreSample({ box: decided.box, mask: rleOf(decided.mask) }, { box, mask });
      expect(rescored[i], JSON.stringify(o)).toEqual({
        box: decided.box,
        mask: scores.mask!['480'],
      });
      boxes.add(`${decided.box}`);
    }
    expect(boxes.size).toBeGreaterThan(8);
  });

  it('has no mask figures where there is no true mask', () => {
    const [found] = rescore({ size, truth: { box, mask: null } }, EVIDENCE, [base]);
    expect(found!.mask).toBeNull();
    expect(found!.box).not.toBeNull();
  });

  it('says what the evidence lacks', () => {
    const lacking = { ...EVIDENCE, answer: null, cross: null };
    const missing = (o: Partial<MethodOptions>) => missingEvidence(lacking, { ...base, ...o });
    expect(missing({})).toBeNull();
    expect(missing({ resolutions: [32, 64] })).toBe('the self-attention at 64²');
    expect(missing({ order: 'O-E', resolutions: [64] })).toBeNull();
    expect(missing({ order: 'F-E' })).toBe('the cross-attention');
    expect(missing({ order: 'direct-box' })).toBe('the answer of the VLM');
    expect(missingEvidence({ ...EVIDENCE, relevance: null }, base)).toBe('the relevance map');
  });
});

describe('rows of a resized map', () => {
  it.each([
    [97, 61],
    [32, 32],
    [5, 700],
    [1, 1],
  ])('of %d × %d px are those of the whole', (widthPx, heightPx) => {
    const { shape, data } = blob([29, 32]);
    const map = float32(
      shape,
      data.map((value) => (value > 0.6 ? value : 0)),
    ); // a region, 0 around it
    const { row } = resizedRows(map, { widthPx, heightPx });
    const whole = resizeBilinear(map, { width: widthPx, height: heightPx }).data;
    for (let y = 0; y < heightPx; y += 1) {
      const expected = whole.subarray(y * widthPx, (y + 1) * widthPx);
      expect(row(y) ?? new Float32Array(widthPx)).toEqual(expected);
    }
  });
});

describe('many thresholds at once', () => {
  // Few values, so that pixels lie exactly on thresholds: a mask holds what is strictly above.
  const value = fc.integer({ min: 0, max: 8 }).map((n) => Math.fround(n / 8));

  it('give the mask of each', () => {
    const cases = fc
      .record({
        widthPx: fc.integer({ min: 1, max: 40 }),
        heightPx: fc.integer({ min: 1, max: 40 }),
      })
      .chain((size) =>
        fc.record({
          size: fc.constant(size),
          full: fc.array(value, {
            minLength: size.widthPx * size.heightPx,
            maxLength: size.widthPx * size.heightPx,
          }),
          alphas: fc.array(value, { minLength: 1, maxLength: 6 }),
        }),
      );
    fc.assert(
      fc.property(cases, ({ size, full, alphas }) => {
        const mask = ellipse({ widthPx: 33, heightPx: 20 });
        const values = Float32Array.from(full);
        const row = (y: number) => values.subarray(y * size.widthPx, (y + 1) * size.widthPx);
        const rows = { ...size, from: 0, to: size.widthPx, row };
        const truth = trueMaskOf(rleOf(mask));
        const found = scoreThresholds(rows, { alphas, truth });
        for (const [k, alpha] of alphas.entries()) {
          const data = Uint8Array.from(full, (x) => (x > alpha ? 1 : 0));
          const scores = scoreSample(
            { box: null, mask: rleOf({ ...size, data }) },
            { box: null, mask },
          );
          expect(found[k]!.mask).toEqual(scores.mask!['480']);
          expect(found[k]!.box).toEqual(tightBox({ ...size, data }));
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** By looking at every pixel. */
function tightBox({ widthPx, data }: Mask): Box | null {
  const inside = [...data.keys()].filter((i) => data[i]);
  if (inside.length === 0) return null;
  const [xs, ys] = [inside.map((i) => i % widthPx), inside.map((i) => Math.floor(i / widthPx))];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
}
