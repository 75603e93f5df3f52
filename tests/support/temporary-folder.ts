/** Folders for tests: made when asked for, removed when the test file is done. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A folder that starts as a copy of `from`; strings and bytes of `files` are written as they are, the rest as JSON. */
export function temporaryFolder(
  files: Readonly<Record<string, unknown>> = {},
  { from }: { from?: string } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'zeroov-test-'));
  made.push(folder);
  if (from) cpSync(from, folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const plain = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, name), plain ? content : JSON.stringify(content));
  }
  return folder;
}
