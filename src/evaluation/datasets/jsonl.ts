/** People's own data: one JSON object a line, or COCO's instances with an expression each. */
import { z } from 'zod';
import type { Sample } from '../sample.ts';
import { openCoco } from './coco.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn, parseJsonLines } from './parse-annotations.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { BOX, checkBox, maskOfRles, RLE, readMask } from './truth.ts';

export const JSONL: DatasetReader = {
  title: "one's own data",
  layout: [
    'test.jsonl (train, val): {"id", "image", "expression", "box"?, "mask"?, "category"?, "kind"?} a line',
    'or test.json: COCO instances whose annotations have an "expression"',
    'pictures and masks where these name them, below the same folder',
  ],
  splits: { train: null, val: null, test: null },
  source: 'docs/reference/datasets.md describes both forms',
  licence: 'yours',
  forms: (split) => [
    { needs: [`${split}.jsonl`], open: (folder) => openLines(folder, `${split}.jsonl`) },
    { needs: [`${split}.json`], open: (folder) => openCoco(folder, `${split}.json`) },
  ],
};

/** Strict: a key that is spelt wrong would pass for a truth that is not there. */
const LINE = z.strictObject({
  id: z.union([z.string().min(1), z.int()]).transform(String),
  image: z.string(),
  expression: z.string(),
  box: BOX.nullish(),
  /** RLE, or the path of a picture that is black outside. */
  mask: z.union([z.string(), RLE], 'expected RLE or the path of a picture').nullish(),
  category: z.string().nullish(),
  kind: z.string().nullish(),
});

async function openLines(folder: DatasetFolder, file: string): Promise<OpenedDataset> {
  const lines = parseJsonLines(folder.readText(file), { file, schema: LINE });
  const samples = lines.map(({ value, ...place }): Sample => {
    const { id, image, expression, box, mask, category, kind } = value;
    const source = { sample: id, file };
    const picture = typeof mask === 'string' ? fileIn(place, mask) : null;
    return {
      id,
      expression,
      category: category ?? null,
      kind: kind ?? null,
      image: fileIn(place, image),
      readTruth: async () => ({
        box: box ? checkBox(box, source) : null,
        mask: picture
          ? await readMask(folder, { sample: id, file: picture, above: 0 })
          : mask && typeof mask === 'object'
            ? maskOfRles([mask], source)
            : null,
      }),
    };
  });
  const has = (truth: 'box' | 'mask') => lines.some(({ value }) => value[truth] != null);
  return { samples, has: { box: has('box'), mask: has('mask') } };
}
