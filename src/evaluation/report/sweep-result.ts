import { z } from 'zod';

const percent = z.number().min(0).max(100);
const scores = z.object({ pr50: percent, mIoU: percent });

/** sweep.json: what `zeroov sweep` writes and the report draws. Percentages by the dataset's headline profile. */
export const SWEEP_SCHEMA = z.object({
  version: z.literal(1),
  /** Samples that every setting was tried on. */
  n: z.int().min(0),
  settings: z.array(
    z.object({
      order: z.string(),
      interaction: z.string(),
      seeds: z.int(),
      tau: z.number(),
      alpha: z.number(),
      /** null where the dataset has no such truth. */
      box: scores.nullable(),
      mask: scores.nullable(),
    }),
  ),
  /** Where in `settings` the run's own stands, and the paper's. */
  own: z.int(),
  paper: z.int(),
});
export type SweepResult = z.infer<typeof SWEEP_SCHEMA>;
export type SweepSetting = SweepResult['settings'][number];
