/** RefSegRS: phrases about scenes; a target is often many instances or stuff, so that there is no box. */
import type { Sample } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn } from './parse-annotations.ts';
import { phraseLines } from './phrase-lines.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { readMask } from './truth.ts';

/** Masks are grey TIFFs; the loaders of the supervised methods take what is above 50. */
const ABOVE = 50;

const phrases = (split: string) => `output_phrase_${split}.txt`;

export const REFSEGRS: DatasetReader = {
  title: 'RefSegRS (TGRS 2024): 4 420 expressions with masks',
  layout: ['output_phrase_{train,val,test}.txt', 'images/1361.tif …', 'masks/1361.tif …'],
  splits: { train: 2172, val: 431, test: 1817 },
  source: 'RefSegRS.zip on the Hugging Face hub, 2.97 GB',
  licence: 'CC BY 4.0',
  forms: (split) => [
    { needs: [phrases(split), 'masks'], open: (folder) => open(folder, phrases(split)) },
  ],
};

async function open(folder: DatasetFolder, file: string): Promise<OpenedDataset> {
  const lines = phraseLines(folder.readText(file), file);
  const seen = new Map<string, number>();
  const samples = lines.map(({ name, expression, ...place }): Sample => {
    const nth = (seen.get(name) ?? 0) + 1;
    seen.set(name, nth);
    const id = nth === 1 ? name : `${name}-${nth}`;
    const scene = fileIn(place, name);
    const source = { sample: id, file: `masks/${scene}.tif` };
    return {
      id,
      expression,
      category: null,
      kind: null,
      image: `images/${scene}.tif`,
      readTruth: async () => ({
        box: null,
        mask: await readMask(folder, { ...source, above: ABOVE }),
      }),
    };
  });
  return { samples, has: { box: false, mask: true } };
}
