import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromFile, type GeoTIFFImage } from 'geotiff';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { PLACES, placeOf } from './places.fixture.ts';
import { directoryBytes, encodeDirectory, encodeHeader, type TiffTag } from './tiff-directory.ts';
import type { Samples } from './tile-pyramid.ts';
import { type CogOptions, type TileSource, writeCog } from './write-cog.ts';

const [WIDTH, HEIGHT] = [700, 300];
const bytes = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
  (i * 7919) % 251 > 120 ? 1 : 0,
);
const floats = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => Math.sin(i / 97) * 3);

function tilesOf(
  data: Uint8Array | Float32Array,
  options: { emptyColumns?: number[] } = {},
): TileSource {
  const tilePx = 256;
  const make = data instanceof Uint8Array ? Uint8Array : Float32Array;
  const readTile = async (column: number, row: number) => {
    if (options.emptyColumns?.includes(column)) return null;
    const tile = new make(tilePx * tilePx);
    for (let y = 0; y < Math.min(tilePx, HEIGHT - row * tilePx); y += 1) {
      const start = (row * tilePx + y) * WIDTH + column * tilePx;
      const width = Math.min(tilePx, WIDTH - column * tilePx);
      tile.set(data.subarray(start, start + width), y * tilePx);
    }
    return tile;
  };
  const sample = data instanceof Uint8Array ? 'uint8' : 'float32';
  return { widthPx: WIDTH, heightPx: HEIGHT, sample, tilePx, readTile } as TileSource;
}

async function written(options: Omit<CogOptions, 'path'>) {
  const path = join(temporaryFolder(), 'out.tif');
  await writeCog({ path, ...options });
  const file = await fromFile(path);
  const images = await Promise.all(
    Array.from({ length: await file.getImageCount() }, (_, i) => file.getImage(i)),
  );
  return { path, images };
}

async function pixels(image: GeoTIFFImage): Promise<Samples> {
  const [band] = (await image.readRasters()) as unknown as [Samples];
  return band;
}

describe('writeCog', () => {
  it('brings bytes and floats back', async () => {
    const mask = await written({ source: tilesOf(bytes) });
    expect(Buffer.compare((await pixels(mask.images[0]!)) as Uint8Array, bytes)).toBe(0);
    const map = await written({ source: tilesOf(floats) });
    expect(await pixels(map.images[0]!)).toEqual(floats);
  });

  it('has overviews by halves: every second pixel of a mask, the mean of four of a map', async () => {
    const mask = await written({ source: tilesOf(bytes) });
    expect(mask.images.map((image) => [image.getWidth(), image.getHeight()])).toEqual([
      [700, 300],
      [350, 150],
      [175, 75],
    ]);
    const half = await pixels(mask.images[1]!);
    expect(half[40 * 350 + 300]).toBe(bytes[80 * 700 + 600]);
    const map = await written({ source: tilesOf(floats) });
    const mean = [0, 1, WIDTH, WIDTH + 1]
      .map((step) => floats[80 * 700 + 600 + step]! / 4)
      .reduce((sum, value) => sum + value, 0);
    expect((await pixels(map.images[1]!))[40 * 350 + 300]).toBeCloseTo(mean, 6);
  });

  it('leaves what is no data out of the means, and fills empty tiles with it', async () => {
    const data = floats.map((value, i) => (i % 3 === 0 ? -1 : Math.abs(value)));
    const { images } = await written({
      source: tilesOf(data, { emptyColumns: [1] }),
      nodata: -1,
    });
    expect(images[0]!.getGDALNoData()).toBe(-1);
    const full = await pixels(images[0]!);
    expect([full[300], full[511], full[512]]).toEqual([-1, -1, data[512]]);
    const half = await pixels(images[1]!);
    const four = [0, 1, WIDTH, WIDTH + 1].map((step) => data[step]!).filter((value) => value >= 0);
    expect(half[0]).toBeCloseTo(four.reduce((sum, value) => sum + value, 0) / four.length, 6);
    expect(half[200]).toBe(-1);
  });

  it('lays out directories, then the smallest overview, then the picture, as its ghost area says', async () => {
    const { path, images } = await written({ source: tilesOf(bytes) });
    const file = readFileSync(path);
    expect(file.toString('latin1', 8, 51)).toBe('GDAL_STRUCTURAL_METADATA_SIZE=000140 bytes\n');
    expect(file.toString('latin1', 51, 191)).toContain('LAYOUT=IFDS_BEFORE_DATA\n');
    const tiles = await Promise.all(
      images.map(async ({ fileDirectory }) => {
        const offsets = (await fileDirectory.loadValue('TileOffsets')) as ArrayLike<number>;
        const counts = (await fileDirectory.loadValue('TileByteCounts')) as ArrayLike<number>;
        return Array.from(offsets, (offset, i) => ({
          offset: Number(offset),
          count: Number(counts[i]),
        }));
      }),
    );
    const starts = tiles.map(([first]) => first!.offset);
    expect(starts).toEqual([...starts].sort((a, b) => b - a));
    for (const { offset, count } of tiles.flat()) {
      expect(file.readUInt32LE(offset - 4)).toBe(count);
      const [end, repeated] = [offset + count, offset + count + 4];
      expect(file.subarray(end, repeated)).toEqual(file.subarray(end - 4, end));
    }
  });

  it('takes over the place: scale and tie point, or a matrix, over the same ground', async () => {
    const affine = [0.5, 0, 404211.9, 0, -0.5, 3285142.9] as const;
    const place = placeOf({ epsg: 32617, affine, size: { widthPx: 1400, heightPx: 600 } });
    const [north] = (await written({ source: tilesOf(bytes), place })).images;
    expect(north!.getOrigin().slice(0, 2)).toEqual([404211.9, 3285142.9]);
    // Half as many pixels as the scene: each is twice as large.
    expect(north!.getResolution().slice(0, 2)).toEqual([1, -1]);
    expect(north!.getGeoKeys()).toMatchObject({
      ProjectedCSTypeGeoKey: 32617,
      GTRasterTypeGeoKey: 1,
    });
    const rotated = PLACES['rotated by 30°']!;
    const [image] = (await written({ source: tilesOf(bytes), place: rotated })).images;
    const matrix = await image!.fileDirectory.loadValue('ModelTransformation');
    expect(matrix?.[0]).toBeCloseTo((8.66 * 14) / WIDTH, 12);
  });

  it('copies the keys of the scene, but for where its pixels begin', async () => {
    const citation = 'my system|';
    const place = {
      ...PLACES['UTM, north up']!,
      geoKeys: {
        geoKeyDirectory: [
          1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 2, 1026, 34737, 10, 0, 3072, 0, 1, 32617,
        ],
        geoDoubleParams: [],
        geoAsciiParams: citation,
      },
    };
    const [image] = (await written({ source: tilesOf(bytes), place })).images;
    expect(image!.getGeoKeys()).toMatchObject({
      GTCitationGeoKey: 'my system',
      GTRasterTypeGeoKey: 1,
      ProjectedCSTypeGeoKey: 32617,
    });
  });

  it('leaves nothing behind when the source fails or the file is there', async () => {
    const folder = temporaryFolder({ 'mine.tif': 'mine' });
    const source = tilesOf(bytes);
    const failing = {
      ...source,
      readTile: async (column: number, row: number) => {
        if (column === 1) throw new RangeError('no tile');
        return source.readTile(column, row);
      },
    } as TileSource;
    const path = join(folder, 'out.tif');
    await expect(writeCog({ path, source: failing })).rejects.toThrow('no tile');
    expect(readdirSync(folder)).toEqual(['mine.tif']);
    await expect(writeCog({ path: join(folder, 'mine.tif'), source })).rejects.toEqual(
      expect.objectContaining({ code: 'OUTPUT_WRITE' }),
    );
    expect(readFileSync(join(folder, 'mine.tif'), 'utf8')).toBe('mine');
    expect(existsSync(path)).toBe(false);
  });
});

describe('a directory', () => {
  it('reads the same from a BigTIFF', async () => {
    const pixel = Uint8Array.of(7, 8, 9, 10);
    const tags = (dataAt: number): TiffTag[] => [
      [256, 'long', [2]],
      [257, 'long', [2]],
      [258, 'short', [8]],
      [259, 'short', [1]],
      [262, 'short', [1]],
      [273, 'long8', [dataAt]],
      [277, 'short', [1]],
      [278, 'long', [2]],
      [279, 'long8', [4]],
      [42113, 'ascii', '-32768.25'],
    ];
    const header = encodeHeader('big', 16);
    const dataAt = 16 + directoryBytes(tags(0), 'big');
    const directory = encodeDirectory(tags(dataAt), { format: 'big', at: 16, next: 0 });
    const path = join(temporaryFolder(), 'big.tif');
    writeFileSync(path, Buffer.concat([header, directory, pixel]));
    const image = await (await fromFile(path)).getImage();
    expect(image.getGDALNoData()).toBe(-32768.25);
    expect([...(await pixels(image))]).toEqual([...pixel]);
  });
});
