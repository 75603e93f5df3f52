/** What the journal holds of a sample: its records, and what is true of this one time only (seconds, provider). */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ZeroovError } from '../../errors.ts';
import type { Grounder } from '../../pipeline/grounder.ts';
import type { SampleRecord } from '../sample.ts';
import { type JournalLine, readJournal, readLineAt } from './journal.ts';

export type Provider = NonNullable<Grounder['provider']>;

export interface Entry {
  /** The sample's place in the dataset's order. */
  readonly position: number;
  /** sha256 of the picture's bytes; null where there was no file to read. */
  readonly picture: string | null;
  /** Where the networks ran; null before they did. */
  readonly provider: Provider | null;
  readonly seconds: Readonly<Record<string, number>>;
  /** By the name of the variant. */
  readonly records: Readonly<Record<string, SampleRecord>>;
}

export const journalOf = (run: string): string => join(run, 'journal.jsonl');

/** A line of the journal of a run whose manifest is ours: what it holds was written by this version. */
export const entryOf = ({ value }: Pick<JournalLine, 'value'>): Entry => value as Entry;

export const idOf = ({ records }: Entry): string => Object.values(records)[0]!.id;

/** A sample fails under every variant or under none. */
export const isFailed = ({ records }: Entry): boolean =>
  Object.values(records).some(({ status }) => status === 'failed');

/** How many samples are in the journal, and how many of them failed. */
export async function countDone(run: string): Promise<{ done: number; failed: number }> {
  const failed = new Map<number, boolean>();
  for await (const line of readJournal(journalOf(run))) {
    if (line) failed.set(entryOf(line).position, isFailed(entryOf(line)));
  }
  return { done: failed.size, failed: [...failed.values()].filter(Boolean).length };
}

/**
 * The entries of a run of `count` samples, in the dataset's order; a sample that was done again counts as it is now.
 *
 * @throws RUN_UNFINISHED
 */
export async function* readEntries(run: string, count: number): AsyncGenerator<Entry> {
  const places = new Map<number, Pick<JournalLine, 'position' | 'length'>>();
  for await (const line of readJournal(journalOf(run))) {
    if (!line) continue;
    const { position, length } = line;
    places.set(entryOf(line).position, { position, length });
  }
  const done = places.size;
  if (done < count) throw new ZeroovError('RUN_UNFINISHED', { run, done, of: count });
  const handle = await open(journalOf(run));
  try {
    for (const position of [...places.keys()].sort((a, b) => a - b)) {
      yield entryOf({ value: await readLineAt(handle, places.get(position)!) });
    }
  } finally {
    await handle.close();
  }
}
