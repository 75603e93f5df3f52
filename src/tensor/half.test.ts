import { describe, expect, it } from 'vitest';
import { bfloat16ToFloat32, float32ToBfloat16, float32ToHalf, halfToFloat32 } from './half.ts';

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits.
const HALVES: [bits: number, value: number][] = [
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 0.333251953125],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
];

describe('half floats', () => {
  it('reads and writes known numbers', () => {
    const bits = Uint16Array.from(HALVES, ([b]) => b);
    const values = Float32Array.from(HALVES, ([, v]) => v);
    expect(halfToFloat32(bits)).toEqual(values);
    expect(float32ToHalf(values)).toEqual(bits);
  });

  it('brings every half through float32 and back unchanged', () => {
    const finite = Uint16Array.from({ length: 0x10000 }, (_, i) => i).filter(
      (bits) => (bits & 0x7fff) <= 0x7c00,
    );
    const back = float32ToHalf(halfToFloat32(finite));
    expect(back.findIndex((bits, i) => bits !== finite[i])).toBe(-1);
  });

  it('rounds to nearest, ties to even, and overflows to infinity from 65520 on', () => {
    // Between 2048 and 4096 the spacing is 2: 2049 lies between 2048 (0x6800, even) and 2050, 2051 next to 2052.
    const values = Float32Array.of(2049, 2051, 65519, 65520, 2 ** -25, 2 ** -25 * 1.001);
    expect([...float32ToHalf(values)]).toEqual([0x6800, 0x6802, 0x7bff, 0x7c00, 0, 1]);
  });

  it('keeps NaN', () => {
    expect(halfToFloat32(float32ToHalf(Float32Array.of(Number.NaN)))[0]).toBeNaN();
    expect(bfloat16ToFloat32(float32ToBfloat16(Float32Array.of(Number.NaN)))[0]).toBeNaN();
  });
});

describe('bfloat16', () => {
  it('is the upper half of a float32', () => {
    const bits = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0000);
    expect([...bfloat16ToFloat32(bits)]).toEqual([1, -2, Infinity, 0]);
    expect(float32ToBfloat16(bfloat16ToFloat32(bits))).toEqual(bits);
  });

  it('rounds to nearest, ties to even', () => {
    // Next to 1 the spacing is 2^-7: 1 + 2^-8 is a tie (→ 1), 1 + 3·2^-8 a tie (→ 1 + 2^-6).
    const values = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20);
    expect([...float32ToBfloat16(values)]).toEqual([0x3f80, 0x3f82, 0x3f81]);
  });
});
