/** RISBench as its authors give it: one picture and one mask a referent, both under the name in the phrase file. */
import { describeMask } from '../../pipeline/mask.ts';
import type { Box } from '../../tensor/image.ts';
import type { Sample } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn } from './parse-annotations.ts';
import { phraseLines } from './phrase-lines.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { readMask } from './truth.ts';

const phrases = (split: string) => `output_phrase_${split}.txt`;

export const RISBENCH: DatasetReader = {
  title: 'RISBench (CroBIM, arXiv 2410.08613): 52 472 expressions with masks',
  layout: [
    'output_phrase_{train,val,test}.txt',
    'img_rgb/train_0_0.png … (names in val begin with train_, too)',
    'mask/train_0_0.png … (0 and 255)',
  ],
  splits: { train: 26300, val: 10013, test: 16159 },
  source: 'Baidu 1TniZrKqa2BBGvZ5sJAnsAw (wnxg)',
  licence:
    'CC BY 4.0 in words, CC BY-NC in its link; pictures of DOTA and DIOR: not for commercial use',
  forms: (split) => [
    {
      needs: [phrases(split), 'mask'],
      open: (folder) => open(folder, phrases(split)),
    },
  ],
};

async function open(folder: DatasetFolder, file: string): Promise<OpenedDataset> {
  const lines = phraseLines(folder.readText(file), file);
  const samples = lines.map(({ name, expression, ...place }): Sample => {
    const picture = fileIn(place, name);
    return {
      id: name,
      expression,
      category: null,
      kind: null,
      image: `img_rgb/${picture}`,
      readTruth: async () => {
        const source = { sample: name, file: `mask/${picture}` };
        const mask = await readMask(folder, { ...source, above: 0 });
        return { mask, box: describeMask(mask).box ?? NOTHING };
      },
    };
  });
  return { samples, has: { box: true, mask: true } };
}

/**
 * The box of a black mask in the loaders of this dataset: whatever is predicted scores 0 against it by edges, and the
 * sample counts.
 */
const NOTHING: Box = [0, 0, 0, 0];
