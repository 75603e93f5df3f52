/**
 * How published evaluations turn a comparison into figures: data, not code. Facts and their sources: DATASETS.md §2, and
 * docs/reference/metrics.md for people. In all of them a mask pair without any pixel scores 0, and so does a box pair without area,
 * but in `release`, where a missing box is a pixel.
 */
import type { DatasetName, MaskResolution } from '../sample.ts';

/** Whether an IoU equal to the threshold passes. */
type Passes = '>=' | '>';

export interface MaskRule {
  readonly resolution: MaskResolution;
  /** Added to the union of a sample's IoU, not to those of oIoU. */
  readonly epsilon: number;
  /** What the IoU is computed in; `float32` rounds 3/10 up and 7/10 down, past the thresholds. */
  readonly precision: 'float32' | 'float64';
  readonly passes: Passes;
}

export interface BoxRule {
  /** `continuous`: edges, width x2 − x1. `inclusive`: first and last pixel, width x2 − x1 + 1. */
  readonly corners: 'continuous' | 'inclusive';
  /** `truncated`: cut to whole numbers, towards 0. */
  readonly truth: 'as-is' | 'truncated';
  /** What stands for no box: nothing, or the box [0, 0, 0, 0], which with inclusive corners is one pixel. */
  readonly missing: 'nothing' | 'origin';
  readonly epsilon: number;
  readonly passes: Passes;
}

export interface Profile {
  readonly about: string;
  /** Null where the profile has no such metric. */
  readonly box: BoxRule | null;
  readonly mask: MaskRule | null;
  /** Those that its authors print. */
  readonly thresholds: readonly number[];
}

/** Every profile is computed at all of these, ascending. */
export const THRESHOLD_NAMES = ['0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.9'] as const;
export const THRESHOLDS = THRESHOLD_NAMES.map(Number);

const FROM_HALF = [0.5, 0.6, 0.7, 0.8, 0.9] as const;
const CONTINUOUS: BoxRule = {
  corners: 'continuous',
  truth: 'as-is',
  missing: 'nothing',
  epsilon: 0,
  passes: '>=',
};
const PIXELS = { epsilon: 0, precision: 'float64', passes: '>=' } as const;

export const PROFILES = {
  paper: {
    about: 'masks as LAVT and RMSIN (480², ≥), boxes with continuous corners (≥)',
    box: CONTINUOUS,
    mask: { ...PIXELS, resolution: '480' },
    thresholds: FROM_HALF,
  },
  release: {
    about:
      'as the released scripts of RSVG-ZeroOV: masks at 800², boxes with inclusive corners (>)',
    box: {
      corners: 'inclusive',
      truth: 'truncated',
      missing: 'origin',
      epsilon: 1e-6,
      passes: '>',
    },
    mask: { resolution: '800', epsilon: 1e-6, precision: 'float32', passes: '>' },
    thresholds: [0.3, 0.5, 0.7],
  },
  native: {
    about: "masks at the truth's own size (≥)",
    box: null,
    mask: { ...PIXELS, resolution: 'native' },
    thresholds: FROM_HALF,
  },
  'dior-rsvg': {
    about: 'boxes as MGVLF (>)',
    box: { ...CONTINUOUS, epsilon: 1e-16, passes: '>' },
    mask: null,
    thresholds: FROM_HALF,
  },
  'opt-rsvg': {
    about: 'boxes as LPVA (≥)',
    box: { ...CONTINUOUS, epsilon: 1e-16 },
    mask: null,
    thresholds: FROM_HALF,
  },
} as const satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as ProfileName[];

/** The profile that tables by category, size and kind and comparisons of runs use. */
export function headlineProfile(dataset: DatasetName): ProfileName {
  return dataset === 'dior-rsvg' || dataset === 'opt-rsvg' ? dataset : 'paper';
}
