import { DatasetFolder } from './datasets/dataset-folder.ts';
import { unreadable } from './datasets/truth.ts';
import type { Dataset, Sample } from './sample.ts';

/**
 * Real path of the picture of a sample, inside the dataset's folder.
 *
 * @throws DATASET_SAMPLE when it is missing or a link that leads out of the folder
 */
export async function locateImage(dataset: Pick<Dataset, 'root'>, sample: Sample): Promise<string> {
  const source = { sample: sample.id, file: sample.image };
  const folder = await DatasetFolder.open(dataset.root);
  if (!folder) throw unreadable(source, 'is missing with its whole dataset');
  return folder.locate(source);
}
