import { ZeroovError } from '../errors.ts';
import { READERS } from './datasets/readers.ts';
import { findDataset } from './find-dataset.ts';
import type { Dataset, DatasetName, Sample } from './sample.ts';

export interface DatasetOptions {
  readonly name: DatasetName;
  /** Its folder, the one above it, or one inside it. */
  readonly root: string;
  /** `test` when not given. */
  readonly split?: string | undefined;
}

/**
 * Opens one split of a dataset as it was downloaded. Annotations are read now, pictures and masks when asked for: a
 * missing one is a matter of its sample. Nothing outside the folder is opened.
 *
 * @throws OPTION_INVALID for a split it does not have; DATASET_NOT_FOUND, which names the paths that were looked for;
 *   DATASET_INVALID with the place in an annotation file
 */
export async function openDataset(options: DatasetOptions): Promise<Dataset> {
  const { name, root, split = 'test' } = options;
  assertSplit(name, split);
  const { folder, form } = await findDataset({ name, root, split });
  const { samples, has } = await form.open(folder);
  assertDistinct(samples, { file: form.needs[0]!, split });
  return { name, root: folder.root, split, samples, has, fingerprint: folder.fingerprint() };
}

/** @throws OPTION_INVALID */
export function assertSplit(name: DatasetName, split: string): void {
  const { splits } = READERS[name];
  if (Object.hasOwn(splits, split)) return;
  const expected = `${Object.keys(splits).join(', ')} for ${name}`;
  throw new ZeroovError('OPTION_INVALID', { option: '--split', expected, got: split });
}

function assertDistinct(
  samples: readonly Sample[],
  { file, split }: { readonly file: string; readonly split: string },
): void {
  const invalid = (where: string, reason: string) =>
    new ZeroovError('DATASET_INVALID', { file, where, reason });
  if (samples.length === 0) throw invalid('whole file', `it has no sample for ${split}`);
  const seen = new Set<string>();
  for (const { id } of samples) {
    if (seen.has(id)) throw invalid(`sample ${id}`, 'the id is there twice');
    seen.add(id);
  }
}
