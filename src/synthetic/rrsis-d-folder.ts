import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeRle } from '../tensor/rle.ts';
import type { CategoryName } from './categories.ts';
import type { Expression } from './expressions.ts';
import { type Picklable, pickle } from './pickle.ts';
import { picture } from './picture.ts';
import type { Scene } from './scene.ts';
import type { SceneFolder } from './scene-folder.ts';

const IMAGES = 'images/rrsisd/JPEGImages';

/** RRSIS-D's categories by their ids 0..19, then ours that it has not. */
const CATEGORIES: readonly string[] = [
  'Expressway-Service-area',
  'Expressway-toll-station',
  'airplane',
  'airport',
  'baseballfield',
  'basketballcourt',
  'bridge',
  'chimney',
  'dam',
  'golffield',
  'groundtrackfield',
  'harbor',
  'overpass',
  'ship',
  'stadium',
  'storagetank',
  'tenniscourt',
  'trainstation',
  'vehicle',
  'windmill',
  'building',
  'swimmingpool',
  'treegroup',
  'solarfield',
];

/** A name as RRSIS-D writes it. */
function categoryId(category: CategoryName): number {
  const name = category === 'track field' ? 'groundtrackfield' : category.replaceAll(' ', '');
  return CATEGORIES.indexOf(name);
}

/**
 * RRSIS-D's layout: `rrsisd/refs(unc).p`, `rrsisd/instances.json` (boxes xyxy, masks as RLE) and
 * `images/rrsisd/JPEGImages/%05d.jpg`. As there, every expression has a picture, an annotation and a reference of its own
 * under one number, counted from 0; all are of the split `test`. Expressions of nothing have no place in it and are left
 * out. Source of the layout: DATASETS.md §1.1.
 */
export async function openRrsisDFolder(folder: string): Promise<SceneFolder> {
  await mkdir(join(folder, 'rrsisd'), { recursive: true });
  await mkdir(join(folder, IMAGES), { recursive: true });
  const refs: Picklable[] = [];
  const images: object[] = [];
  const annotations: object[] = [];
  return {
    async add(scene) {
      const { heightPx: height, widthPx: width } = scene.image;
      const jpeg = await picture(scene.image)
        .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
        .toBuffer();
      const said = scene.expressions.filter((expression) => expression.targetId !== null);
      for (const expression of said) {
        const id = refs.length;
        const file_name = `${String(id).padStart(5, '0')}.jpg`;
        await writeFile(join(folder, IMAGES, file_name), jpeg);
        images.push({ file_name, height, width, id });
        annotations.push(annotationOf(scene, { id, targetId: expression.targetId! }));
        refs.push(refOf(scene, { id, file_name, expression }));
      }
      return said.length;
    },
    async close() {
      const categories = CATEGORIES.map((name, id) => ({ name, id }));
      const instances = JSON.stringify({ images, annotations, categories });
      await writeFile(join(folder, 'rrsisd', 'instances.json'), instances);
      await writeFile(join(folder, 'rrsisd', 'refs(unc).p'), pickle(refs));
    },
  };
}

function annotationOf(scene: Scene, { id, targetId }: { id: number; targetId: number }): object {
  const { category, box, mask, areaPx } = scene.objects[targetId]!;
  const { heightPx, widthPx } = scene.image;
  return {
    bbox: box,
    categories_id: categoryId(category),
    id,
    image_id: id,
    segmentation: [encodeRle({ dtype: 'bool', shape: [heightPx, widthPx], data: mask })],
    area: areaPx,
  };
}

interface Reference {
  readonly id: number;
  readonly file_name: string;
  readonly expression: Expression;
}

function refOf(scene: Scene, { id, file_name, expression }: Reference): Picklable {
  const { text, targetId } = expression;
  return {
    image_id: id,
    split: 'test',
    sentences: [{ tokens: text.split(' '), raw: text, sent_id: id, sent: text }],
    file_name,
    category_id: categoryId(scene.objects[targetId!]!.category),
    ann_id: id,
    sent_ids: [id],
    ref_id: id,
  };
}
