/** COCO's instances file: one sample an annotation, whose `expression` says what it is. */
import { z } from 'zod';
import type { Box } from '../../tensor/image.ts';
import type { Sample } from '../sample.ts';
import type { DatasetFolder } from './dataset-folder.ts';
import { fileIn, invalid, parseJson } from './parse-annotations.ts';
import type { OpenedDataset } from './reader.ts';
import { BOX, checkBox, maskOfRles, RLE } from './truth.ts';

const ID = z.union([z.int(), z.string()]);

const POLYGONS =
  'expected RLE: polygons are not read, pycocotools.mask has frPyObjects and merge for them';

const COCO = z.object({
  images: z.array(z.object({ id: ID, file_name: z.string() })),
  annotations: z.array(
    z.object({
      id: ID,
      image_id: ID,
      category_id: ID.nullish(),
      expression: z.string(),
      kind: z.string().nullish(),
      /** [x, y, width, height] px. */
      bbox: BOX.nullish(),
      segmentation: z.union([RLE, z.null()], POLYGONS).optional(),
    }),
  ),
  categories: z.array(z.object({ id: ID, name: z.string() })).default([]),
});

/** @throws DATASET_INVALID */
export async function openCoco(folder: DatasetFolder, file: string): Promise<OpenedDataset> {
  const text = folder.readText(file);
  const coco = parseJson(text, { schema: COCO, file, where: 'whole file' });
  const images = new Map(coco.images.map(({ id, file_name }) => [id, file_name]));
  const categories = new Map(coco.categories.map(({ id, name }) => [id, name]));
  const samples = coco.annotations.map((annotation): Sample => {
    const { image_id, category_id, expression, kind, bbox, segmentation } = annotation;
    const id = `${annotation.id}`;
    const place = { file, where: `annotation ${id}` };
    const image = images.get(image_id);
    if (image === undefined) throw invalid(place, `there is no image ${image_id}`);
    const source = { sample: id, file };
    return {
      id,
      expression,
      category: (category_id != null && categories.get(category_id)) || null,
      kind: kind ?? null,
      image: fileIn(place, image),
      readTruth: async () => ({
        box: bbox ? checkBox(cornersOf(bbox), source) : null,
        mask: segmentation ? maskOfRles([segmentation], source) : null,
      }),
    };
  });
  const has = (truth: 'bbox' | 'segmentation') =>
    coco.annotations.some((one) => one[truth] != null);
  return { samples, has: { box: has('bbox'), mask: has('segmentation') } };
}

const cornersOf = ([x, y, width, height]: Box): Box => [x, y, x + width, y + height];
