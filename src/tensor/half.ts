/** 16-bit floats as their bits: a Uint16Array of IEEE 754 half (F16) or bfloat16 (BF16) numbers. */

/** One half's bits as a number: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** All 65 536 halves, made on first use: a table is ten times faster than the formula. */
let halves: Float32Array | undefined;

/** F16 bits → float32, exact. */
export function halfToFloat32(bits: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 0x10000 }, (_, i) => halfToNumber(i));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i += 1) out[i] = halves[bits[i]!]!;
  return out;
}

const INFINITY = 0x7f800000;
/** 65520, halfway between the largest half and what would follow it. */
const OVERFLOW = 0x477ff000;
/** 2^-14, the smallest normal half. */
const NORMAL = 0x38800000;
/** Added and taken away again, it rounds a float64 below 2^51 to a whole number, ties to even. */
const ROUND = 2 ** 52;

/** float32 → F16 bits, to nearest, ties to even; above 65519 becomes infinity, NaN stays NaN. */
export function float32ToHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i += 1) {
    const word = bits[i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude >= OVERFLOW) out[i] = sign | (magnitude > INFINITY ? 0x7e00 : 0x7c00);
    else if (magnitude < NORMAL) {
      // The spacing is 2^-24 throughout; a carry to 1024 is the smallest normal.
      out[i] = sign | (Math.abs(values[i]!) * 2 ** 24 + ROUND - ROUND);
    } else {
      // 13 bits go, and the exponent's bias 127 becomes 15; a carry out of the fraction raises the exponent, as it should.
      const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
      out[i] = sign | ((rounded - ((127 - 15) << 23)) >>> 13);
    }
  }
  return out;
}

/** BF16 bits → float32, exact: the upper half of a float32. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i += 1) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}

/** float32 → BF16 bits, to nearest, ties to even; NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i += 1) {
    const word = bits[i]!;
    const nan = (word & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}
