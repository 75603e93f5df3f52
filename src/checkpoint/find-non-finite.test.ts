import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredDType } from '../tensor/stored.ts';
import { findNonFinite } from './find-non-finite.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zeroov-nan-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** `bytes` as a tensor that begins at byte 3 of a file, among bytes that are all ones (NaN in every dtype). */
async function find(dtype: StoredDType, bytes: Uint8Array): Promise<number | null> {
  const file = join(folder, `${dtype}.bin`);
  await writeFile(file, Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(8, 0xff)]));
  const stored = { name: 't', dtype, shape: [], file, offset: 3, length: bytes.length };
  return findNonFinite(stored);
}
const halves = (...bits: number[]): Uint8Array => new Uint8Array(new Uint16Array(bits).buffer);

describe('findNonFinite', () => {
  it.each([
    ['NaN', Number.NaN, 2],
    ['infinity', -Number.POSITIVE_INFINITY, 2],
    ['the largest float', 3.4028234663852886e38, null],
  ])('finds %s in F32', async (_, value, index) => {
    const values = new Float32Array([1, -3.4e38, value, 5e-45]);
    expect(await find('F32', new Uint8Array(values.buffer))).toBe(index);
  });

  it.each([
    // F16: 0x7bff is 65504, the largest; 0x7c00 infinity; 0x7e00 NaN. Sign bit 0x8000.
    ['F16', [0x7bff, 0xfbff, 0x7c00], 2],
    ['F16', [0xfe01], 0],
    ['F16', [0x7bff, 0x3c00], null],
    // BF16 has F32's exponent: 0x7f7f is the largest, 0x7f80 infinity, and 0x7c00 a finite 2^121.
    ['BF16', [0x7c00, 0x7f7f, 0xff80], 2],
    ['BF16', [0x7fc0], 0],
    ['BF16', [0x7f7f], null],
  ] as const)('looks at the exponent of %s %j', async (dtype, bits, index) => {
    expect(await find(dtype, halves(...bits))).toBe(index);
  });

  it('finds one in F64', async () => {
    const values = new Float64Array([1e308, 1, Number.NaN]);
    expect(await find('F64', new Uint8Array(values.buffer))).toBe(2);
  });

  it('has nothing to find in integers', async () => {
    expect(await find('I64', new Uint8Array(16).fill(0xff))).toBeNull();
  });

  it('finds the last element of a tensor of several pieces', async () => {
    const values = new Float32Array(3 * 1024 * 1024 + 5);
    expect(await find('F32', new Uint8Array(values.buffer))).toBeNull();
    values[values.length - 1] = Number.NaN;
    expect(await find('F32', new Uint8Array(values.buffer))).toBe(values.length - 1);
    values[1024 * 1024] = Number.NaN;
    expect(await find('F32', new Uint8Array(values.buffer))).toBe(1024 * 1024);
  });
});
