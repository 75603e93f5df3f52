/** A worker's share of a run: its samples one after the other, each in the journal before the next begins. */
import { ZeroovError } from '../../errors.ts';
import type { Dataset } from '../sample.ts';
import { type Entry, entryOf, idOf, isFailed, journalOf } from './entry.ts';
import { type Evaluated, Evaluator, type EvaluatorParts } from './evaluate-sample.ts';
import { appendLine, readJournal } from './journal.ts';
import { Pictures } from './pictures.ts';
import { evidenceFile, hasEvidence, writeEvidence } from './stage-cache.ts';

/** The `worker`-th of `of`, from 0. */
export interface Share {
  readonly worker: number;
  readonly of: number;
}

export interface ShareParts extends EvaluatorParts {
  /** The run's folder. */
  readonly run: string;
  /** Samples of the run, as positions in the dataset's order. */
  readonly positions: readonly number[];
  readonly share: Share;
  /** Whether evidence is kept. */
  readonly cache: boolean;
  /** So many failures of one kind in a row end the run (`failuresIn`): then it is not the samples' fault. */
  readonly haltAfter: number;
  /** After every sample that is in the journal. */
  readonly onDone?: ((entry: Entry) => void) | undefined;
}

/**
 * Evaluates what of the share is not done. The journal is all that workers share; a sample is one worker's by its picture, so
 * that expressions about one picture meet in one process.
 *
 * @throws RUN_HALTED, CANCELLED, OUTPUT_WRITE, and what ends a run: errors of checkpoints and options
 */
export async function runShare(parts: ShareParts): Promise<void> {
  const evaluator = new Evaluator(parts);
  /** Failures are held back while they may be the start of a row that ends the run: these are to be done again. */
  let row: Evaluated[] = [];
  const settle = async () => {
    for (const evaluated of row) await keep(evaluated, parts);
    row = [];
  };
  try {
    for (const position of await pendingPositions(parts)) {
      const evaluated = await evaluator.evaluate(position);
      if (evaluated.error?.code !== row[0]?.error?.code) await settle();
      if (evaluated.error) row.push(evaluated);
      else await keep(evaluated, parts);
      if (failuresIn(row, parts) >= parts.haltAfter) throw halted(row);
    }
    await settle();
  } finally {
    await evaluator.close();
  }
}

/** Evidence first: what the journal names is there. */
async function keep({ entry, evidence }: Evaluated, parts: ShareParts): Promise<void> {
  const { run, cache, onDone } = parts;
  if (cache && evidence) await writeEvidence(evidenceFile(run, entry.position), evidence);
  await appendLine(journalOf(run), entry);
  onDone?.(entry);
}

/** How many there are: a picture that cannot be read is one, however many expressions are about it. */
function failuresIn(row: readonly Evaluated[], { dataset }: ShareParts): number {
  const faults = row.map(({ entry: { position }, error }) =>
    error?.class === 'InputRejected' ? dataset.samples[position]!.image : position,
  );
  return new Set(faults).size;
}

function halted(row: readonly Evaluated[]): ZeroovError {
  const { entry, error } = row.at(-1)!;
  const { code, message: reason } = error!;
  const fields = { count: row.length, code, sample: idOf(entry), reason };
  return new ZeroovError('RUN_HALTED', fields, { cause: error });
}

/** The positions of a share: those whose picture is the worker-th, of all pictures in order, modulo the workers. */
function positionsOf(
  { dataset, positions }: { dataset: Dataset; positions: readonly number[] },
  { worker, of }: Share,
): number[] {
  const pictures = new Map<string, number>();
  return positions.filter((position) => {
    const { image } = dataset.samples[position]!;
    const picture = pictures.get(image) ?? pictures.size;
    pictures.set(image, picture);
    return picture % of === worker;
  });
}

/** What of the share is not done. A sample whose picture or evidence is no longer what it was is done again. */
async function pendingPositions(parts: ShareParts): Promise<number[]> {
  const mine = new Set(positionsOf(parts, parts.share));
  const done = new Map<number, { readonly picture: string | null; readonly failed: boolean }>();
  for await (const line of readJournal(journalOf(parts.run))) {
    if (!line) continue;
    const entry = entryOf(line);
    const { position, picture } = entry;
    if (mine.has(position)) done.set(position, { picture, failed: isFailed(entry) });
  }
  const pictures = new Pictures(parts.dataset);
  const pending: number[] = [];
  for (const position of mine) {
    const known = done.get(position);
    const kept = !parts.cache || known?.failed || (await hasEvidence(parts.run, position));
    const picture = known && (await pictures.identify(parts.dataset.samples[position]!));
    if (!known || !kept || known.picture !== picture) pending.push(position);
  }
  return pending;
}
