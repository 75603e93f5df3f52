import sharp from 'sharp';
import { expect, it } from 'vitest';
import { encodeMaskPng, encodePng } from './png.ts';

const decode = (png: Buffer) => sharp(png).raw().toBuffer({ resolveWithObject: true });

it('encodeMaskPng writes 0 and 255 in one 8-bit band of the same size', async () => {
  const data = Uint8Array.of(0, 1, 1, 0, 0, 1);
  const png = await encodeMaskPng({ widthPx: 3, heightPx: 2, data });
  const { channels, depth } = await sharp(png).metadata();
  expect([channels, depth]).toEqual([1, 'uchar']);
  const { info, data: pixels } = await sharp(png).toColourspace('b-w').raw().toBuffer({
    resolveWithObject: true,
  });
  expect([info.width, info.height]).toEqual([3, 2]);
  expect([...pixels]).toEqual([0, 255, 255, 0, 0, 255]);
  expect([...data]).toEqual([0, 1, 1, 0, 0, 1]);
});

it('encodePng keeps every value', async () => {
  const data = Uint8Array.from({ length: 12 }, (_, i) => i * 20);
  const { info, data: pixels } = await decode(await encodePng({ widthPx: 2, heightPx: 2, data }));
  expect([info.width, info.height, info.channels]).toEqual([2, 2, 3]);
  expect([...pixels]).toEqual([...data]);
});
