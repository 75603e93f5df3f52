import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { systemCode } from '../checkpoint/regular-file.ts';
import { ZeroovError } from '../errors.ts';

/** A JSON file of a run. @throws RUN_NOT_FOUND, RUN_CORRUPT */
export async function readRunFile<Schema extends z.ZodType>(
  run: string,
  { name, schema }: { readonly name: string; readonly schema: Schema },
): Promise<z.output<Schema>> {
  const text = await readFile(join(run, name), 'utf8').catch((error: unknown) => {
    throw runFileError({ run, name, error });
  });
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const reason = 'is not of the form that this version of zeroov writes';
    throw new ZeroovError('RUN_CORRUPT', { file: join(run, name), reason }, { cause });
  }
}

/** What a file of a run that cannot be opened says of the run. */
export function runFileError(failed: {
  readonly run: string;
  readonly name: string;
  readonly error: unknown;
}): ZeroovError {
  const { run, name: file, error } = failed;
  const code = systemCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ZeroovError('RUN_NOT_FOUND', { run, file });
  return new ZeroovError('RUN_CORRUPT', {
    file: join(run, file),
    reason: `cannot be read (${code})`,
  });
}
