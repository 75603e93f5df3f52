/** Downloading with the sizes named before and a bar while it comes; shared by `models pull` and `ground`. */

import { type PullPlan, pullModel } from '../checkpoint/hub.ts';
import { parseModelId } from '../checkpoint/hub-cache.ts';
import { locateCheckpoint } from '../checkpoint/locate.ts';
import { humanBytes, ZeroovError } from '../errors.ts';
import { downloadBar } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface PullRequest {
  /** `org/name` or `org/name@revision` */
  readonly id: string;
  readonly variant?: string | undefined;
  /** Download without asking. */
  readonly yes: boolean;
  readonly signal: AbortSignal;
}

/** @returns the folder. @throws what pullModel throws; CANCELLED when the answer is no */
export async function pull(terminal: Terminal, request: PullRequest): Promise<string> {
  const { id, variant, yes, signal } = request;
  const bar = downloadBar(terminal);
  const confirm = async (plan: PullPlan): Promise<boolean> => {
    for (const line of sizesOf(plan)) terminal.note(line);
    return yes || !terminal.interactive || (await terminal.confirm('Download? [y/N] ', signal));
  };
  try {
    const { folder } = await pullModel({ id, variant, signal, confirm, onProgress: bar.show });
    return folder;
  } finally {
    bar.stop();
  }
}

function sizesOf({ id, commit, files, missingBytes, totalBytes, repo }: PullPlan): string[] {
  const missing = files.filter((file) => !file.cached);
  const width = Math.max(...missing.map((file) => file.path.length));
  const there = totalBytes - missingBytes;
  return [
    `${id} at ${commit.slice(0, 12)}: ${missing.length} files, ${humanBytes(missingBytes)} to download` +
      (there > 0 ? ` (${humanBytes(there)} are there already)` : ''),
    ...missing.map((file) => `  ${file.path.padEnd(width)}  ${humanBytes(file.bytes)}`),
    `into ${repo}`,
  ];
}

/**
 * A checkpoint that is not there and is a hub's is offered for download when a person is at the terminal.
 *
 * @throws CHECKPOINT_NOT_FOUND, which says how to get it
 */
export async function offerIfMissing(
  terminal: Terminal,
  { id, signal }: { id: string; signal: AbortSignal },
): Promise<void> {
  try {
    await locateCheckpoint(id);
  } catch (error) {
    const missing = error instanceof ZeroovError && error.code === 'CHECKPOINT_NOT_FOUND';
    if (!missing || !terminal.interactive || !parseModelId(id)) throw error;
    terminal.note(`${id} is not in the cache.`);
    await pull(terminal, { id, yes: false, signal });
  }
}
