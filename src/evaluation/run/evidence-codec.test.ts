import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WORKING_GRID } from '../../pipeline/focus.ts';
import { PAPER } from '../../pipeline/presets.ts';
import { float32 } from '../../tensor/tensor.ts';
import { decodeEvidence, encodeEvidence, type StoredSample } from './evidence-codec.ts';

/** A structure whose rows sum to 1, with values over six orders of magnitude. */
function structure(n: number) {
  const data = Float32Array.from({ length: n * n }, (_, i) => Math.exp(-(((i * 7919) % 97) / 7)));
  for (let i = 0; i < n; i += 1) {
    const row = data.subarray(i * n, (i + 1) * n);
    const sum = row.reduce((total, x) => total + x, 0);
    for (let j = 0; j < n; j += 1) row[j]! /= sum;
  }
  return float32([n, n], data);
}

const SAMPLE: StoredSample = {
  id: 'Straße/0001.png',
  size: { widthPx: 800, heightPx: 801 },
  truth: { box: [1.5, 2, 30, 40], mask: { size: [800, 800], counts: 'PPac0' } },
  evidence: [
    {
      answer: { text: '[1, 2, 3, 4]', ids: [7, 8], stopped: 'end', box: [1, 2, 3, 4] },
      relevance: float32([2, 3], Float32Array.of(0.1, 0.2, 1 / 3, 1e-9, 0, 1)),
      scales: new Map([
        [16, structure(16)],
        [64, structure(64)],
      ]),
      cross: null,
    },
    { answer: null, relevance: null, scales: new Map(), cross: float32([1, 2]) },
  ],
};

describe('stored evidence', () => {
  const bytes = encodeEvidence(SAMPLE);
  const decoded = decodeEvidence(bytes)!;

  it('keeps all but the structure as it is', () => {
    const withoutScales = ({ evidence, ...sample }: StoredSample) => ({
      ...sample,
      evidence: evidence.map(({ scales, ...rest }) => ({ ...rest, scales: [...scales.keys()] })),
    });
    expect(withoutScales(decoded)).toEqual(withoutScales(SAMPLE));
  });

  // A half float has 11 significant bits; below 2⁻¹⁴ of the mean they get fewer, in steps of 2⁻²⁴.
  it('keeps structure to 2⁻¹¹ of each value, in two bytes', () => {
    for (const [resolution, { data, shape }] of SAMPLE.evidence[0]!.scales) {
      const stored = decoded.evidence[0]!.scales.get(resolution)!;
      expect(stored.shape).toEqual(shape);
      for (const [i, value] of data.entries()) {
        const step = Math.max(2 ** -11 * value, 2 ** -25 / shape[1]!);
        expect(Math.abs(stored.data[i]! - value)).toBeLessThanOrEqual(step * (1 + 1e-6));
      }
    }
    const header = 4 + bytes.readUInt32LE(0);
    expect(bytes.length - header).toBe(2 * (16 ** 2 + 64 ** 2) + 4 * (2 * 3 + 1 * 2));
  });

  it('has less than 6 MB with the resolutions of the paper, before it is compressed', () => {
    const side = WORKING_GRID ** 2;
    const alike = float32([side, side], new Float32Array(side ** 2).fill(1 / side));
    const [seen] = SAMPLE.evidence;
    const scales = new Map(PAPER.resolutions.map((resolution) => [resolution, alike]));
    const { length } = encodeEvidence({ ...SAMPLE, evidence: [{ ...seen!, scales }] });
    expect(length).toBeGreaterThan(4e6);
    expect(length).toBeLessThan(6e6);
  });

  it('stored again gives the same bytes', () => {
    expect(encodeEvidence(decoded).equals(bytes)).toBe(true);
  });

  it('of other bytes is refused, never misread', () => {
    expect(decodeEvidence(bytes.subarray(0, -1))).toBeNull();
    expect(decodeEvidence(Buffer.concat([bytes, Buffer.of(0)]))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (some) => {
        expect(decodeEvidence(Buffer.from(some))).toBeNull();
      }),
    );
  });
});
