/** The five samples of which every tiny dataset is made, and their pictures and masks. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Box, Mask } from '../../src/tensor/image.ts';
import { type CocoRle, encodeRle } from '../../src/tensor/rle.ts';

export interface TinySample {
  readonly split: 'train' | 'val' | 'test';
  readonly expression: string;
  readonly category: string;
  readonly categoryId: number;
  /** Tight box of the mask. */
  readonly box: Box;
}

export const TINY_SIDE = 64;

/** The last is the one whose mask is black in RISBench. */
export const TINY_SAMPLES: readonly TinySample[] = [
  {
    split: 'train',
    expression: 'The white ship near the pier',
    category: 'ship',
    categoryId: 13,
    box: [4, 6, 20, 18],
  },
  {
    split: 'val',
    expression: 'A small bridge',
    category: 'bridge',
    categoryId: 6,
    box: [30, 10, 60, 16],
  },
  {
    split: 'test',
    expression: 'The baseball field on the top',
    category: 'baseballfield',
    categoryId: 4,
    box: [8, 2, 40, 20],
  },
  {
    split: 'test',
    expression: "The chimney's  top & its shadow",
    category: 'chimney',
    categoryId: 7,
    box: [10, 30, 22, 61],
  },
  {
    split: 'test',
    expression: 'Le café en bas à droite',
    category: 'storagetank',
    categoryId: 15,
    box: [40, 44, 64, 64],
  },
];

/** 1 inside the box. */
export function boxMask([x1, y1, x2, y2]: Box, side = TINY_SIDE): Mask {
  const data = new Uint8Array(side * side);
  for (let y = y1; y < y2; y += 1) data.fill(1, y * side + x1, y * side + x2);
  return { widthPx: side, heightPx: side, data };
}

export function rleOfMask({ widthPx, heightPx, data }: Mask): CocoRle {
  return encodeRle({ dtype: 'bool', shape: [heightPx, widthPx], data });
}

/** Writes files, and the folders they lie in. */
export async function writeFiles(folder: string, files: Readonly<Record<string, string | Buffer>>) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

const FORMATS = {
  png: (image: Sharp) => image.png(),
  jpeg: (image: Sharp) => image.jpeg(),
  // By default sharp writes JPEG into TIFF, which would blur a mask.
  tiff: (image: Sharp) => image.tiff({ compression: 'lzw' }),
};
type Format = keyof typeof FORMATS;

/** A dark picture with a bright box, `taller` rows more than it is wide. */
export function picture(box: Box, format: Format, taller = 0): Promise<Buffer> {
  const [width, height] = [TINY_SIDE, TINY_SIDE + taller];
  const { data } = boxMask(box);
  const rgb = Buffer.alloc(width * height * 3, 60);
  for (const [i, inside] of data.entries()) if (inside) rgb.set([210, 120, 40], i * 3);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    [format]()
    .toBuffer();
}

/** A mask picture; `values` are what background and foreground are written as. */
export function maskPicture(
  mask: Mask,
  how: { format: Format; values: [number, number]; bands?: 1 | 3 },
) {
  const { format, values, bands = 1 } = how;
  const grey = Buffer.alloc(mask.data.length * bands);
  for (let i = 0; i < grey.length; i += 1) grey[i] = values[mask.data[Math.floor(i / bands)]!]!;
  const raw = { width: mask.widthPx, height: mask.heightPx, channels: bands };
  const image = sharp(grey, { raw });
  return FORMATS[format](bands === 1 ? image.toColourspace('b-w') : image).toBuffer();
}
