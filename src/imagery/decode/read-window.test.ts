import { describe, expect, it } from 'vitest';
import { bufferSource } from '../tiff/byte-source.ts';
import { greyPage, type PageContent, tiffFile } from '../tiff/tiff-file.fixture.ts';
import { openTiffPicture } from '../tiff/tiff-picture.ts';
import { readWindow } from './read-window.ts';
import { sampleValues } from './sample-values.ts';

const open = (...pages: PageContent[]) =>
  openTiffPicture(bufferSource('a.tif', tiffFile({ pages })));

const window = (x: number, y: number, widthPx: number, heightPx: number) => ({
  x,
  y,
  widthPx,
  heightPx,
});
const size = (widthPx: number, heightPx: number) => ({ widthPx, heightPx });

describe('readWindow', () => {
  it('is not valid outside, where nothing is', async () => {
    const picture = open(greyPage(size(4, 3)));
    const read = await readWindow(picture, {
      window: window(-1, 2, 3, 2),
      out: size(3, 2),
      bands: [0],
    });
    expect([...read.valid]).toEqual([0, 1, 1, 0, 0, 0]);
    expect([...read.bands[0]!.subarray(1, 3)]).toEqual([8, 9]);
  });

  it('rounds the mean of bytes to bytes', async () => {
    const read = await readWindow(open(greyPage(size(4, 3))), {
      window: window(0, 0, 4, 2),
      out: size(2, 1),
      bands: [0],
    });
    // (0 + 1 + 4 + 5) / 4 and (2 + 3 + 6 + 7) / 4
    expect([...read.bands[0]!]).toEqual([3, 5]);
    expect(read.bands[0]).toBeInstanceOf(Uint8Array);
  });

  it('reads the smallest overview that is large enough, and no smaller one', async () => {
    const flat = (side: number, value: number): PageContent => ({
      ...greyPage(size(side, side), side < 8 ? { NewSubfileType: [1] } : {}),
      blocks: [new Uint8Array(side * side).fill(value)],
    });
    const picture = open(flat(8, 80), flat(2, 20), flat(4, 40));
    const first = async (side: number) => {
      const request = { window: window(0, 0, 8, 8), out: size(side, side), bands: [0] };
      return (await readWindow(picture, request)).bands[0]![0];
    };
    expect(await Promise.all([8, 5, 4, 3, 2, 1].map(first))).toEqual([80, 80, 40, 40, 20, 20]);
    const part = { window: window(4, 0, 4, 4), out: size(2, 2), bands: [0] };
    expect([...(await readWindow(picture, part)).bands[0]!]).toEqual([40, 40, 40, 40]);
  });

  it('shows the colours of a palette, none where its index is "no data"', async () => {
    const colorMap = Array.from({ length: 12 }, (_, i) => i * 20); // 2 bits, colours of 8 bits
    const palette = { PhotometricInterpretation: [3], BitsPerSample: [2], ColorMap: colorMap };
    const page = greyPage(size(4, 1), { ...palette, GdalNoData: '2' });
    const picture = open({ ...page, blocks: [Uint8Array.of(0b00_01_10_11)] });
    const request = { window: window(0, 0, 4, 1), out: size(4, 1), bands: [0] };
    const { bands, valid } = await readWindow(picture, request);
    expect([...valid]).toEqual([1, 1, 0, 1]);
    expect(bands.map((band) => [band[0], band[1], band[3]])).toEqual([
      [0, 20, 60],
      [80, 100, 140],
      [160, 180, 220],
    ]);
  });

  it('shows sparse tiles as nothing and says so after every block', async () => {
    const tags = { TileWidth: [16], TileLength: [16] };
    const located = { TileOffsets: [8, 0], TileByteCounts: [256, 0] };
    const page = greyPage(size(32, 16), { ...tags, ...located });
    let steps = 0;
    const request = { window: window(0, 0, 32, 16), out: size(2, 1), bands: [0] };
    const { valid } = await readWindow(
      open({ ...page, blocks: [new Uint8Array(256)] }),
      request,
      () => {
        steps += 1;
      },
    );
    expect([...valid]).toEqual([1, 0]);
    expect(steps).toBe(1);
  });
});

describe('sampleValues', () => {
  it('takes every value of a small scene but for those of no data', async () => {
    const values = await sampleValues(open(greyPage(size(4, 3), { GdalNoData: '7' })), [0]);
    expect([...values[0]!]).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11]);
  });

  it('takes blocks from all over a large one, not a single column of them', async () => {
    // 64 × 64 tiles of 256², of which every value is its column: 64 evenly spaced ones would all be column 0.
    const tiles = Array.from({ length: 4096 }, (_, i) => Uint8Array.of(i % 64));
    const tags = { ...greyPage().tags, TileWidth: [256], TileLength: [256], Compression: [32773] };
    const sides = { ImageWidth: [2 ** 14], ImageLength: [2 ** 14] };
    // PackBits: 65 536 times the same byte in runs of 128.
    const blocks = tiles.map(([value]) => {
      const runs = Array.from({ length: 512 }, () => [0x81, value!]);
      return Uint8Array.from(runs.flat());
    });
    const [values] = await sampleValues(open({ tags: { ...tags, ...sides }, blocks }), [0]);
    expect(values!.length).toBeLessThanOrEqual(2 ** 20);
    expect(new Set(values).size).toBeGreaterThan(30);
  });
});
