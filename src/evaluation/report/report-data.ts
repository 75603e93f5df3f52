/** What a report is made of, read from a folder of results in one pass. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { ABLATION_SCHEMA, type AblationDocument } from '../ablation/ablation-document.ts';
import { counts, overlapOf, TARGETS, type Target } from '../metrics/overlap.ts';
import { readRunFile } from '../read-run-file.ts';
import { readResults } from '../results.ts';
import type { Manifest } from '../run/manifest.ts';
import { SUMMARY_SCHEMA, type Summary } from '../summary.ts';
import { ExampleChooser, type Examples } from './examples.ts';
import { SWEEP_SCHEMA, type SweepResult } from './sweep-result.ts';

export interface ReportData {
  readonly summary: Summary;
  /** Null where another program made the predictions, and for a folder that lost it. */
  readonly manifest: Manifest | null;
  /** Null where no sweep was made. */
  readonly sweep: SweepResult | null;
  /** Null where none was made. */
  readonly ablation: AblationDocument | null;
  /** IoUs under the headline profile, of the samples that count. */
  readonly ious: Readonly<Record<Target, readonly number[]>>;
  readonly examples: Examples;
}

/** @throws RUN_NOT_FOUND, RUN_CORRUPT */
export async function readReportData(
  folder: string,
  manifest: Manifest | null,
): Promise<ReportData> {
  const summary = await readRunFile(folder, { name: 'summary.json', schema: SUMMARY_SCHEMA });
  const { headline: profile, metrics } = summary;
  const measured = (target: Target) => metrics[target][profile] !== undefined;
  const has = { box: measured('box'), mask: measured('mask') };
  const ious = { box: [] as number[], mask: [] as number[] };
  const chooser = new ExampleChooser(profile);
  for await (const record of readResults(folder)) {
    chooser.add(record);
    for (const target of TARGETS) {
      if (!has[target] || !counts(record, { target, has })) continue;
      ious[target].push(overlapOf(record.scores, { target, profile }).iou);
    }
  }
  const sweep = await readIfThere(folder, { name: 'sweep.json', schema: SWEEP_SCHEMA });
  const ablation = await readIfThere(folder, { name: 'ablation.json', schema: ABLATION_SCHEMA });
  return { summary, manifest, sweep, ablation, ious, examples: chooser.examples };
}

async function readIfThere<Schema extends z.ZodType>(
  folder: string,
  file: { readonly name: string; readonly schema: Schema },
): Promise<z.output<Schema> | null> {
  return existsSync(join(folder, file.name)) ? readRunFile(folder, file) : null;
}
