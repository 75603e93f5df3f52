import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { makeScene, type Scene } from './scene.ts';
import { writeScenes } from './write.ts';

describe('writeScenes', () => {
  it('writes pictures, masks, one line a scene and a sheet that read back as what was made', async () => {
    const folder = temporaryFolder();
    const options = { count: 3, seed: 17, sizePx: 64, stage: 'b', folder } as const;
    const drawn: Scene[] = [];
    const drawSheet = (scenes: readonly Scene[]) => {
      drawn.push(...scenes);
      return scenes[2]!.image;
    };
    const written = await writeScenes({ ...options, drawSheet });
    const lines = (await readFile(join(folder, 'scenes.jsonl'), 'utf8')).trim().split('\n');
    expect(written.scenes).toBe(3);
    expect(lines).toHaveLength(3);
    for (const [i, line] of lines.entries()) {
      const read = JSON.parse(line);
      const scene = makeScene({ seed: 17 + i, sizePx: 64, stage: 'b' });
      const pixels = await sharp(join(folder, read.image)).raw().toBuffer();
      expect(new Uint8Array(pixels)).toEqual(scene.image.data);
      expect(read.expressions).toEqual(scene.expressions);
      for (const [k, object] of scene.objects.entries()) {
        const mask = await sharp(join(folder, read.objects[k].mask))
          .extractChannel(0)
          .raw()
          .toBuffer();
        expect(new Uint8Array(mask)).toEqual(object.mask.map((v) => v * 255));
        expect(read.objects[k].box).toEqual(object.box);
      }
    }
    expect(drawn.map(({ seed }) => seed)).toEqual([17, 18, 19]);
    const sheet = await sharp(join(folder, 'sheet.png')).raw().toBuffer();
    expect(new Uint8Array(sheet)).toEqual(drawn[2]!.image.data);
  });

  it.each([
    [{ count: 0 }, '--count'],
    [{ seed: -1 }, '--seed'],
    [{ sizePx: 8 }, '--size'],
    [{ stage: 'z' as 'a' }, '--stage'],
    [{ layout: 'z' as 'scenes' }, '--layout'],
  ])('refuses %j', async (wrong, option) => {
    const call = writeScenes({ count: 1, seed: 0, folder: '/nowhere', ...wrong });
    await expect(call).rejects.toMatchObject({ code: 'OPTION_INVALID', fields: { option } });
  });

  it('says that a folder cannot be written', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    const call = writeScenes({ count: 1, seed: 0, folder: join(folder, 'file') });
    await expect(call).rejects.toMatchObject({ code: 'OUTPUT_WRITE' });
  });
});
