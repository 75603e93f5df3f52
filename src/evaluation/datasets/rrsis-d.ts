/** RRSIS-D as downloaded (pickled refs and COCO-like instances), or as JSON lines that tools have made of it. */
import { z } from 'zod';
import type { Box } from '../../tensor/image.ts';
import type { Sample, Truth } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { checkValue, fileIn, parseJson, parseJsonLines } from './parse-annotations.ts';
import { readPickle } from './pickle.ts';
import type { DatasetReader, OpenedDataset } from './reader.ts';
import { BOX, checkBox, maskOfRles, RLE, type TruthSource, unreadable } from './truth.ts';

const REFS = 'rrsisd/refs(unc).p';
const INSTANCES = 'rrsisd/instances.json';
const IMAGES = 'images/rrsisd/JPEGImages';

export const RRSIS_D: DatasetReader = {
  title: 'RRSIS-D (RMSIN, CVPR 2024): 17 402 expressions with boxes and masks',
  layout: [
    REFS,
    INSTANCES,
    `${IMAGES}/00001.jpg …`,
    'instead of the first two: datainfo/rrsisd_{train,val,test}.jsonl',
  ],
  splits: { train: 12181, val: 1740, test: 3481 },
  source:
    'Google Drive folder 1Xqi3Am2Vgm4a5tHqiV9tfaqKNovcuK3A, Baidu 1yZatV2w_bSXIP9QBv2lCrA (sjoe)',
  licence: 'none stated; pictures of DIOR, so treat it as not for commercial use',
  forms: (split) => [
    { needs: [REFS, INSTANCES], open: (folder) => openRefs(folder, split) },
    {
      needs: [`datainfo/rrsisd_${split}.jsonl`],
      open: (folder) => openLines(folder, `datainfo/rrsisd_${split}.jsonl`),
    },
  ],
};

const REF_LIST = z.array(
  z.object({
    ref_id: z.int(),
    ann_id: z.int(),
    image_id: z.int(),
    category_id: z.int(),
    split: z.string(),
    file_name: z.string(),
    sentences: z.array(z.object({ raw: z.string() })).min(1),
  }),
);
type Ref = z.infer<typeof REF_LIST>[number];

/** `bbox` is xyxy here, not COCO's xywh; `area` is not to be trusted; the class key `categories_id` is not needed. */
const ANNOTATION = z.object({
  id: z.int(),
  image_id: z.int(),
  bbox: BOX,
  segmentation: z.unknown(),
});
type Annotation = z.infer<typeof ANNOTATION>;

const INSTANCE_FILE = z.object({
  images: z.array(z.object({ id: z.int(), file_name: z.string() })),
  annotations: z.array(ANNOTATION),
  categories: z.array(z.object({ id: z.int(), name: z.string() })),
});

async function openRefs(folder: DatasetFolder, split: string): Promise<OpenedDataset> {
  const refs = readRefs(folder, split);
  const instances = readInstances(folder);
  const images = new Map(instances.images.map(({ id, file_name }) => [id, file_name]));
  const categories = new Map(instances.categories.map(({ id, name }) => [id, name]));
  const wanted = new Set(refs.map((ref) => ref.ann_id));
  const annotations = new Map(
    instances.annotations.flatMap((one) => (wanted.has(one.id) ? [[one.id, one] as const] : [])),
  );
  const samples = refs.flatMap((ref) => {
    const where = `ref ${ref.ref_id}`;
    const name = fileIn({ file: REFS, where }, images.get(ref.image_id) ?? ref.file_name);
    const annotation = annotations.get(ref.ann_id);
    return ref.sentences.map(({ raw }, i): Sample => {
      const id = i === 0 ? `${ref.ref_id}` : `${ref.ref_id}-${i}`;
      return {
        id,
        expression: raw,
        category: categories.get(ref.category_id) ?? null,
        kind: null,
        image: `${IMAGES}/${name}`,
        readTruth: async () => truthOf(annotation, { ref, sample: id }),
      };
    });
  });
  return { samples, has: { box: true, mask: true } };
}

/** The loaders take a ref for test when `split` contains "test", for the others when it is equal. */
function readRefs(folder: DatasetFolder, split: string): Ref[] {
  const value = readPickle(folder.readBytes(REFS), REFS);
  const refs = checkValue(value, { schema: REF_LIST, file: REFS, where: 'list of refs' });
  return refs.filter((ref) => (split === 'test' ? ref.split.includes(split) : ref.split === split));
}

function readInstances(folder: DatasetFolder): z.infer<typeof INSTANCE_FILE> {
  const text = folder.readText(INSTANCES);
  return parseJson(text, { schema: INSTANCE_FILE, file: INSTANCES, where: 'whole file' });
}

/** Box and mask are independent: the one was drawn by a person, the other made with SAM. */
function truthOf(
  annotation: Annotation | undefined,
  { ref, sample }: { readonly ref: Ref; readonly sample: string },
): Truth {
  const source = { sample, file: INSTANCES };
  if (!annotation) throw unreadable(source, `has no annotation ${ref.ann_id}`);
  if (annotation.image_id !== ref.image_id) {
    const { image_id } = annotation;
    throw unreadable(
      source,
      `has annotation ${ref.ann_id} on image ${image_id}, not ${ref.image_id}`,
    );
  }
  return decodeTruth(annotation.bbox, { segmentation: annotation.segmentation, source });
}

function decodeTruth(
  bbox: Box,
  { segmentation, source }: { readonly segmentation: unknown; readonly source: TruthSource },
): Truth {
  const rles = z.array(RLE).safeParse(segmentation);
  if (!rles.success) throw unreadable(source, 'has a segmentation that is no list of RLE masks');
  return { box: checkBox(bbox, source), mask: maskOfRles(rles.data, source) };
}

const LINE = z.object({
  ann_id: z.int(),
  sent: z.string(),
  file_name: z.string(),
  category_name: z.string(),
  bbox: BOX,
  segmentation: z.unknown(),
});

/** One ref a line; its `ann_id` is the ref_id. */
async function openLines(folder: DatasetFolder, file: string): Promise<OpenedDataset> {
  const lines = parseJsonLines(folder.readText(file), { file, schema: LINE });
  const samples = lines.map(({ value, ...place }): Sample => {
    const { ann_id, sent, file_name, category_name, bbox, segmentation } = value;
    const source = { sample: `${ann_id}`, file };
    return {
      id: source.sample,
      expression: sent,
      category: category_name,
      kind: null,
      image: `${IMAGES}/${fileIn(place, file_name)}`,
      readTruth: async () => decodeTruth(bbox, { segmentation, source }),
    };
  });
  return { samples, has: { box: true, mask: true } };
}
