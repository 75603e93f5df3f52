import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BOXES,
  EXPRESSIONS,
  edit,
  MASKS,
  pick,
  readWhole,
  refusal,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { writeTinyCoco } from '../../../tests/support/tiny-datasets.ts';
import { openDataset } from '../open-dataset.ts';

describe('jsonl', () => {
  const truths = [
    { box: BOXES[2], mask: MASKS[2] },
    { box: null, mask: MASKS[3] },
    { box: BOXES[4], mask: null },
  ];

  it('reads boxes, RLE masks and mask files, and says what it has', async () => {
    const root = await tinyDataset('jsonl');
    const read = await readWhole('jsonl', { root });
    expect(read.samples.map(({ id, kind }) => [id, kind])).toEqual([
      ['s2', 'position'],
      ['s3', 'attribute'],
      ['s4', null],
    ]);
    expect(read.truths).toEqual(truths);
    expect(read.has).toEqual({ box: true, mask: true });
  });

  it('reads the COCO form: xywh boxes, runs as numbers', async () => {
    const root = temporaryFolder();
    await writeTinyCoco(root);
    const read = await readWhole('jsonl', { root });
    expect(read.samples.map(({ id, category }) => [id, category])).toEqual([
      ['902', 'baseballfield'],
      ['903', 'chimney'],
      ['904', 'storagetank'],
    ]);
    expect(read.samples.map(({ expression }) => expression)).toEqual(pick(EXPRESSIONS));
    expect(read.truths).toEqual(pick(BOXES).map((box, i) => ({ box, mask: pick(MASKS)[i] })));
  });

  it('refuses polygons and annotations without a picture', async () => {
    const root = temporaryFolder();
    await writeTinyCoco(root);
    const file = join(root, 'test.json');
    const change = (part: object) =>
      edit<{ annotations: object[] }>(file, ({ annotations }) => {
        Object.assign(annotations[1]!, part);
      });
    await change({ image_id: 77 });
    const lost = await refusal(openDataset({ name: 'jsonl', root }));
    expect(lost.message).toMatch(/\(annotation 903\): there is no image 77/);
    await change({ segmentation: [[1, 2, 3]] });
    const polygons = await refusal(openDataset({ name: 'jsonl', root }));
    expect(polygons.message).toMatch(/annotations\[1\]\.segmentation: expected RLE: polygons/);
  });

  const LINE = { id: 1, image: 'a.png', expression: 'x' };
  it.each([
    [{ ...LINE, bbox: [1, 2, 3, 4] }, /line 2\): Unrecognized key: "bbox"/],
    [{ ...LINE, box: [1, 2, 3] }, /line 2\): box/],
    [{ ...LINE, box: [1, 2, 3, null] }, /line 2\): box\[3\]: expected number/],
    [{ ...LINE, mask: 7 }, /line 2\): mask: expected RLE or the path/],
    [{ ...LINE, image: '/etc/passwd' }, /"\/etc\/passwd" is no path inside/],
    [{ ...LINE, image: 'a/../../b.png' }, /is no path inside/],
    [{ ...LINE, mask: 'C:\\b.png' }, /is no path inside/],
    [{ ...LINE, id: 0 }, /\(sample 0\): the id is there twice/],
    ['{"id": 1, "id": 2}', /line 2\): the key "id" appears twice/],
  ])('refuses %j', async (wrong, message) => {
    const first = JSON.stringify({ ...LINE, id: 0 });
    const second = typeof wrong === 'string' ? wrong : JSON.stringify(wrong);
    const root = temporaryFolder({ 'test.jsonl': `\ufeff${first}\n${second}\n` });
    const error = await refusal(openDataset({ name: 'jsonl', root }));
    expect(error.code).toBe('DATASET_INVALID');
    expect(error.message).toMatch(message);
  });

  it('refuses a file without a sample', async () => {
    const root = temporaryFolder({ 'test.jsonl': '\n\n' });
    const error = await refusal(openDataset({ name: 'jsonl', root }));
    expect(error.message).toMatch(/test\.jsonl \(whole file\): it has no sample for test/);
  });
});
