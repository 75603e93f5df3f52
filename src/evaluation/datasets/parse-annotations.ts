/** Annotation files → values that a schema has checked; what is wrong is said with its place in the file. */
import { z } from 'zod';
import { parseStrictJson } from '../../checkpoint/strict-json.ts';
import { ZeroovError } from '../../errors.ts';
import { plainPath } from './dataset-folder.ts';

/** RRSIS-D has 17 402 annotations, RISBench 52 472 samples; published files nest six deep. */
const RULES = { maxDepth: 32, maxEntries: 5_000_000, numbers: 'any' } as const;

/** A place in an annotation file. */
export interface Place {
  readonly file: string;
  readonly where: string;
}

/** @throws DATASET_INVALID */
export function parseJson<Schema extends z.ZodType>(
  text: string,
  { schema, ...place }: Place & { readonly schema: Schema },
): z.output<Schema> {
  const parsed = parseStrictJson(text, RULES);
  if (parsed.ok) return checkValue(parsed.value, { schema, ...place });
  const pointer = text.startsWith('version https://git-lfs');
  throw invalid(place, pointer ? 'it is a Git LFS pointer, not the file itself' : parsed.reason);
}

/** The value of every line that is not blank, with its place. @throws DATASET_INVALID */
export function parseJsonLines<Schema extends z.ZodType>(
  text: string,
  { file, schema }: { readonly file: string; readonly schema: Schema },
): (Place & { readonly value: z.output<Schema> })[] {
  return linesOf(text).map(({ line, number }) => {
    const place = { file, where: `line ${number}` };
    return { ...place, value: parseJson(line, { schema, ...place }) };
  });
}

/** Lines that are not blank, numbered from 1, with CRLF or LF between. */
export function linesOf(text: string): { line: string; number: number }[] {
  const lines = text.split(/\r?\n/).map((line, i) => ({ line, number: i + 1 }));
  return lines.filter(({ line }) => line.trim() !== '');
}

/** @throws DATASET_INVALID with the first thing the schema does not allow */
export function checkValue<Schema extends z.ZodType>(
  value: unknown,
  { schema, ...place }: Place & { readonly schema: Schema },
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const message = issue.message.replace(/^Invalid input: /, '');
  const path = z.core.toDotPath(issue.path);
  throw invalid(place, path === '' ? message : `${path}: ${message}`);
}

/** The path of a picture or mask as an annotation names it. @throws DATASET_INVALID for one outside the dataset */
export function fileIn(place: Place, path: string): string {
  const plain = plainPath(path);
  if (plain !== null) return plain;
  throw invalid(place, `${JSON.stringify(path.slice(0, 200))} is no path inside the dataset`);
}

export function invalid({ file, where }: Place, reason: string): ZeroovError {
  return new ZeroovError('DATASET_INVALID', { file, where, reason });
}
