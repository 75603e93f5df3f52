import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { resizePillow } from '../tensor/resize.ts';
import { float32 } from '../tensor/tensor.ts';
import { drawPanel, type PanelTile } from './draw-panel.ts';

function gradient(widthPx: number, heightPx: number): RgbImage {
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % widthPx, Math.floor(i / (3 * widthPx))];
    return (((x * 97) / widthPx + (y * 151) / heightPx) | 0) + (i % 3) * 3;
  });
  return { widthPx, heightPx, data };
}

const maskOf = ({ widthPx, heightPx }: RgbImage): Mask => {
  const data = new Uint8Array(widthPx * heightPx);
  data.fill(1, 0, Math.ceil(data.length / 2));
  return { widthPx, heightPx, data };
};

function tilesOf(image: RgbImage): PanelTile[] {
  const mask = maskOf(image);
  const box = [0, 0, image.widthPx, image.heightPx / 2] as const;
  return [
    { kind: 'image', title: 'input' },
    { kind: 'map', map: float32([2, 2], Float32Array.of(0, 0, 0, 1)), title: 'relevance' },
    { kind: 'map', map: float32([3, 3]), title: 'evolved', note: 'nothing grew' },
    { kind: 'mask', mask, box, title: 'mask' },
    { kind: 'mask', mask, box: null, title: 'no box' },
  ];
}

const decode = (png: Buffer) => sharp(png).raw().toBuffer({ resolveWithObject: true });

describe('drawPanel', () => {
  it('puts the tiles in a row, the first the picture itself as Pillow shrinks it', async () => {
    const image = gradient(400, 200);
    const panel = { image, heading: 'the roof', tiles: tilesOf(image), tileSidePx: 200 };
    const { data, info } = await decode(await drawPanel(panel));
    // Five tiles of 200 px, four gaps of 14, margins of 24.
    expect(info.width).toBe(5 * 200 + 4 * 14 + 2 * 24);
    const small = resizePillow(image, { widthPx: 200, heightPx: 100, filter: 'bicubic' });
    const row = (y: number) => data.subarray((y * info.width + 24) * 3).subarray(0, 600);
    const first = Buffer.from(small.data.subarray(0, 600));
    const top = Array.from({ length: info.height }, (_, y) => y).find((y) => first.equals(row(y)));
    expect(top).toBeGreaterThan(24);
    const last = Buffer.from(small.data.subarray(99 * 600));
    expect(last.equals(row(top! + 99))).toBe(true);
    // Above and below there are letters: something dark on white.
    const dark = (from: number, to: number) =>
      data.subarray(from * info.width * 3, to * info.width * 3).reduce((a, b) => Math.min(a, b));
    expect(dark(0, top!)).toBeLessThan(60);
    expect(dark(top! + 100, info.height)).toBeLessThan(60);
  });

  it('keeps tiles at 384 px and grows with a caption and with notes', async () => {
    const image = gradient(500, 500);
    const tiles: PanelTile[] = [{ kind: 'image', title: 'input' }];
    const size = async (more: object, noted = tiles) => {
      const { info } = await decode(
        await drawPanel({ image, heading: 'x', tiles: noted, tileSidePx: 9999, ...more }),
      );
      return info;
    };
    const plain = await size({});
    expect(plain.width).toBe(384 + 48);
    expect((await size({ caption: 'found' })).height).toBeGreaterThan(plain.height);
    const noted = await size({}, [{ kind: 'image', title: 'input', note: '500 × 500 px' }]);
    expect(noted.height).toBeGreaterThan(plain.height);
  });

  it.each([
    [1, 1],
    [17, 900],
    [3000, 200],
  ])('draws %i × %i', async (widthPx, heightPx) => {
    const image = gradient(widthPx, heightPx);
    const heading = 'a </text> & "\u0000" expression that is much too long for a panel '.repeat(9);
    const { info } = await decode(
      await drawPanel({ image, heading, caption: heading, tiles: tilesOf(image) }),
    );
    expect(info.width).toBeLessThan(1600);
    expect(info.height).toBeLessThan(500);
  });
});
