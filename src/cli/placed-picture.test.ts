import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { gdal, HAS_GDAL } from '../../tests/support/gdal.ts';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { openScene } from '../imagery/scene.ts';
import { greyPage, tiffFile } from '../imagery/tiff/tiff-file.fixture.ts';
import { pictureOf } from './placed-picture.ts';

const folder = temporaryFolder();
const [widthPx, heightPx] = [5, 4];
const pixels = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => 4 * i);
const picture = (data = pixels) =>
  sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });

async function shown(path: string): Promise<Uint8Array> {
  const scene = await openScene(path);
  try {
    return (await pictureOf(scene, {})).image.data;
  } finally {
    await scene.close();
  }
}

describe('a picture without a place', () => {
  it('of kinds that only the scene’s decoder reads is shown as that shows it', async () => {
    const page = greyPage({ widthPx: 1, heightPx: 1 }, { SamplesPerPixel: [5] });
    const path = join(folder, 'five.tif');
    writeFileSync(path, tiffFile({ pages: [{ ...page, blocks: [Uint8Array.of(9, 8, 7, 6, 5)] }] }));
    expect([...(await shown(path))]).toEqual([9, 8, 7]);
  });

  it.skipIf(!HAS_GDAL).each(['ZSTD', 'LERC', 'LZW'])('in %s (GDAL)', async (compression) => {
    const [raw, path] = [join(folder, 'raw.tif'), join(folder, `${compression}.tif`)];
    await picture().tiff({ compression: 'none' }).toFile(raw);
    gdal('gdal_translate', ['-q', '-co', `COMPRESS=${compression}`, raw, path]);
    expect(await shown(path)).toEqual(pixels);
  });

  it('is not shown when another file has taken its name', async () => {
    const [path, other] = [join(folder, 'first.png'), join(folder, 'other.png')];
    await picture().toFile(path);
    await picture(pixels.toReversed()).toFile(other);
    const scene = await openScene(path);
    renameSync(other, path);
    await expect(pictureOf(scene, {})).rejects.toMatchObject({ code: 'IMAGE_CHANGED' });
    await scene.close();
  });
});
