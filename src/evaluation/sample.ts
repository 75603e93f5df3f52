/**
 * The words of an evaluation: what a dataset gives, what a program predicted, and what was counted of it.
 *
 * Boxes are [x1, y1, x2, y2] in pixels with continuous edges (the far edge is exclusive for pixel boxes), origin at the
 * picture's top-left corner. Readers bring a dataset's own convention to this one, or leave the numbers and say so.
 */
import type { Box, Mask, RgbImage } from '../tensor/image.ts';
import type { CocoRle } from '../tensor/rle.ts';

export const DATASET_NAMES = [
  'rrsis-d',
  'risbench',
  'refsegrs',
  'dior-rsvg',
  'opt-rsvg',
  'zeroov-json',
  'synthetic',
  'jsonl',
] as const;
export type DatasetName = (typeof DATASET_NAMES)[number];

/** What is true of one expression; null where the dataset does not say. */
export interface Truth {
  readonly box: Box | null;
  /** Its size may differ from the picture's (RRSIS-D has 800 × 801 pictures with 800 × 800 masks). */
  readonly mask: Mask | null;
}

/** One picture and one expression. */
export interface Sample {
  /** Stable across downloads; what it is for each dataset is in docs/reference/datasets.md. */
  readonly id: string;
  readonly expression: string;
  readonly category: string | null;
  /** The dataset's own label of the expression's kind; null where it has none. */
  readonly kind: string | null;
  /** Path inside the dataset's root, with `/`. */
  readonly image: string;
  /** For pictures that are no files: makes it. */
  readImage?(): Promise<RgbImage>;
  /** Read when asked for. @throws DATASET_SAMPLE for a truth that cannot be read */
  readTruth(): Promise<Truth>;
}

export interface Dataset {
  readonly name: DatasetName;
  /** The folder it was opened from. */
  readonly root: string;
  readonly split: string;
  /** In the dataset's own order. */
  readonly samples: readonly Sample[];
  /** Which truths it has at all. */
  readonly has: { readonly box: boolean; readonly mask: boolean };
  /** sha256 over the annotation files: a run does not go on with another dataset. */
  readonly fingerprint: string;
}

/** What a program answered for a sample; no box and an empty mask say "not found". */
export interface Prediction {
  readonly id: string;
  readonly box: Box | null;
  readonly mask: CocoRle | null;
  readonly score?: number | null | undefined;
}

/** Pixels of a predicted and a true mask at one resolution: every flavour of IoU derives from these. */
export interface MaskCounts {
  readonly intersection: number;
  readonly union: number;
  readonly predicted: number;
  readonly truth: number;
}

/** Where masks are compared: at the truth's own size, or both squashed to 480² or 800² (nearest, as Pillow). */
export const MASK_RESOLUTIONS = ['native', '480', '800'] as const;
export type MaskResolution = (typeof MASK_RESOLUTIONS)[number];

/** What is stored of a comparison; null where the dataset has no such truth. */
export interface Scores {
  /** Both boxes as they are: continuous and inclusive areas derive from them. */
  readonly box: { readonly predicted: Box | null; readonly truth: Box } | null;
  readonly mask: Readonly<Record<MaskResolution, MaskCounts>> | null;
}

/** One sample under one variant of the method, accounted for: a failed one scores as if nothing had been found. */
export interface SampleRecord {
  readonly id: string;
  readonly status: 'ok' | 'not-found' | 'failed';
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  readonly expression: string;
  readonly image: string;
  readonly category: string | null;
  readonly kind: string | null;
  readonly prediction: Prediction;
  readonly scores: Scores;
}
