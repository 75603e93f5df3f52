/** What the reference libraries computed with a tiny Qwen2.5-VL, read from its folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { RgbImage } from '../../src/tensor/image.ts';
import { decodeNpy } from '../../src/tensor/npy.ts';
import type { Float32Tensor } from '../../src/tensor/tensor.ts';

/** golden/vlm.json, under either spelling. */
export interface Golden {
  readonly expression: string;
  readonly promptIds: number[];
  readonly generatedIds: number[];
  readonly answer: string;
  readonly gridThw: [number, number, number];
}

/** Of a fixture, or of the acceptance case. */
export function readGolden(folder: string): Golden {
  const raw = JSON.parse(readFileSync(join(folder, 'golden', 'vlm.json'), 'utf8'));
  return {
    expression: raw.expression ?? raw.expr,
    promptIds: raw.promptIds ?? raw.input_ids,
    generatedIds: raw.generatedIds ?? raw.generated,
    answer: raw.answer,
    gridThw: raw.gridThw ?? raw.grid_thw,
  };
}

/** golden/name.npy. */
export function readArray(folder: string, name: string): Float32Tensor {
  return decodeNpy(readFileSync(join(folder, 'golden', `${name}.npy`))) as Float32Tensor;
}

/** Any file as RGB. */
export async function readPicture(file: string): Promise<RgbImage> {
  const { data, info } = await sharp(file)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, data: new Uint8Array(data) };
}

/** Largest difference, in units of the largest expected value; the shapes are equal. */
export function relativeError(found: Float32Tensor, expected: Float32Tensor): number {
  expect(found.shape).toEqual(expected.shape);
  const largest = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const differences = found.data.map((x, i) => Math.abs(x - expected.data[i]!));
  return differences.reduce((most, x) => Math.max(most, x), 0) / largest;
}
