/** What is made of a complete journal: results in the dataset's order, whatever the order in which they came. */
import { join } from 'node:path';
import { writeOutcome } from '../outcome.ts';
import type { SampleRecord } from '../sample.ts';
import type { Summary } from '../summary.ts';
import { TextFile } from '../text-file.ts';
import { idOf, readEntries } from './entry.ts';
import type { Manifest } from './manifest.ts';

/** The first variant's results lie in the run's folder, those of each other in a folder in it. */
export function folderOf(run: string, { i, name }: { i: number; name: string }): string {
  return i === 0 ? run : join(run, name);
}

export interface Completed {
  /** Where the variant's outcome lies. */
  readonly folder: string;
  readonly summary: Summary;
}

/**
 * Writes every variant's outcome and timings.jsonl.
 *
 * @returns the variants in their order
 * @throws RUN_UNFINISHED, OUTPUT_WRITE
 */
export async function completeRun(run: string, manifest: Manifest): Promise<Completed[]> {
  const { name: dataset, split, has } = manifest.dataset;
  const { count } = manifest.samples;
  const completed: Completed[] = [];
  for (const [i, name] of Object.keys(manifest.variants).entries()) {
    const folder = folderOf(run, { i, name });
    const subject = { dataset, split, preset: name, has };
    const records = recordsOf(run, { count, name });
    completed.push({ folder, summary: await writeOutcome(folder, { subject, records }) });
  }
  await writeTimings(run, count);
  return completed;
}

async function* recordsOf(
  run: string,
  { count, name }: { count: number; name: string },
): AsyncGenerator<SampleRecord> {
  for await (const { records } of readEntries(run, count)) yield records[name]!;
}

/** What differs from run to run, so that nothing else does. */
async function writeTimings(run: string, count: number): Promise<void> {
  const file = new TextFile(join(run, 'timings.jsonl'));
  try {
    for await (const entry of readEntries(run, count)) {
      const { seconds, provider } = entry;
      await file.write(`${JSON.stringify({ id: idOf(entry), provider, seconds })}\n`);
    }
    await file.close();
    await file.place();
  } finally {
    await file.abandon();
  }
}
