/** Records for tests, of which only what a test is about is said. */
import type { Box } from '../tensor/image.ts';
import type { MaskCounts, SampleRecord, Scores } from './sample.ts';

/** The same pixels at every resolution: a prediction of `predicted` px of which `intersection` lie in `truth` px. */
export function maskScores(counts: Omit<MaskCounts, 'union'>): Scores['mask'] {
  const union = counts.predicted + counts.truth - counts.intersection;
  const all = { ...counts, union };
  return { native: all, '480': all, '800': all };
}

/** A box of the given IoU (up to 1) with the square [0, 0, 10, 10]. */
export function boxScores(iou: number | null): Scores['box'] {
  const predicted: Box | null = iou === null ? null : [0, 0, 10, 10 * iou];
  return { predicted, truth: [0, 0, 10, 10] };
}

export function makeRecord(given: Partial<SampleRecord> & { readonly id: string }): SampleRecord {
  const { id } = given;
  return {
    status: 'ok',
    expression: 'the ship',
    image: `${id}.png`,
    category: null,
    kind: null,
    prediction: { id, box: null, mask: null },
    scores: { box: null, mask: null },
    ...given,
  };
}
