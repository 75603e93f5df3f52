/** Where a dataset lies: in the folder given, in one inside it, or in the one above it. */
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { DatasetFolder } from './datasets/dataset-folder.ts';
import type { DatasetForm } from './datasets/reader.ts';
import { READERS } from './datasets/readers.ts';
import { hasFloatBoxes } from './datasets/voc-objects.ts';
import { DATASET_NAMES, type DatasetName } from './sample.ts';

export interface WantedDataset {
  readonly name: DatasetName;
  readonly root: string;
  readonly split: string;
}

export interface FoundDataset {
  readonly folder: DatasetFolder;
  readonly form: DatasetForm;
}

/**
 * The folder itself, else the only folder inside it that holds the dataset, else the one above it.
 *
 * @throws DATASET_NOT_FOUND, which says what was looked for
 */
export async function findDataset({ name, root, split }: WantedDataset): Promise<FoundDataset> {
  const notFound = (looked: string) =>
    new ZeroovError('DATASET_NOT_FOUND', { dataset: name, root, looked });
  const folder = await DatasetFolder.open(root);
  if (!folder) throw notFound('there is no such folder');
  const forms = READERS[name].forms(split);
  const own = await complete(folder, forms);
  if (own) return own;
  const inner: FoundDataset[] = [];
  for (const child of await folder.folders()) {
    inner.push(...(await within(join(folder.root, child), forms)));
  }
  if (inner.length > 1) {
    const names = inner.map((found) => found.folder.root.slice(folder.root.length + 1));
    throw notFound(`${names.join(' and ')} inside it all look like it, give one of them`);
  }
  const [found] = inner.length === 1 ? inner : await within(join(folder.root, '..'), forms);
  if (found) return found;
  throw notFound(await sayLooked(folder, forms));
}

/** The first dataset of which some split is there. @throws DATASET_NOT_FOUND */
export async function detectDataset(root: string): Promise<DatasetName> {
  for (const name of DATASET_NAMES) {
    for (const split of Object.keys(READERS[name].splits)) {
      const folder = await folderOf({ name, root, split });
      if (!folder) continue;
      // DIOR-RSVG and OPT-RSVG lie the same way; the boxes of the one are whole numbers.
      return name === 'dior-rsvg' && (await hasFloatBoxes(folder)) ? 'opt-rsvg' : name;
    }
  }
  const looked = `looked there, in the folders inside it and in the one above it for ${DATASET_NAMES.join(', ')}`;
  throw new ZeroovError('DATASET_NOT_FOUND', {
    dataset: 'dataset that zeroov reads',
    root,
    looked,
  });
}

async function folderOf(wanted: WantedDataset): Promise<DatasetFolder | null> {
  try {
    return (await findDataset(wanted)).folder;
  } catch (error) {
    if (error instanceof ZeroovError && error.code === 'DATASET_NOT_FOUND') return null;
    throw error;
  }
}

async function within(path: string, forms: readonly DatasetForm[]): Promise<FoundDataset[]> {
  const folder = await DatasetFolder.open(path);
  const found = folder && (await complete(folder, forms));
  return found ? [found] : [];
}

async function complete(
  folder: DatasetFolder,
  forms: readonly DatasetForm[],
): Promise<FoundDataset | null> {
  for (const form of forms) {
    const states = await Promise.all(form.needs.map((path) => folder.state(path)));
    if (states.every((state) => state === 'there')) return { folder, form };
  }
  return null;
}

const STATES = { there: 'there', missing: 'missing', outside: 'a link out of the folder' } as const;

/** The states are those in the folder itself. */
async function sayLooked(folder: DatasetFolder, forms: readonly DatasetForm[]): Promise<string> {
  const said = forms.map(async ({ needs }) => {
    const states = await Promise.all(needs.map((path) => folder.state(path)));
    return needs.map((path, i) => `${path} (${STATES[states[i]!]})`).join(', ');
  });
  const looked = (await Promise.all(said)).join('; or ');
  return `looked there, in the folders inside it and in the one above it for ${looked}`;
}
