import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from './image.ts';
import { decodeNpy } from './npy.ts';
import { nearestIndicesPillow, type PillowFilter, resizeBilinear, resizePillow } from './resize.ts';
import { type Float32Tensor, float32 } from './tensor.ts';

/** The picture that the literal values below were made from: pixel = (53x + 97y + 71c)·7 mod 256. */
function pattern(widthPx: number, heightPx: number): RgbImage {
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => {
    const x = Math.trunc(i / 3) % widthPx;
    const y = Math.trunc(i / (3 * widthPx));
    return ((x * 53 + y * 97 + (i % 3) * 71) * 7) % 256;
  });
  return { widthPx, heightPx, data };
}

interface Case {
  from: [w: number, h: number];
  to: [w: number, h: number];
  filter: PillowFilter;
  pixels: number[];
}

// Born from Pillow 13.0.0, `Image.fromarray(pattern).resize(to, filter)`; equal bit for bit.
// The last two lose more than twice as many rows as columns: Pillow 13 takes the height first there.
const CASES: Case[] = [
  {
    from: [7, 5],
    to: [3, 4],
    filter: 'bicubic',
    pixels: [
      93, 158, 170, 142, 147, 131, 141, 121, 103, 107, 89, 142, 81, 132, 156, 118, 146, 155, 163,
      148, 119, 127, 103, 118, 93, 122, 132, 110, 95, 171, 167, 153, 143, 143, 122, 104,
    ],
  },
  {
    from: [7, 5],
    to: [3, 4],
    filter: 'bilinear',
    pixels: [
      100, 153, 165, 131, 142, 131, 139, 124, 109, 110, 95, 144, 88, 135, 154, 118, 141, 149, 155,
      140, 125, 125, 110, 120, 99, 122, 130, 112, 97, 165, 162, 147, 143, 139, 124, 109,
    ],
  },
  {
    from: [2, 3],
    to: [4, 2],
    filter: 'bicubic',
    pixels: [
      61, 226, 203, 65, 182, 187, 74, 93, 158, 78, 49, 142, 115, 89, 65, 119, 96, 102, 128, 111,
      175, 132, 118, 212,
    ],
  },
  {
    from: [3, 12],
    to: [4, 2],
    filter: 'bicubic',
    pixels: [
      138, 155, 136, 109, 113, 153, 111, 101, 140, 143, 128, 105, 138, 117, 102, 132, 144, 132, 119,
      132, 134, 107, 90, 107,
    ],
  },
  {
    from: [3, 12],
    to: [4, 2],
    filter: 'bilinear',
    pixels: [
      136, 150, 135, 114, 118, 148, 115, 108, 138, 139, 124, 109, 136, 121, 106, 129, 137, 130, 119,
      128, 131, 110, 95, 109,
    ],
  },
];

describe('resizePillow', () => {
  it.each(CASES)('$from → $to $filter equals Pillow', ({ from, to, filter, pixels }) => {
    const resized = resizePillow(pattern(...from), { widthPx: to[0], heightPx: to[1], filter });
    expect([resized.widthPx, resized.heightPx]).toEqual(to);
    expect([...resized.data]).toEqual(pixels);
  });

  it('keeps a constant picture constant, however odd the sizes', () => {
    const image: RgbImage = {
      widthPx: 17,
      heightPx: 90,
      data: new Uint8Array(17 * 90 * 3).fill(201),
    };
    for (const filter of ['bicubic', 'bilinear'] as const) {
      const resized = resizePillow(image, { widthPx: 64, heightPx: 5, filter });
      expect(new Set(resized.data)).toEqual(new Set([201]));
    }
  });

  it('leaves a picture of the wanted size as it is', () => {
    const image = pattern(4, 3);
    expect(resizePillow(image, { widthPx: 4, heightPx: 3, filter: 'bicubic' })).toBe(image);
  });
});

describe('nearestIndicesPillow', () => {
  it('reads the indices stated in DATASETS.md for 800 → 480', () => {
    expect([...nearestIndicesPillow(800, 480)].slice(0, 8)).toEqual([0, 2, 4, 5, 7, 9, 10, 12]);
  });

  it('follows the accumulated sum at ties: 28 of 480 columns differ from the formula for 512 → 480', () => {
    const formula = Array.from({ length: 480 }, (_, i) => Math.floor(((i + 0.5) * 512) / 480));
    const differing = nearestIndicesPillow(512, 480).filter((index, i) => index !== formula[i]);
    expect(differing.length).toBe(28);
  });
});

describe('resizeBilinear', () => {
  // torch 2.13 interpolate(mode='bilinear', align_corners=False), float32 rounding aside.
  const map = float32([2, 3], Float32Array.of(0, 1, 2, 3, 5, 8));

  it('equals torch when growing', () => {
    const grown = resizeBilinear(map, { height: 3, width: 5 });
    expect(grown.shape).toEqual([3, 5]);
    const expected = [0, 0.4, 1, 1.6, 2, 1.5, 2.1, 3, 4.2, 5, 3, 3.8, 5, 6.8, 8];
    grown.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });

  it('equals torch when shrinking: no antialias', () => {
    expect([...resizeBilinear(map, { height: 1, width: 2 }).data]).toEqual([1.875, 4.5]);
  });
});

// Pillow 13.0.0 and torch 2.13; see birth.json beside them for how they were made.
const FIXTURES = new URL('../../tests/fixtures/resize/', import.meta.url);
const at = (name: string) => new URL(name, FIXTURES);
const golden = JSON.parse(readFileSync(at('resize.json'), 'utf8')) as {
  pillow: {
    picture: string;
    filter: PillowFilter | 'nearest';
    widthPx: number;
    heightPx: number;
    file: string;
  }[];
  maps: {
    output: [h: number, w: number];
    keptStep: number;
    inputFile: string;
    outputFile: string;
  }[];
};

async function readRgb(name: string): Promise<RgbImage> {
  const png = sharp(readFileSync(at(name)))
    .toColourspace('srgb')
    .removeAlpha()
    .raw();
  const { data, info } = await png.toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, data };
}

function resizeNearest(
  from: RgbImage,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
) {
  const rows = nearestIndicesPillow(from.heightPx, heightPx);
  const columns = nearestIndicesPillow(from.widthPx, widthPx);
  const pixels = Array.from(rows, (y) => {
    return Array.from(columns, (x) => {
      const i = (y * from.widthPx + x) * 3;
      return [...from.data.subarray(i, i + 3)];
    });
  });
  return Uint8Array.from(pixels.flat(2));
}

describe('the fixtures', () => {
  it.each(golden.pillow)('$file', async ({ picture, filter, widthPx, heightPx, file }) => {
    const from = await readRgb(picture);
    const size = { widthPx, heightPx };
    const resized =
      filter === 'nearest'
        ? resizeNearest(from, size)
        : resizePillow(from, { ...size, filter }).data;
    const expected = await readRgb(file);
    expect([expected.widthPx, expected.heightPx]).toEqual([widthPx, heightPx]);
    expect(Buffer.compare(resized, expected.data)).toBe(0);
  });

  it.each(golden.maps)('$outputFile', ({ output, keptStep, inputFile, outputFile }) => {
    const map = decodeNpy(readFileSync(at(inputFile))) as Float32Tensor;
    const expected = decodeNpy(readFileSync(at(outputFile))) as Float32Tensor;
    const [height, width] = output;
    const resized = resizeBilinear(map, { height, width });
    const columns = Math.ceil(width / keptStep);
    let worst = 0;
    expected.data.forEach((value, i) => {
      const y = Math.trunc(i / columns) * keptStep;
      const x = (i % columns) * keptStep;
      worst = Math.max(worst, Math.abs(value - resized.data[y * width + x]!));
    });
    expect(expected.data.length).toBe(Math.ceil(height / keptStep) * columns);
    // torch keeps positions in float32: near 32 that is 2^-19 of a pixel, and values here are 0..1.
    expect(worst).toBeLessThan(4e-6);
  });
});
