/** Writes report.html and report.md beside the results that they show. */
import { join } from 'node:path';
import type { Manifest } from '../run/manifest.ts';
import type { Dataset } from '../sample.ts';
import { TextFile } from '../text-file.ts';
import { drawGallery } from './gallery.ts';
import { reportMarkdown } from './markdown.ts';
import { reportPage } from './page.ts';
import { readReportData } from './report-data.ts';

export interface ReportParts {
  /** The run's own folder, whose evidence shows what the stages saw; left out where no model of ours ran. */
  readonly run?: string;
  /** Null where another program made the predictions. */
  readonly manifest: Manifest | null;
  /** For the pictures of the examples; null: they are shown without. */
  readonly dataset: Dataset | null;
}

/**
 * From the folder's summary.json and results.jsonl, and its sweep.json and ablation.json where there are any.
 *
 * @throws RUN_NOT_FOUND, RUN_CORRUPT, OUTPUT_WRITE
 */
export async function writeReport(
  folder: string,
  { run, manifest, dataset }: ReportParts,
): Promise<void> {
  const data = await readReportData(folder, manifest);
  const { preset } = data.summary;
  const evidence = run && manifest && preset ? { run, manifest, variant: preset } : null;
  const gallery = await drawGallery(data.examples, { dataset, evidence });
  await write(join(folder, 'report.md'), reportMarkdown(data));
  await write(join(folder, 'report.html'), reportPage(data, gallery));
}

async function write(path: string, text: string): Promise<void> {
  const file = new TextFile(path);
  try {
    await file.write(text);
    await file.close();
    await file.place();
  } finally {
    await file.abandon();
  }
}
