import { join } from 'node:path';
import { makeFolder, writing } from '../checkpoint/writing.ts';
import { cocoResultOf } from './coco-result.ts';
import { headlineProfile } from './metrics/profiles.ts';
import { type RunSubject, Tally } from './metrics/tally.ts';
import { predictionLine } from './prediction-line.ts';
import type { SampleRecord } from './sample.ts';
import { SAMPLE_HEADER, sampleRow } from './sample-row.ts';
import type { Summary } from './summary.ts';
import { TextFile } from './text-file.ts';

export interface Outcome {
  readonly subject: RunSubject;
  /** In the dataset's order. */
  readonly records: Iterable<SampleRecord> | AsyncIterable<SampleRecord>;
}

/**
 * Writes results.jsonl, predictions.jsonl, samples.csv, coco.json and summary.json into `folder`, made if need be.
 * Records stream through; files are put in place when all are whole, the summary last. The same records give the same bytes.
 *
 * @throws OUTPUT_WRITE, and what `records` throws
 */
export async function writeOutcome(folder: string, outcome: Outcome): Promise<Summary> {
  await writing(folder, () => makeFolder(folder));
  const file = (name: string) => new TextFile(join(folder, name));
  const files = {
    results: file('results.jsonl'),
    predictions: file('predictions.jsonl'),
    samples: file('samples.csv'),
    coco: file('coco.json'),
    summary: file('summary.json'),
  };
  try {
    const summary = await writeRecords(files, outcome);
    await files.summary.write(`${JSON.stringify(summary, null, 2)}\n`);
    for (const written of Object.values(files)) await written.close();
    for (const written of Object.values(files)) await written.place();
    return summary;
  } finally {
    for (const written of Object.values(files)) await written.abandon();
  }
}

type RecordFiles = Readonly<Record<'results' | 'predictions' | 'samples' | 'coco', TextFile>>;

async function writeRecords(
  { results, predictions, samples, coco }: RecordFiles,
  { subject, records }: Outcome,
): Promise<Summary> {
  const tally = new Tally(subject);
  const profile = headlineProfile(subject.dataset);
  let listed = 0;
  await samples.write(SAMPLE_HEADER);
  for await (const record of records) {
    tally.add(record);
    await results.write(`${JSON.stringify(record)}\n`);
    if (answered(record)) await predictions.write(predictionLine(record.prediction));
    await samples.write(sampleRow(record, profile));
    const result = cocoResultOf(record.prediction);
    if (!result) continue;
    await coco.write(`${listed === 0 ? '[' : ','}\n${JSON.stringify(result)}`);
    listed += 1;
  }
  await coco.write(listed === 0 ? '[]\n' : '\n]\n');
  return tally.summary();
}

/** A failed sample has no line, which says that it failed where the file is read; what was predicted of it is kept. */
function answered({ status, prediction: { box, mask } }: SampleRecord): boolean {
  return status !== 'failed' || box !== null || mask !== null;
}
