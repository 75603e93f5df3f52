import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';

/** An empty folder of our own for files that do not last; the caller removes it. @throws TEMPORARY_FOLDER */
export function temporaryFolder(prefix: string): string {
  try {
    return mkdtempSync(join(tmpdir(), prefix));
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ZeroovError('TEMPORARY_FOLDER', { path: tmpdir(), reason }, { cause });
  }
}
