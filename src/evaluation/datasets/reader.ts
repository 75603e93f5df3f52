/** What a dataset is to `openDataset` and to `zeroov datasets`: facts for people, and how it is read. */
import type { Dataset } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';

export interface DatasetReader {
  readonly title: string;
  /** What lies where in its folder, a line each. */
  readonly layout: readonly string[];
  /** Its splits and how many samples each has as published; null where that is its owner's matter. */
  readonly splits: Readonly<Record<string, number | null>>;
  readonly source: string;
  readonly licence: string;
  /** The forms it comes in; the first whose paths are all there is read. */
  forms(split: string): readonly DatasetForm[];
}

export interface DatasetForm {
  /** Paths inside the folder that must all be there: what expressions and truths come from, not the pictures. */
  readonly needs: readonly string[];
  /** @throws DATASET_INVALID */
  open(folder: DatasetFolder): Promise<OpenedDataset>;
}

export type OpenedDataset = Pick<Dataset, 'samples' | 'has'>;
