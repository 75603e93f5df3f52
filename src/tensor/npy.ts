import { ZeroovError } from '../errors.ts';
import { halfToFloat32 } from './half.ts';
import { type Float32Tensor, sizeOf, type Tensor } from './tensor.ts';

/** `\x93NUMPY`, then version 1.0. Source: numpy.lib.format. */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const HEADER_AT = 10;
const ALIGNMENT = 64;

/** A float32 array as .npy bytes: version 1.0, little-endian, C order. */
export function encodeNpy(tensor: Float32Tensor): Uint8Array {
  const { shape, data } = tensor;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((HEADER_AT + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT - HEADER_AT;
  const bytes = new Uint8Array(HEADER_AT + length + data.byteLength);
  const header = `${dictionary.padEnd(length - 1)}\n`;
  bytes.set([...MAGIC, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(header), HEADER_AT);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), HEADER_AT + length);
  return bytes;
}

/**
 * .npy bytes as a host array: float32 and float16 → float32, uint8 and bool → uint8, int64 → int64; any shape, C order.
 *
 * @param file what an error calls it
 * @throws NPY_INVALID
 */
export function decodeNpy(
  bytes: Uint8Array,
  file = 'the array',
): Tensor<'float32' | 'uint8' | 'int64'> {
  const refuse = (reason: string) => new ZeroovError('NPY_INVALID', { file, reason });
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw refuse('it does not begin with \\x93NUMPY');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? HEADER_AT : HEADER_AT + 2;
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const sides = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (descr === undefined || sides === undefined) throw refuse('its header has no descr or shape');
  if (!/'fortran_order':\s*False/.test(header)) throw refuse('it is in Fortran order');
  const shape = sides.split(',').filter((side) => side.trim() !== '');
  return readBody({
    descr,
    shape: shape.map(Number),
    body: new Uint8Array(bytes.subarray(start + length)),
    refuse,
  });
}

function readBody(options: {
  descr: string;
  shape: number[];
  body: Uint8Array<ArrayBuffer>;
  refuse: (reason: string) => ZeroovError;
}): Tensor<'float32' | 'uint8' | 'int64'> {
  const { descr, shape, body, refuse } = options;
  const width = { '<f4': 4, '<f2': 2, '|u1': 1, '|b1': 1, '<i8': 8 }[descr];
  if (width === undefined) throw refuse(`its dtype is ${descr}`);
  const expected = sizeOf(shape) * width;
  if (body.byteLength !== expected) {
    throw refuse(`its data has ${body.byteLength} bytes, its shape needs ${expected}`);
  }
  if (descr === '<f4') return { dtype: 'float32', shape, data: new Float32Array(body.buffer) };
  if (descr === '<i8') return { dtype: 'int64', shape, data: new BigInt64Array(body.buffer) };
  if (descr === '<f2') {
    return { dtype: 'float32', shape, data: halfToFloat32(new Uint16Array(body.buffer)) };
  }
  return { dtype: 'uint8', shape, data: body };
}
