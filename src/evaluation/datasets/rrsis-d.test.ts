import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  EXPRESSIONS,
  edit,
  MASKS,
  pick,
  readWhole,
  refusal,
  TEST,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { rrsisNumber } from '../../../tests/support/tiny-datasets.ts';
import { boxMask, rleOfMask, TINY_SAMPLES } from '../../../tests/support/tiny-samples.ts';
import { encodeRuns } from '../../tensor/rle.ts';
import { openDataset } from '../open-dataset.ts';

interface Annotation {
  id: number;
  image_id: number;
  bbox: number[];
  segmentation: unknown[];
}
interface Instances {
  annotations: Annotation[];
}

describe('rrsis-d', () => {
  /** A person's: 1 px wider than the masks. */
  const drawn = [
    [7, 1, 41, 20],
    [9, 29, 23, 61],
    [39, 43, 64, 64],
  ];

  it('joins refs and instances: xyxy boxes, masks of their own size, raw text, test by substring', async () => {
    const root = await tinyDataset('rrsis-d');
    const { samples, truths, has } = await readWhole('rrsis-d', { root });
    expect(samples.map(({ id }) => id)).toEqual(TEST.map((i) => `${rrsisNumber(i)}`));
    expect(samples.map(({ expression }) => expression)).toEqual(pick(EXPRESSIONS));
    expect(samples.map(({ category }) => category)).toEqual([
      'baseballfield',
      'chimney',
      'storagetank',
    ]);
    expect(samples[1]!.image).toBe('images/rrsisd/JPEGImages/02933.jpg');
    expect(truths).toEqual(pick(MASKS).map((mask, i) => ({ box: drawn[i], mask })));
    expect(has).toEqual({ box: true, mask: true });
  });

  it('takes train and val by equality', async () => {
    const root = await tinyDataset('rrsis-d');
    const train = await openDataset({ name: 'rrsis-d', root, split: 'train' });
    expect(train.samples.map(({ id }) => id)).toEqual([`${rrsisNumber(0)}`]);
  });

  it('keeps the pixels that exactly one of several RLEs has', async () => {
    const root = await tinyDataset('rrsis-d');
    await edit<Instances>(join(root, 'rrsisd/instances.json'), ({ annotations }) => {
      const parts = [boxMask([8, 2, 40, 20]), boxMask([30, 10, 50, 30])];
      annotations[2]!.segmentation = parts.map(rleOfMask);
    });
    const { samples } = await openDataset({ name: 'rrsis-d', root });
    const { mask } = await samples[0]!.readTruth();
    const sum = boxMask([8, 2, 40, 20]).data.map((v, i) => v + boxMask([30, 10, 50, 30]).data[i]!);
    expect(mask!.data).toEqual(sum.map((v) => (v === 1 ? 1 : 0)));
  });

  it('reads the JSON lines made of it to the same truths', async () => {
    const root = await tinyDataset('rrsis-d');
    const official = await readWhole('rrsis-d', { root });
    const { annotations } = JSON.parse(await readFile(join(root, 'rrsisd/instances.json'), 'utf8'));
    const lines = TEST.map((i) => {
      const { bbox, segmentation, id } = annotations[i];
      const { expression, category, categoryId } = TINY_SAMPLES[i]!;
      const file_name = `${`${id}`.padStart(5, '0')}.jpg`;
      const about = { split: 'test', image_id: id, sent: expression, file_name, ann_id: id, bbox };
      return { ...about, category_id: categoryId, category_name: category, segmentation, area: 1 };
    });
    await rename(join(root, 'rrsisd'), join(root, 'datainfo'));
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    await writeFile(join(root, 'datainfo/rrsisd_test.jsonl'), text);
    const derived = await readWhole('rrsis-d', { root });
    const plain = (dataset: typeof derived) => JSON.stringify([dataset.samples, dataset.truths]);
    expect(plain(derived)).toBe(plain(official));
  });

  it.each<[string, Partial<Annotation> | null, RegExp]>([
    ['is gone', null, /has no annotation 2932/],
    ['is of another picture', { image_id: 2930 }, /annotation 2932 on image 2930, not 2932/],
    ['has a box without area', { bbox: [588, 592, 45, 31] }, /\[588, 592, 45, 31\], expected x1 </],
    ['has polygons', { segmentation: [[1, 2, 3, 4, 5, 6]] }, /no list of RLE/],
    [
      'has runs that do not fill it',
      { segmentation: [{ size: [64, 64], counts: '06' }] },
      /does not decode \(the runs sum to 6, the size needs 4096\)/,
    ],
    [
      'has parts of two sizes',
      { segmentation: [rleOfMask(MASKS[2]!), { size: [2, 3], counts: '06' }] },
      /parts that differ in size/,
    ],
    [
      'has 2^28 pixels',
      { segmentation: [{ size: [2 ** 14, 2 ** 14], counts: encodeRuns([2 ** 28]) }] },
      /16384 × 16384 px, the limit is 64 megapixels/,
    ],
    ['has no part', { segmentation: [] }, /without a part/],
  ])('fails the one sample whose annotation %s', async (_, change, message) => {
    const root = await tinyDataset('rrsis-d');
    await edit<Instances>(join(root, 'rrsisd/instances.json'), ({ annotations }) => {
      if (change) Object.assign(annotations[2]!, change);
      else annotations.splice(2, 1);
    });
    const { samples } = await openDataset({ name: 'rrsis-d', root });
    const error = await refusal(samples[0]!.readTruth());
    expect(error).toMatchObject({ code: 'DATASET_SAMPLE', fields: { sample: '2932' } });
    expect(error.message).toMatch(message);
    await expect(samples[1]!.readTruth()).resolves.toBeDefined();
  });

  it('says where an annotation file is not what it should be', async () => {
    const root = await tinyDataset('rrsis-d');
    const file = join(root, 'rrsisd/instances.json');
    await edit<Instances>(file, ({ annotations }) => {
      annotations[3]!.bbox = [1, 2, 3];
    });
    const wrong = await refusal(openDataset({ name: 'rrsis-d', root }));
    expect(wrong.message).toMatch(/instances\.json \(whole file\): annotations\[3\]\.bbox/);
    await writeFile(file, 'version https://git-lfs.github.com/spec/v1\n');
    const pointer = await refusal(openDataset({ name: 'rrsis-d', root }));
    expect(pointer.message).toMatch(/Git LFS pointer/);
    await writeFile(file, Buffer.from('{"images": "\xff"}', 'latin1'));
    expect((await refusal(openDataset({ name: 'rrsis-d', root }))).message).toMatch(/not UTF-8/);
    await writeFile(join(root, 'rrsisd/refs(unc).p'), 'cos\nsystem\n');
    const hostile = await refusal(openDataset({ name: 'rrsis-d', root }));
    expect(hostile).toMatchObject({ code: 'DATASET_INVALID', fields: { where: 'byte 0' } });
  });
});
