/**
 * Datasets of five samples (one train, one val, three test) in the exact layouts of the downloads, with the traps of each:
 * xyxy boxes, `categories_id`, a picture one row taller than its mask, a black mask, running object indices, float
 * boxes, CRLF lines. Complete and sound: a test that wants a missing picture removes it.
 */
import type { DatasetName } from '../../src/evaluation/sample.ts';
import { writeScenes } from '../../src/synthetic/write.ts';
import type { Box } from '../../src/tensor/image.ts';
import { pickleBytes } from './pickle-bytes.ts';
import {
  boxMask,
  maskPicture,
  picture,
  rleOfMask,
  TINY_SAMPLES,
  TINY_SIDE,
  type TinySample,
  writeFiles,
} from './tiny-samples.ts';

type Numbered = TinySample & { readonly i: number };
const NUMBERED: readonly Numbered[] = TINY_SAMPLES.map((sample, i) => ({ ...sample, i }));
const SPLITS = ['train', 'val', 'test'] as const;
const inSplit = (split: string) => NUMBERED.filter((sample) => sample.split === split);

/** Writes the dataset into `folder`, made if need be. */
export function writeTinyDataset(name: DatasetName, folder: string): Promise<void> {
  return WRITERS[name](folder);
}

const WRITERS: Record<DatasetName, (folder: string) => Promise<void>> = {
  'rrsis-d': writeRrsisD,
  risbench: writeRisbench,
  refsegrs: writeRefsegrs,
  'dior-rsvg': (folder) => writeVoc(folder, (edge) => `${edge}`),
  'opt-rsvg': (folder) => writeVoc(folder, (edge) => (edge - 0.25).toFixed(2)),
  'zeroov-json': writeZeroovJson,
  synthetic: async (folder) => {
    await writeScenes({ folder, count: 2, seed: 7, sizePx: TINY_SIDE, stage: 'd' });
  },
  jsonl: writeJsonl,
};

/** The number a sample has in RRSIS-D and what is made of it. */
export const rrsisNumber = (i: number) => 2930 + i;
const fiveDigits = (value: number) => `${value}`.padStart(5, '0');

/** Boxes are a person's, 1 px wider than the masks; `area` is nonsense, as in the download. */
const drawnBox = ([x1, y1, x2, y2]: Box): Box => [x1 - 1, y1 - 1, Math.min(64, x2 + 1), y2];

async function writeRrsisD(folder: string): Promise<void> {
  const number = ({ i }: Numbered) => rrsisNumber(i);
  const file = (sample: Numbered) => `${fiveDigits(number(sample))}.jpg`;
  const refs = NUMBERED.map((sample) => ({
    image_id: number(sample),
    split: sample.i === 4 ? 'testA' : sample.split,
    sentences: [
      {
        tokens: sample.expression.split(/\s+/),
        raw: sample.expression,
        sent_id: number(sample),
        sent: sample.expression.toLowerCase(),
      },
    ],
    file_name: file(sample),
    category_id: sample.categoryId,
    ann_id: number(sample),
    sent_ids: [number(sample)],
    ref_id: number(sample),
  }));
  const instances = {
    images: NUMBERED.map((sample) => ({
      file_name: file(sample),
      height: TINY_SIDE,
      width: TINY_SIDE,
      id: number(sample),
    })),
    annotations: NUMBERED.map((sample) => ({
      bbox: drawnBox(sample.box),
      categories_id: sample.categoryId,
      id: number(sample),
      image_id: number(sample),
      segmentation: [rleOfMask(boxMask(sample.box))],
      area: 279213,
    })),
    categories: NUMBERED.map(({ category, categoryId }) => ({ name: category, id: categoryId })),
  };
  await writeFiles(folder, {
    'rrsisd/refs(unc).p': pickleBytes(refs),
    'rrsisd/instances.json': JSON.stringify(instances),
  });
  for (const sample of NUMBERED) {
    const jpeg = await picture(sample.box, 'jpeg', sample.i === 3 ? 1 : 0);
    await writeFiles(folder, { [`images/rrsisd/JPEGImages/${file(sample)}`]: jpeg });
  }
}

/** Names of val begin with `train_`; the second mask has three bands. */
export const risbenchName = ({ split, i }: { split: string; i: number }) =>
  `${split === 'test' ? 'test' : 'train'}_${i}_0.png`;

async function writeRisbench(folder: string): Promise<void> {
  for (const split of SPLITS) {
    const lines = inSplit(split).map(
      (sample) => `${risbenchName(sample)} ${sample.expression}\r\n`,
    );
    await writeFiles(folder, { [`output_phrase_${split}.txt`]: `${lines.join('')}\r\n` });
  }
  for (const sample of NUMBERED) {
    const mask = boxMask(sample.i === 4 ? [0, 0, 0, 0] : sample.box);
    const bands = sample.i === 3 ? 3 : 1;
    await writeFiles(folder, {
      [`img_rgb/${risbenchName(sample)}`]: await picture(sample.box, 'png'),
      [`mask/${risbenchName(sample)}`]: await maskPicture(mask, {
        format: 'png',
        values: [0, 255],
        bands,
      }),
    });
  }
}

/** Samples 2 and 3 are two phrases of one scene; its background is 50, which is no foreground yet. */
export const REFSEGRS_SCENES = ['7', '387', '1361', '1361', '25'];

async function writeRefsegrs(folder: string): Promise<void> {
  for (const split of SPLITS) {
    const lines = inSplit(split).map(
      ({ i, expression }) => `${REFSEGRS_SCENES[i]} ${expression}\n`,
    );
    await writeFiles(folder, { [`output_phrase_${split}.txt`]: lines.join('') });
  }
  for (const { i, box } of NUMBERED.filter(({ i }) => i !== 3)) {
    const scene = REFSEGRS_SCENES[i]!;
    await writeFiles(folder, {
      [`images/${scene}.tif`]: await picture(box, 'tiff'),
      [`masks/${scene}.tif`]: await maskPicture(boxMask(box), {
        format: 'tiff',
        values: [50, 255],
      }),
    });
  }
}

/** Samples by file. Sorted by path they get the running indices 0 → 0, 4 → 1, 1 → 2, 2 → 3, 3 → 4. */
const VOC_FILES: readonly (readonly [file: string, samples: readonly number[]])[] = [
  ['00011', [2, 3]],
  ['00002', [0]],
  ['00005', [4, 1]],
];
export const VOC_INDICES = [0, 2, 3, 4, 1];

async function writeVoc(folder: string, say: (edge: number) => string): Promise<void> {
  for (const [file, members] of VOC_FILES) {
    const objects = members.map((i) => vocObject(TINY_SAMPLES[i]!, say)).join('');
    const xml = `<?xml version="1.0" encoding="utf-8"?>
<annotation>
	<filename>${file}.jpg</filename>
	<source>
		<database>tiny</database>
	</source>
	<!-- sizes are nominal -->
	<size><width>${TINY_SIDE}</width><height>${TINY_SIDE}</height><depth>3</depth></size>
	<segmented>0</segmented>
${objects}</annotation>
`;
    await writeFiles(folder, {
      [`Annotations/${file}.xml`]: xml,
      [`JPEGImages/${file}.jpg`]: await picture(TINY_SAMPLES[members[0]!]!.box, 'jpeg'),
    });
  }
  for (const split of SPLITS) {
    const indices = inSplit(split).map(({ i }) => VOC_INDICES[i]!);
    const text = indices.sort((a, b) => a - b).join('\r\n');
    await writeFiles(folder, { [`${split}.txt`]: `${text}\r\n` });
  }
}

function vocObject(sample: TinySample, say: (edge: number) => string): string {
  const [xmin, ymin, xmax, ymax] = sample.box.map(say);
  const description = sample.expression.replace('&', '&amp;').replace("'", '&#39;');
  return `	<object>
		<name>${sample.category}</name>
		<pose>Unspecified</pose>
		<bndbox>
			<xmin>${xmin}</xmin>
			<ymin>${ymin}</ymin>
			<xmax>${xmax}</xmax>
			<ymax>${ymax}</ymax>
		</bndbox>
		<description>${description}</description>
	</object>
`;
}

async function writeZeroovJson(folder: string): Promise<void> {
  const entries = SPLITS.map((split) => [
    split,
    inSplit(split).map(({ i, expression, box }) => ({
      iid: rrsisNumber(i),
      refs: [expression, 'never read'],
      bbox: drawnBox(box),
    })),
  ]);
  await writeFiles(folder, { 'rrsisd.json': JSON.stringify(Object.fromEntries(entries)) });
  for (const { i, box } of NUMBERED) {
    const name = fiveDigits(rrsisNumber(i));
    await writeFiles(folder, {
      [`images/${name}.jpg`]: await picture(box, 'jpeg'),
      [`targetmask/${name}.png`]: await maskPicture(boxMask(box), {
        format: 'png',
        values: [0, 255],
      }),
    });
  }
}

/** A mask as RLE and a box; a mask as a file; a box alone. */
async function writeJsonl(folder: string): Promise<void> {
  for (const split of SPLITS) {
    const lines = inSplit(split).map(({ i, expression, category, box }) => {
      const common = { id: `s${i}`, image: `images/${i}.png`, expression, category };
      if (i === 3) return { ...common, mask: `masks/${i}.png`, kind: 'attribute' };
      if (i === 4) return { ...common, box };
      return { ...common, box, mask: rleOfMask(boxMask(box)), kind: 'position' };
    });
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFiles(folder, { [`${split}.jsonl`]: text });
  }
  await writeOwnPictures(folder);
}

/** The COCO form of `jsonl`: boxes are [x, y, width, height], the second mask's runs are numbers. */
export async function writeTinyCoco(folder: string): Promise<void> {
  for (const split of SPLITS) {
    const samples = inSplit(split);
    const annotations = samples.map(({ i, expression, categoryId, box: [x1, y1, x2, y2] }) => {
      const { size, counts } = rleOfMask(boxMask([x1, y1, x2, y2]));
      const runs = [x1 * 64 + y1, ...columns(x2 - x1, y2 - y1), (64 - x2) * 64 + 64 - y2];
      return {
        id: 900 + i,
        image_id: i,
        category_id: categoryId,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        segmentation: { size, counts: i === 3 ? runs : counts },
        expression,
      };
    });
    const coco = {
      images: samples.map(({ i }) => ({ id: i, file_name: `images/${i}.png` })),
      annotations,
      categories: samples.map(({ category, categoryId }) => ({ id: categoryId, name: category })),
    };
    await writeFiles(folder, { [`${split}.json`]: JSON.stringify(coco) });
  }
  await writeOwnPictures(folder);
}

/** Runs of `count` columns, `length` px inside each, in a picture of 64 rows. */
const columns = (count: number, length: number) =>
  Array.from({ length: 2 * count - 1 }, (_, k) => (k % 2 === 0 ? length : 64 - length));

async function writeOwnPictures(folder: string): Promise<void> {
  for (const { i, box } of NUMBERED) {
    const mask = await maskPicture(boxMask(box), { format: 'png', values: [0, 255] });
    await writeFiles(folder, {
      [`images/${i}.png`]: await picture(box, 'png'),
      [`masks/${i}.png`]: mask,
    });
  }
}
