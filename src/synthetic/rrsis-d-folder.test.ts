import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { decodeRle } from '../tensor/rle.ts';
import { pickle } from './pickle.ts';
import { makeScene } from './scene.ts';
import { writeScenes } from './write.ts';

describe('pickle', () => {
  // pickle.loads of CPython 3.11 reads these bytes as [{'a': 7, 's': 'é', 'l': [], 'n': -1}].
  it('writes the opcodes of protocol 2', () => {
    const expected =
      '80025d287d2858010000006' +
      '14a0700000058010000007358020000' +
      '00c3a958010000006c5d286558010000006e4affffffff75652e';
    const bytes = pickle([{ a: 7, s: 'é', l: [], n: -1 }]);
    expect(Buffer.from(bytes).toString('hex')).toBe(expected);
  });
});

describe('the RRSIS-D layout', () => {
  it('gives every expression of something a picture, an xyxy box and an exact mask', async () => {
    const folder = temporaryFolder();
    const made = { seed: 5, sizePx: 64, stage: 'd' } as const;
    const written = await writeScenes({ ...made, count: 1, folder, layout: 'rrsis-d' });
    const scene = makeScene(made);
    const said = scene.expressions.filter((e) => e.kind !== 'absent');
    expect(said.length).toBeLessThan(scene.expressions.length);
    expect(written.expressions).toBe(said.length);

    const pictures = await readdir(join(folder, 'images/rrsisd/JPEGImages'));
    expect(pictures).toHaveLength(said.length);
    expect(pictures).toContain('00000.jpg');
    const instances = JSON.parse(await readFile(join(folder, 'rrsisd/instances.json'), 'utf8'));
    const names = new Map(
      instances.categories.map((c: { id: number; name: string }) => [c.id, c.name]),
    );
    for (const [i, { targetId }] of said.entries()) {
      const object = scene.objects[targetId!]!;
      const { bbox, segmentation, area, categories_id, image_id } = instances.annotations[i];
      expect({ bbox, area, image_id }).toEqual({
        bbox: object.box,
        area: object.areaPx,
        image_id: i,
      });
      expect(decodeRle(segmentation[0]).data).toEqual(object.mask);
      expect(names.get(categories_id)).toBe(RRSIS_D_NAME[object.category] ?? object.category);
    }
  });
});

const RRSIS_D_NAME: Record<string, string> = {
  'storage tank': 'storagetank',
  'tennis court': 'tenniscourt',
  'baseball field': 'baseballfield',
  'swimming pool': 'swimmingpool',
  'track field': 'groundtrackfield',
  'tree group': 'treegroup',
  'solar field': 'solarfield',
};
