import Lerc from 'lerc';
import { damaged } from './block-fault.ts';
import { decodeDeflate } from './decode-deflate.ts';
import { decodeZstd } from './decode-zstd.ts';

/** What a LERC block has to be to belong to its page. */
export interface LercBlock {
  readonly widthPx: number;
  /** Rows at most; the last strip has fewer. */
  readonly heightPx: number;
  /** Values of a pixel. */
  readonly bands: number;
  /** LERC's number of the sample type: 1 uint8, 2 int16, 3 uint16, 6 float32. */
  readonly type: number;
  /** LercParameters' second number: 0 plain, 1 packed again by deflate, 2 by Zstandard. */
  readonly packing: number;
}

/** Header, mask and Huffman table of the smallest blocks, which may be longer than their pixels. */
const OVERHEAD_BYTES = 4096;

/**
 * LERC2 (github.com/Esri/lerc, doc/Lerc_Spec): the header is checked before the library, which believes it, sees the
 * block. Pixels without a value become NaN. Numbers come out in the host's order.
 *
 * @returns bytes written @throws BlockFault
 */
export async function decodeLerc(
  block: Uint8Array,
  out: Uint8Array,
  expected: LercBlock,
): Promise<number> {
  const bytes = await unpack(block, out.length + OVERHEAD_BYTES, expected.packing);
  const rows = checkHeader(bytes, expected);
  const { pixels, mask } = parse(bytes);
  const [values] = pixels;
  const { widthPx, bands } = expected;
  const sampleBytes = out.length / (widthPx * expected.heightPx * bands);
  if (values.byteLength !== rows * widthPx * bands * sampleBytes) throw damaged('no LERC block');
  if (mask?.includes(0)) {
    if (!(values instanceof Float32Array)) throw damaged('LERC pixels without a value');
    for (let i = 0; i < values.length; i += 1) {
      if (mask[Math.trunc(i / bands)] === 0) values[i] = Number.NaN;
    }
  }
  out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return values.byteLength;
}

async function unpack(block: Uint8Array, limit: number, packing: number): Promise<Uint8Array> {
  if (packing === 0) return block;
  const bytes = new Uint8Array(limit);
  const decode = packing === 1 ? decodeDeflate : decodeZstd;
  return bytes.subarray(0, await decode(block, bytes));
}

/** "Lerc2 ", version, from 3 on a checksum, rows, columns, from 4 on values of a pixel, valid pixels, …, bytes, type. */
function checkHeader(bytes: Uint8Array, expected: LercBlock): number {
  if (bytes.length < 66 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== 'Lerc2 ') {
    throw damaged('no LERC2 block');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getInt32(6, true);
  const at = version >= 3 ? 14 : 10;
  const [rows, columns] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
  const bands = version >= 4 ? view.getUint32(at + 8, true) : 1;
  const rest = version >= 4 ? at + 12 : at + 8;
  const [length, type] = [view.getInt32(rest + 8, true), view.getInt32(rest + 12, true)];
  const found = `${columns} × ${rows} pixels of ${bands} values of type ${type} in ${length} bytes`;
  const fits =
    columns === expected.widthPx &&
    rows > 0 &&
    rows <= expected.heightPx &&
    bands === expected.bands &&
    type === expected.type &&
    // A second block behind the first would be decoded too.
    length > bytes.length - 10 &&
    length <= bytes.length;
  if (!fits) throw damaged(`a LERC block of ${found}`);
  return rows;
}

function parse(bytes: Uint8Array) {
  try {
    // The library throws texts.
    return Lerc.decode(new Uint8Array(bytes).buffer, { returnPixelInterleavedDims: true });
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error));
  }
}
