/**
 * What publications print, quoted: none of it was measured here. RSVG-ZeroOV with its comparisons and ablations, AAAI 2026,
 * arXiv 2509.18711; percent, on the test splits.
 */
import type { Interaction, PresetName } from '../pipeline/presets.ts';
import type { DatasetName } from './sample.ts';

export const SOURCE = 'RSVG-ZeroOV, AAAI 2026, arXiv 2509.18711';

/** Where figures were measured by their authors. */
export interface QuotedOn {
  readonly dataset: DatasetName;
  readonly split: string;
  readonly n: number;
}

/** Percent; what is not printed is left out. */
export interface QuotedFigures {
  readonly box?: { readonly pr50?: number; readonly mIoU?: number };
  readonly mask?: { readonly pr50?: number; readonly mIoU?: number };
}

export const RRSIS_D: QuotedOn = { dataset: 'rrsis-d', split: 'test', n: 3481 };
export const RISBENCH: QuotedOn = { dataset: 'risbench', split: 'test', n: 16_159 };

type Pair = readonly [pr50: number, mIoU: number];

const figures = (box: Pair, mask: Pair): QuotedFigures => ({
  box: { pr50: box[0], mIoU: box[1] },
  mask: { pr50: mask[0], mIoU: mask[1] },
});

/** On RRSIS-D: the method without refinement, and what is left of it without a stage. */
export const STAGES = {
  'full method': figures([30.15, 32.92], [12.84, 21.85]),
  'without VLM': figures([16.22, 18.82], [11.43, 15.81]),
  'without diffusion': figures([21.49, 26.26], [1.18, 6.15]),
  'without Evolve': figures([22.63, 26.65], [10.26, 20.56]),
  'order O-E-F': figures([27.34, 29.51], [7.18, 15.89]),
} as const satisfies Record<string, QuotedFigures>;

/** On RRSIS-D: box Pr@0.5 and mask mIoU. `weighted`, which the released scripts compute, is not in the table. */
export const INTERACTIONS: Partial<Record<Interaction, QuotedFigures>> = {
  cosine: { box: { pr50: 30.15 }, mask: { mIoU: 21.85 } },
  multiplicative: { box: { pr50: 29.26 }, mask: { mIoU: 20.75 } },
  anchor: { box: { pr50: 28.73 }, mask: { mIoU: 16.58 } },
  exponential: { box: { pr50: 27.38 }, mask: { mIoU: 14.0 } },
};

/** On RRSIS-D: box and mask mIoU by the resolutions that are read. */
export const RESOLUTIONS: readonly {
  readonly resolutions: readonly number[];
  readonly quoted: QuotedFigures;
}[] = [
  { resolutions: [32], quoted: { box: { mIoU: 31.97 }, mask: { mIoU: 21.11 } } },
  { resolutions: [64], quoted: { box: { mIoU: 30.76 }, mask: { mIoU: 20.13 } } },
  { resolutions: [32, 64], quoted: { box: { mIoU: 32.92 }, mask: { mIoU: 21.85 } } },
  { resolutions: [16, 32, 64], quoted: { box: { mIoU: 30.51 }, mask: { mIoU: 20.36 } } },
];

export interface QuotedMethod {
  readonly method: string;
  /** Ours of the same, where we have one. */
  readonly preset: PresetName | null;
  readonly quoted: QuotedFigures;
}

/** On RRSIS-D: what the method is compared with. */
export const METHODS: readonly QuotedMethod[] = [
  {
    method: 'RSVG-ZeroOV, SAM',
    preset: 'rsvg-zeroov+sam',
    quoted: figures([31.39, 34.49], [27.39, 28.35]),
  },
  {
    method: 'DiffSegmenter, VLM',
    preset: 'diffsegmenter-vlm',
    quoted: figures([25.11, 28.5], [19.42, 23.73]),
  },
  {
    method: 'DiffPNG, VLM',
    preset: 'diffpng-vlm',
    quoted: figures([21.29, 24.89], [17.64, 20.99]),
  },
  { method: 'QueryMatch', preset: null, quoted: figures([16.22, 17.21], [15.54, 15.73]) },
  { method: 'OV-VG', preset: null, quoted: { box: { pr50: 16.2, mIoU: 21.62 } } },
  { method: 'Qwen2.5-VL, its box', preset: 'direct-box', quoted: { box: { pr50: 28.66 } } },
  { method: 'GeoChat, its box', preset: null, quoted: { box: { pr50: 23.93 } } },
];

/** The same on RISBench. */
export const METHODS_ON_RISBENCH: readonly QuotedMethod[] = [
  {
    method: 'RSVG-ZeroOV, SAM',
    preset: 'rsvg-zeroov+sam',
    quoted: figures([38.9, 38.87], [31.03, 31.84]),
  },
  { method: 'OV-VG', preset: null, quoted: figures([22.4, 22.85], [17.75, 16.17]) },
  { method: 'GroundVLP', preset: null, quoted: figures([19.91, 19.19], [15.82, 15.58]) },
];
