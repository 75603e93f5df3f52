/**
 * summary.json, version 1: the figures of a run. Percentages, rounded to 6 decimals. Keys may be added within the version, none
 * is removed or changes its meaning; docs/reference/evaluation-files.md says what they mean.
 */
import { z } from 'zod';
import { PROFILE_NAMES, THRESHOLD_NAMES } from './metrics/profiles.ts';
import { DATASET_NAMES } from './sample.ts';

const count = z.int().min(0);
const percent = z.number().min(0).max(100);
const interval = z.tuple([percent, percent]);
/** Under 0.5 the share of samples whose IoU passes 0.5. */
const atThresholds = <T extends z.ZodType>(value: T) => z.record(z.enum(THRESHOLD_NAMES), value);
const byProfile = <T extends z.ZodType>(value: T) => z.partialRecord(z.enum(PROFILE_NAMES), value);
const ofBoxesAndMasks = <T extends z.ZodType>(value: T) =>
  z.object({ box: byProfile(value), mask: byProfile(value) });

const figures = z.object({
  /** Samples that count: those whose truth has a box (or a mask), and failed ones whose truth cannot be read. */
  n: count,
  pr: atThresholds(percent),
  mIoU: percent,
  oIoU: percent,
});
const intervals = z.object({ pr: atThresholds(interval), mIoU: interval, oIoU: interval });

const metrics = ofBoxesAndMasks(figures);
const group = z.object({
  n: count,
  metrics,
  intervals: ofBoxesAndMasks(intervals),
});
const groups = z.record(z.string(), group);

export const SUMMARY_SCHEMA = z.object({
  version: z.literal(1),
  dataset: z.enum(DATASET_NAMES),
  split: z.string(),
  /** The variant of the method; null for predictions of another program. */
  preset: z.string().nullable(),
  /** Samples, and what became of them: n = ok + notFound + failed. */
  n: count,
  ok: count,
  notFound: count,
  failed: count,
  /** Failed samples by the code of their error. */
  failures: z.record(z.string(), count),
  /** The profile of the tables by category, size and kind. */
  headline: z.enum(PROFILE_NAMES),
  /** Over all samples; a failed one counts as nothing found. */
  metrics,
  /** Over the samples that did not fail. */
  decodable: z.object({ n: count, metrics }),
  /** Of `metrics`: percentile bootstrap over samples. */
  intervals: z.object({
    resamples: count,
    seed: count,
    level: percent,
    ...ofBoxesAndMasks(intervals).shape,
  }),
  byCategory: groups,
  bySize: groups,
  byKind: groups,
});
export type Summary = z.infer<typeof SUMMARY_SCHEMA>;
export type Figures = z.infer<typeof figures>;
export type Intervals = z.infer<typeof intervals>;
export type FigureGroup = z.infer<typeof group>;
