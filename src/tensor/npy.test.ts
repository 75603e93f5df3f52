import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from './npy.ts';
import { float32 } from './tensor.ts';

/** A version 1.0 file as numpy 2 writes it, from its header dictionary and data bytes. */
function npy(dictionary: string, data: ArrayLike<number>): Uint8Array {
  const header = `${dictionary.padEnd(117)}\n`;
  const bytes = [0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0, ...Buffer.from(header)];
  return Uint8Array.from([...bytes, ...Array.from(data)]);
}

describe('encodeNpy', () => {
  it('writes what numpy.save writes', () => {
    const bytes = encodeNpy(float32([2, 1], Float32Array.of(1, -2)));
    const expected = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }", [
      ...[0, 0, 0x80, 0x3f],
      ...[0, 0, 0, 0xc0],
    ]);
    expect(bytes).toEqual(expected);
  });

  it('starts the data at a multiple of 64 bytes and comes back the same', () => {
    for (const shape of [[], [3], [2, 3, 4], [1000000, 0]]) {
      const tensor = float32(shape);
      tensor.data.forEach((_, i) => {
        tensor.data[i] = i / 3;
      });
      const bytes = encodeNpy(tensor);
      expect((bytes.length - tensor.data.byteLength) % 64).toBe(0);
      expect(decodeNpy(bytes)).toEqual(tensor);
    }
  });
});

describe('decodeNpy', () => {
  it('reads float16 as float32, uint8, bool and int64', () => {
    const header = (descr: string) =>
      `{'descr': '${descr}', 'fortran_order': False, 'shape': (2,), }`;
    expect(decodeNpy(npy(header('<f2'), [0, 0x3c, 0, 0xc0])).data).toEqual(Float32Array.of(1, -2));
    expect(decodeNpy(npy(header('|u1'), [7, 255])).data).toEqual(Uint8Array.of(7, 255));
    expect(decodeNpy(npy(header('|b1'), [0, 1])).data).toEqual(Uint8Array.of(0, 1));
    const two = [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
    expect(decodeNpy(npy(header('<i8'), two)).data).toEqual(BigInt64Array.of(1n, -1n));
  });

  it('reads a Buffer that shares its memory with others', () => {
    const bytes = npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }",
      [0, 0, 0x80, 0x3f],
    );
    const shared = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(decodeNpy(shared).data).toEqual(Float32Array.of(1));
  });

  it.each([
    ['no npy', Uint8Array.of(1, 2, 3)],
    ['float64', npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0,), }", [])],
    ['Fortran order', npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 0), }", [])],
    ['no shape', npy("{'descr': '<f4', 'fortran_order': False, }", [])],
    ['too little data', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", [0])],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeNpy(bytes, 'x.npy')).toThrow(
      expect.objectContaining({ code: 'NPY_INVALID' }),
    );
  });
});
