import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { epsgGeoKeys } from '../geo/geo-keys.ts';
import type { RgbImage } from '../tensor/image.ts';
import { openScene, type Scene, type SceneOptions } from './scene.ts';
import { greyPage, type PageContent, tiffFile } from './tiff/tiff-file.fixture.ts';

const folder = temporaryFolder();
const opened: Scene[] = [];
afterEach(() => Promise.all(opened.splice(0).map((scene) => scene.close())));

function write(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function open(path: string, options?: SceneOptions): Promise<Scene> {
  const scene = await openScene(path, options);
  opened.push(scene);
  return scene;
}

const whole = ({ widthPx, heightPx }: Scene) => ({ x: 0, y: 0, widthPx, heightPx });
const readAll = (scene: Scene) => scene.read(whole(scene), scene);
const reds = ({ data }: RgbImage) => [...data].filter((_, i) => i % 3 === 0);

/** Two bytes a number, low byte first. */
function words(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

const bytesOf = (...values: number[]) => Uint8Array.from(values);

/** One band of 16 bits. */
function deepPage(values: readonly number[], tags: PageContent['tags'] = {}): PageContent {
  const size = { widthPx: values.length, heightPx: 1 };
  return { ...greyPage(size, { BitsPerSample: [16], ...tags }), blocks: [words(values)] };
}

describe('a TIFF', () => {
  it('is stretched by the percentiles of the whole scene, whatever window is read', async () => {
    // 101 values 0..100 of 1000s, and as many "no data" that would be the upper percentile.
    const values = Array.from({ length: 202 }, (_, i) => (i < 101 ? i * 100 : 65535));
    const path = write(
      'deep.tif',
      tiffFile({ pages: [deepPage(values, { GdalNoData: '65535' })] }),
    );
    const scene = await open(path);
    expect([scene.sampleType, scene.bands]).toEqual(['uint16', 1]);
    const { image, valid } = await readAll(scene);
    // The 2nd and 98th percentiles of 0, 100, … 10 000 are 200 and 9800.
    const expected = values.map((v) =>
      v === 65535 ? 0 : Math.min(255, Math.max(0, Math.round(((v - 200) / 9600) * 255))),
    );
    expect(reds(image)).toEqual(expected);
    expect([...valid.data]).toEqual(values.map((v) => Number(v !== 65535)));
    const part = await scene.read(
      { x: 40, y: 0, widthPx: 3, heightPx: 1 },
      { widthPx: 3, heightPx: 1 },
    );
    expect(reds(part.image)).toEqual(expected.slice(40, 43));
  });

  it('of bytes is shown as it is, with the bands asked for', async () => {
    const bands = greyPage({ widthPx: 1, heightPx: 1 }, { SamplesPerPixel: [4] });
    const path = write(
      'four.tif',
      tiffFile({ pages: [{ ...bands, blocks: [Uint8Array.of(1, 2, 3, 4)] }] }),
    );
    expect([...(await readAll(await open(path))).image.data]).toEqual([1, 2, 3]);
    const infrared = await open(path, { bands: [4, 3, 2] });
    expect([...(await readAll(infrared)).image.data]).toEqual([4, 3, 2]);
    await expect(openScene(path, { bands: [5] })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  });

  it('may be held to other limits than the usual ones', async () => {
    const path = write('limited.tif', tiffFile({ pages: [greyPage({ widthPx: 9, heightPx: 1 })] }));
    const refused = {
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringMatching(/limit is 8 pixels/),
    };
    await expect(openScene(path, { limits: { sidePx: 8 } })).rejects.toMatchObject(refused);
  });

  it('of many pages is its first page', async () => {
    const pages = Array.from({ length: 16 }, (_, i) => greyPage({ widthPx: 16 - i, heightPx: 1 }));
    const scene = await open(write('pages.tif', tiffFile({ pages })));
    expect([scene.widthPx, scene.heightPx]).toEqual([16, 1]);
  });

  it('keeps its answer in parts: a window that is read in several requests is seamless', async () => {
    const size = { widthPx: 3000, heightPx: 1500 };
    const pixels = Uint8Array.from({ length: 4_500_000 }, (_, i) => (i * 7919) >> 8);
    const page = { ...greyPage(size, { RowsPerStrip: [1500] }), blocks: [pixels] };
    const { image } = await readAll(await open(write('large.tif', tiffFile({ pages: [page] }))));
    const seen = pixels.map((_, i) => image.data[i * 3]!);
    expect(Buffer.from(seen).equals(pixels)).toBe(true);
  });

  it('has no data where the number asked for is, not where the file says', async () => {
    // Stored with white as 0: the number is the stored one, as gdal_translate's -a_nodata is.
    const tags = { GdalNoData: '3', PhotometricInterpretation: [0] };
    const page = {
      ...greyPage({ widthPx: 4, heightPx: 1 }, tags),
      blocks: [bytesOf(0, 3, 5, 255)],
    };
    const path = write('fill.tif', tiffFile({ pages: [page] }));
    const validWith = async (options?: SceneOptions) => [
      ...(await readAll(await open(path, options))).valid.data,
    ];
    expect(await validWith()).toEqual([1, 0, 1, 1]);
    expect(await validWith({ noData: 0 })).toEqual([0, 1, 1, 1]);
    expect(await validWith({ noData: -1 })).toEqual([1, 1, 1, 1]);
  });

  it('without a place says why', async () => {
    const scene = await open(write('nowhere.tif', tiffFile({ pages: [greyPage()] })));
    expect(scene.place).toBeNull();
    expect(scene.placeProblem).toMatch(/no GeoKeys/);
  });

  it('takes the system that is named to it only where it names none', async () => {
    const placing = { ModelPixelScale: [2, 2, 0], ModelTiepoint: [0, 0, 0, 500000, 4650000, 0] };
    const path = write('bare.tif', tiffFile({ pages: [greyPage({}, placing)] }));
    expect((await open(path)).placeProblem).toMatch(/no GeoKeys/);
    const scene = await open(path, { epsg: 32633 });
    expect(scene.place).toMatchObject({
      crs: { epsg: 32633 },
      affine: [2, 0, 5e5, 0, -2, 4650000],
    });
    const { geoKeyDirectory } = epsgGeoKeys(32634, 'projected');
    const named = { ...placing, GeoKeyDirectory: [...geoKeyDirectory!] };
    const own = write('named.tif', tiffFile({ pages: [greyPage({}, named)] }));
    expect((await open(own, { epsg: 32634 })).place?.crs.epsg).toBe(32634);
    await expect(openScene(own, { epsg: 32633 })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringContaining('EPSG:32634, got 32633'),
    });
    // Its placement beside it changes nothing in that.
    const { ModelPixelScale: _, ...unplaced } = named;
    const keys = write('keys.tif', tiffFile({ pages: [greyPage({}, unplaced)] }));
    write('keys.tfw', '2\n0\n0\n-2\n500001\n4649999\n');
    expect((await open(keys)).place).toMatchObject({
      crs: { epsg: 32634 },
      affine: [2, 0, 5e5, 0, -2, 4650000],
    });
    await expect(openScene(keys, { epsg: 32633 })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
    });
  });
});

describe('a PNG, JPEG or WebP', () => {
  const pixels = (width: number, height: number) =>
    Uint8Array.from({ length: width * height * 3 }, (_, i) => i);
  const picture = (width: number, height: number) =>
    sharp(pixels(width, height), { raw: { width, height, channels: 3 } });

  it('has a place by its world file, once its coordinate system is named', async () => {
    const path = write('world.png', await picture(4, 3).png().toBuffer());
    expect((await open(path)).placeProblem).toMatch(/no world file/);
    // A pixel of half a metre; the centre of the first one is at 500 000.25, 4 649 999.75.
    write('world.pgw', '0.5\n0\n0\n-0.5\n500000.25\n4649999.75\n');
    expect((await open(path)).placeProblem).toMatch(/world\.pgw does not name/);
    const scene = await open(path, { epsg: 32633 });
    expect(scene.placeProblem).toBeNull();
    expect(scene.place?.crs.epsg).toBe(32633);
    expect(scene.place?.affine).toEqual([0.5, 0, 500000, 0, -0.5, 4650000]);
  });

  it('has a world file in capitals, too', async () => {
    const path = write('LOUD.PNG', await picture(4, 3).png().toBuffer());
    write('LOUD.PGW', '0.5\n0\n0\n-0.5\n500000.25\n4649999.75\n');
    expect((await open(path, { epsg: 32633 })).place?.crs.epsg).toBe(32633);
  });

  it('is turned upright, but not with a world file, which is about the stored pixels', async () => {
    const bytes = await picture(4, 3)
      .withMetadata({ orientation: 6 })
      .webp({ lossless: true })
      .toBuffer();
    const upright = await open(write('turned.webp', bytes));
    expect([upright.widthPx, upright.heightPx]).toEqual([3, 4]);
    write('stored.wld', '1\n0\n0\n-1\n0\n0\n');
    const stored = await open(write('stored.webp', bytes));
    expect([stored.widthPx, stored.heightPx]).toEqual([4, 3]);
    expect([...(await readAll(stored)).image.data.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('has no data where all bands have the number asked for', async () => {
    const raw = { width: 3, height: 1, channels: 3 } as const;
    const png = await sharp(bytesOf(0, 0, 0, 0, 9, 0, 9, 9, 9), { raw })
      .png()
      .toBuffer();
    const scene = await open(write('fill.png', png), { noData: 0 });
    const { image, valid } = await readAll(scene);
    expect([...valid.data]).toEqual([0, 1, 1]);
    expect([...image.data]).toEqual([0, 0, 0, 0, 9, 0, 9, 9, 9]);
  });

  it('of 16 bits is stretched, and clear pixels are not valid', async () => {
    const values = Uint16Array.from({ length: 101 * 2 }, (_, i) => (i % 2 ? 65535 : i * 300));
    values[1] = 0;
    const raw = { width: 101, height: 1, channels: 2 } as const;
    const png = await sharp(values, { raw }).toColourspace('grey16').png().toBuffer();
    const scene = await open(write('deep.png', png));
    expect([scene.sampleType, scene.bands]).toEqual(['uint16', 2]);
    const { image, valid } = await readAll(scene);
    expect([...valid.data.subarray(0, 3)]).toEqual([0, 1, 1]);
    const red = reds(image);
    expect([red[0], red[1], red[100]]).toEqual([0, 0, 255]);
    expect(red[51]).toBeGreaterThan(120);
  });

  it('of inks is refused; of an animation the first picture is read', async () => {
    const inks = await picture(4, 3).toColourspace('cmyk').jpeg().toBuffer();
    const refused = { code: 'IMAGE_BANDS', message: expect.stringMatching(/8-bit cmyk/) };
    await expect(openScene(write('inks.jpg', inks))).rejects.toMatchObject(refused);
    const raw = { width: 4, height: 6, channels: 3, pageHeight: 3 } as const;
    const frames = await sharp(pixels(4, 6), { raw }).webp({ lossless: true }).toBuffer();
    expect((await sharp(frames).metadata()).pages).toBe(2);
    const scene = await open(write('frames.webp', frames));
    expect([scene.widthPx, scene.heightPx]).toEqual([4, 3]);
    expect([...(await readAll(scene)).image.data]).toEqual([...pixels(4, 3)]);
  });
});

describe('what is no picture', () => {
  it.each([
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
    ['VRT', '<VRTDataset rasterXSize="1" rasterYSize="1"/>'],
    ['PDF', '%PDF-1.7'],
    ['HTML', '<!DOCTYPE html>'],
    ['ZIP', 'PK\x03\x04'],
    ['nothing', ''],
  ])('%s is refused by its first bytes, whatever it is called', async (_, text) => {
    await expect(openScene(write('x.tif', text))).rejects.toMatchObject({ code: 'IMAGE_TYPE' });
  });

  it('is refused before it is waited for', async () => {
    const missing = openScene(join(folder, 'none.tif'));
    await expect(missing).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
    await expect(openScene(folder)).rejects.toMatchObject({ code: 'IMAGE_NOT_A_FILE' });
    if (process.platform === 'win32') return;
    execFileSync('mkfifo', [join(folder, 'pipe.tif')]);
    const pipe = openScene(join(folder, 'pipe.tif'));
    await expect(pipe).rejects.toMatchObject({ code: 'IMAGE_NOT_A_FILE' });
  });
});

describe('the file', () => {
  it('is the one that was opened, whatever takes its place', async () => {
    const bytes = tiffFile({ pages: [greyPage()] });
    const name = `${'å'.repeat(120)}.tif`;
    const scene = await open(write(name, bytes));
    expect(scene.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(scene.sha256Of).toBe('file');
    renameSync(write('other.tif', 'not a picture'), join(folder, name));
    expect(reds((await readAll(scene)).image)).toEqual([...greyPage().blocks![0]!]);
  });

  it('is not read on once it was written to', async () => {
    const bytes = tiffFile({ pages: [greyPage()] });
    const scene = await open(write('changing.tif', bytes));
    write('changing.tif', Buffer.concat([bytes, bytes]));
    await expect(readAll(scene)).rejects.toMatchObject({ code: 'IMAGE_CHANGED' });
  });

  it('that holds a bomb costs one answer', async () => {
    const bomb = { ...greyPage({}, { Compression: [32773] }), blocks: [Uint8Array.of(0x81, 7)] };
    const scene = await open(write('bomb.tif', tiffFile({ pages: [bomb] })));
    const refused = { code: 'DECODE_OVERFLOW', message: expect.stringMatching(/strip 0 unpacks/) };
    await expect(readAll(scene)).rejects.toMatchObject(refused);
  });
});

const SAMPLES = '../shared/samples';
const HAS_GDALINFO = (() => {
  try {
    return execFileSync('gdalinfo', ['--version']).length > 0;
  } catch {
    return false;
  }
})();

describe.skipIf(!existsSync(SAMPLES) || !HAS_GDALINFO)('the samples (../shared, gdalinfo)', () => {
  it.each([
    '201404_13SED190110_201404_0x1500m_CL_1.tif',
    '2018_SJER_3_252000_4107000_image_477.tif',
    '5b90f92da0d7280005fab355_4310.tif',
    'OSBS_029.tif',
    'cog_rgb.tif',
    'cog_rgb_mask.tif',
    'pix4d_alpha_nodata.tif',
    'sample_geotiff.tif',
    'test_tiled.tif',
  ])('%s is what gdalinfo says', async (name) => {
    const path = join(SAMPLES, name);
    const told = JSON.parse(execFileSync('gdalinfo', ['-json', path], { encoding: 'utf8' }));
    const scene = await open(path);
    expect([scene.widthPx, scene.heightPx]).toEqual(told.size);
    expect(scene.bands).toBe(told.bands.length);
    expect(scene.place?.crs.epsg).toBe(told.stac['proj:epsg']);
    const [c, a, b, f, d, e] = told.geoTransform;
    for (const [i, value] of [a, b, c, d, e, f].entries()) {
      expect(scene.place?.affine[i]).toBeCloseTo(value, 6);
    }
    const { valid } = await scene.read(whole(scene), { widthPx: 64, heightPx: 64 });
    expect(valid.data).toContain(1);
  });
});
