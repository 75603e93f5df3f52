/** Intersection, union and IoU of one sample by the rules of a profile. */
import type { Box } from '../../tensor/image.ts';
import type { Dataset, MaskCounts, SampleRecord, Scores } from '../sample.ts';
import { type BoxRule, type MaskRule, PROFILES, type ProfileName, THRESHOLDS } from './profiles.ts';

/** What is compared. */
export const TARGETS = ['box', 'mask'] as const;
export type Target = (typeof TARGETS)[number];

export interface Overlap {
  /** In pixels or square pixels, without the rule's epsilon: oIoU is the ratio of their sums. */
  readonly intersection: number;
  readonly union: number;
  /** 0..1 */
  readonly iou: number;
}

/** Of a sample whose truth is not known: it counts, and nothing of it was found. */
const NO_OVERLAP: Overlap = { intersection: 0, union: 0, iou: 0 };

/**
 * Whether a sample counts for a metric: where its truth has one, and where it failed and its truth cannot be read, which leaves
 * neither score.
 */
export function counts(
  { status, scores }: Pick<SampleRecord, 'status' | 'scores'>,
  { target, has }: { readonly target: Target; readonly has: Dataset['has'] },
): boolean {
  const unknown = status === 'failed' && !scores.box && !scores.mask;
  return unknown ? has[target] : scores[target] !== null;
}

/** Under a profile that has the metric. */
export function overlapOf(
  { box, mask }: Scores,
  { target, profile }: { readonly target: Target; readonly profile: ProfileName },
): Overlap {
  const rules = PROFILES[profile];
  if (target === 'box') return box && rules.box ? overlapOfBoxes(box, rules.box) : NO_OVERLAP;
  return mask && rules.mask ? overlapOfMasks(mask[rules.mask.resolution], rules.mask) : NO_OVERLAP;
}

/** IoU = I / (U + epsilon), 0 where that divides by 0. */
export function overlapOfMasks(
  { intersection, union }: MaskCounts,
  { epsilon, precision }: MaskRule,
): Overlap {
  const round = precision === 'float32' ? Math.fround : (value: number) => value;
  const below = round(union + round(epsilon));
  return { intersection, union, iou: below === 0 ? 0 : round(intersection / below) };
}

/** IoU = I / (U + epsilon), 0 where that divides by 0. */
export function overlapOfBoxes(
  { predicted, truth }: NonNullable<Scores['box']>,
  rule: BoxRule,
): Overlap {
  const found = predicted ? cornersOf(predicted, rule) : rule.missing === 'origin' ? ORIGIN : null;
  const expected = rule.truth === 'truncated' ? truncated(truth) : truth;
  const grown = rule.corners === 'inclusive' ? 1 : 0;
  const areas = intersectBoxes({ found, expected, grown });
  const below = areas.union + rule.epsilon;
  return { ...areas, iou: below === 0 ? 0 : areas.intersection / below };
}

/**
 * Areas that two boxes share and cover together.
 * @param boxes.grown 1 where corners are the first and last pixel, 0 where they are edges
 */
export function intersectBoxes(boxes: {
  readonly found: Box | null;
  readonly expected: Box;
  readonly grown: 0 | 1;
}): Omit<Overlap, 'iou'> {
  const { found, expected, grown } = boxes;
  const side = (from: number, to: number) => Math.max(0, to - from + grown);
  const area = ([x1, y1, x2, y2]: Box) => side(x1, x2) * side(y1, y2);
  if (!found) return { intersection: 0, union: area(expected) };
  const shared: Box = [
    Math.max(found[0], expected[0]),
    Math.max(found[1], expected[1]),
    Math.min(found[2], expected[2]),
    Math.min(found[3], expected[3]),
  ];
  const intersection = area(shared);
  return { intersection, union: area(found) + area(expected) - intersection };
}

/** How many of `THRESHOLDS` an IoU passes: they ascend, so these are the first ones. */
export function levelOf(iou: number, { passes }: Pick<MaskRule, 'passes'>): number {
  const below = THRESHOLDS.findIndex((threshold) =>
    passes === '>=' ? iou < threshold : iou <= threshold,
  );
  return below < 0 ? THRESHOLDS.length : below;
}

const ORIGIN: Box = [0, 0, 0, 0];

/** Our far edge lies behind the last pixel, where inclusive corners name the last pixel itself. */
function cornersOf(box: Box, { corners }: BoxRule): Box {
  const [x1, y1, x2, y2] = box;
  return corners === 'inclusive' ? [x1, y1, x2 - 1, y2 - 1] : box;
}

function truncated([x1, y1, x2, y2]: Box): Box {
  return [Math.trunc(x1), Math.trunc(y1), Math.trunc(x2), Math.trunc(y2)];
}
