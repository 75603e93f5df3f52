/** sweep.json: every setting with its scores, and which of them is which. */
import type { MethodOptions } from '../../pipeline/presets.ts';
import type { SweepResult } from '../report/sweep-result.ts';
import type { Manifest } from '../run/manifest.ts';
import type { SettingFigures, SettingScores } from './setting-figures.ts';
import type { SweepSettings } from './sweep-settings.ts';

/** A setting chosen on the samples that are reported is chosen by the answers. */
export const NOTE =
  'Settings are to be chosen on samples that are not reported: the best one here is no result, only how much there is to gain.';

export interface SweptSetting extends SettingScores {
  readonly order: MethodOptions['order'];
  readonly interaction: MethodOptions['interaction'];
  readonly seeds: number;
  readonly tau: number;
  readonly alpha: number;
}

/** Also what `SWEEP_SCHEMA` does not ask for. */
export interface SweepDocument extends SweepResult {
  readonly dataset: string;
  readonly split: string;
  readonly preset: string;
  readonly note: string;
  readonly settings: SweptSetting[];
  /** Places in `settings`: the run's own, the paper's, and the first with the highest mIoU. */
  readonly own: number;
  readonly paper: number;
  readonly best: { readonly box: number | null; readonly mask: number | null };
}

export function sweepDocument(
  { manifest, variant }: { readonly manifest: Manifest; readonly variant: string },
  { settings, own, paper }: SweepSettings,
  scores: readonly SettingScores[],
): SweepDocument {
  const { name: dataset, split } = manifest.dataset;
  return {
    version: 1,
    dataset,
    split,
    preset: variant,
    n: manifest.samples.count,
    note: NOTE,
    own,
    paper,
    best: {
      box: bestOf(scores.map(({ box }) => box)),
      mask: bestOf(scores.map(({ mask }) => mask)),
    },
    settings: settings.map(({ order, interaction, seeds, tau, alpha }, i) => ({
      order,
      interaction,
      seeds,
      tau,
      alpha,
      ...scores[i]!,
    })),
  };
}

function bestOf(figures: readonly (SettingFigures | null)[]): number | null {
  let best: number | null = null;
  for (const [i, found] of figures.entries()) {
    if (found && found.mIoU > (best === null ? -1 : figures[best]!.mIoU)) best = i;
  }
  return best;
}
