import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  BOXES,
  EXPRESSIONS,
  pick,
  readWhole,
  refusal,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { VOC_INDICES } from '../../../tests/support/tiny-datasets.ts';
import { openDataset } from '../open-dataset.ts';

describe.each([
  { name: 'dior-rsvg', shift: 0 },
  { name: 'opt-rsvg', shift: 0.25 },
] as const)('$name', ({ name, shift }) => {
  it('counts objects over files sorted by path, lower-cases, reads by tag', async () => {
    const root = await tinyDataset(name);
    const { samples, truths, has } = await readWhole(name, { root });
    const order = [4, 2, 3]; // indices 1, 3, 4
    expect(samples.map(({ id }) => id)).toEqual(order.map((i) => `${VOC_INDICES[i]}`));
    expect(samples.map(({ expression }) => expression)).toEqual(
      pick(EXPRESSIONS, order).map((text) => text.toLowerCase()),
    );
    expect(samples.map(({ image }) => image)).toEqual([
      'JPEGImages/00005.jpg',
      'JPEGImages/00011.jpg',
      'JPEGImages/00011.jpg',
    ]);
    expect(truths).toEqual(
      pick(BOXES, order).map((box) => ({ box: box.map((edge) => edge - shift), mask: null })),
    );
    expect(has).toEqual({ box: true, mask: false });
  });

  it('refuses when a missing file would shift the indices, whatever split is asked for', async () => {
    const root = await tinyDataset(name);
    await rm(join(root, 'Annotations/00005.xml'));
    const error = await refusal(openDataset({ name, root, split: 'train' }));
    expect(error.message).toMatch(/^test\.txt \(line 3\): index 4 is beyond them/);
  });

  it('refuses when a copied file would shift the indices; with a split missing it cannot tell', async () => {
    const root = await tinyDataset(name);
    const copied = join(root, 'Annotations/00002 (1).xml');
    await writeFile(copied, await readFile(join(root, 'Annotations/00002.xml')));
    const error = await refusal(openDataset({ name, root }));
    expect(error.message).toMatch(/^test\.txt \(line 3\): the splits' largest index is 4, but/);
    await rm(join(root, 'val.txt'));
    await openDataset({ name, root });
  });
});

describe('dior-rsvg', () => {
  it.each([
    ['<xmin>8</xmin>', '', /\(object 3\): <bndbox> has no <xmin>/],
    ['<xmin>8</xmin>', '<xmin>8 px</xmin>', /\(object 3\): <xmin> is "8 px"/],
    ['00011.jpg', '../../secret.jpg', /"\.\.\/\.\.\/secret\.jpg" is no path inside/],
    ['<annotation>', '<!DOCTYPE a><annotation>', /\(line 2\): it has a document type/],
  ])('says where %s is %j', async (old, now, message) => {
    const root = await tinyDataset('dior-rsvg');
    const file = join(root, 'Annotations/00011.xml');
    await writeFile(file, (await readFile(file, 'utf8')).replace(old, now));
    const error = await refusal(openDataset({ name: 'dior-rsvg', root }));
    expect(error.code).toBe('DATASET_INVALID');
    expect(error.message).toMatch(message);
  });

  it('refuses a split file that holds no numbers', async () => {
    const root = await tinyDataset('dior-rsvg');
    await writeFile(join(root, 'val.txt'), '2\n00005.jpg\n');
    const error = await refusal(openDataset({ name: 'dior-rsvg', root }));
    expect(error.message).toMatch(/val\.txt \(line 2\): expected one whole number/);
  });
});
