/** The repack of RRSIS-D that the released code of RSVG-ZeroOV reads; it was not published with the code. */
import { z } from 'zod';
import type { Sample } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { parseJson } from './parse-annotations.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { BOX, checkBox, readMask } from './truth.ts';

const FILE = 'rrsisd.json';
/** Masks are 0 and 255, and 0 and 1 after a division by 255. */
const ABOVE = 127;

export const ZEROOV_JSON: DatasetReader = {
  title: "rrsisd.json: RRSIS-D in the layout of RSVG-ZeroOV's released code",
  layout: [
    `${FILE}: {"test": [{"iid", "refs": [expression, …], "bbox": [x1, y1, x2, y2]}, …]}`,
    'images/00001.jpg …',
    'targetmask/00001.png … (without it, boxes only)',
  ],
  splits: { train: null, val: null, test: null },
  source: 'not published; made from RRSIS-D',
  licence: 'as RRSIS-D',
  forms: (split) => [{ needs: [FILE], open: (folder) => open(folder, split) }],
};

const ENTRIES = z.array(
  z.object({ iid: z.int().min(0), refs: z.array(z.string()).min(1), bbox: BOX }),
);

async function open(folder: DatasetFolder, split: string): Promise<OpenedDataset> {
  const text = folder.readText(FILE);
  const schema = z.object({ [split]: ENTRIES });
  const { [split]: entries } = parseJson(text, { schema, file: FILE, where: 'whole file' });
  const mask = (await folder.state('targetmask')) === 'there';
  const samples = entries!.map(({ iid, refs, bbox }): Sample => {
    const id = `${iid}`;
    const name = id.padStart(5, '0');
    const source = { sample: id, file: `targetmask/${name}.png` };
    return {
      id,
      // The released code reads no other.
      expression: refs[0]!,
      category: null,
      kind: null,
      image: `images/${name}.jpg`,
      readTruth: async () => ({
        box: checkBox(bbox, { sample: id, file: FILE }),
        mask: mask ? await readMask(folder, { ...source, above: ABOVE }) : null,
      }),
    };
  });
  return { samples, has: { box: true, mask } };
}
