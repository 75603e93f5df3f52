/** results.jsonl: a record a line, in the dataset's order. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ZeroovError } from '../errors.ts';
import { box, rle } from '../pipeline/record-parts.ts';
import { readLines } from './lines.ts';
import { runFileError } from './read-run-file.ts';
import type { SampleRecord } from './sample.ts';

const RESULTS = 'results.jsonl';

const count = z.int().min(0);
const pixels = z.object({ intersection: count, union: count, predicted: count, truth: count });

const RECORD = z.object({
  id: z.string(),
  status: z.enum(['ok', 'not-found', 'failed']),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  expression: z.string(),
  image: z.string(),
  category: z.string().nullable(),
  kind: z.string().nullable(),
  prediction: z.object({
    id: z.string(),
    box: box.nullable(),
    mask: rle.nullable(),
    score: z.number().nullish(),
  }),
  scores: z.object({
    box: z.object({ predicted: box.nullable(), truth: box }).nullable(),
    mask: z.object({ native: pixels, '480': pixels, '800': pixels }).nullable(),
  }),
}) satisfies z.ZodType<SampleRecord>;

/** The records of a folder, one by one. @throws RUN_NOT_FOUND, RUN_CORRUPT */
export async function* readResults(folder: string): AsyncGenerator<SampleRecord> {
  const handle = await open(join(folder, RESULTS)).catch((error: unknown) => {
    throw runFileError({ run: folder, name: RESULTS, error });
  });
  try {
    for await (const { number, text } of readLines(handle)) {
      yield parseRecord(text, { file: join(folder, RESULTS), number });
    }
  } finally {
    await handle.close();
  }
}

function parseRecord(
  text: string | null,
  { file, number }: { readonly file: string; readonly number: number },
): SampleRecord {
  try {
    return RECORD.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    const reason = `is damaged at line ${number}: it is no record of this version of zeroov`;
    throw new ZeroovError('RUN_CORRUPT', { file, reason }, { cause });
  }
}
