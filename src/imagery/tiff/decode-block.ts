import { humanBytes, ZeroovError } from '../../errors.ts';
import type { SampleArray, SampleType } from '../picture-file.ts';
import type { ByteSource } from './byte-source.ts';
import { BlockFault } from './codecs/block-fault.ts';
import { decodeDeflate } from './codecs/decode-deflate.ts';
import { decodeLerc } from './codecs/decode-lerc.ts';
import { decodeLzw } from './codecs/decode-lzw.ts';
import { decodePackbits } from './codecs/decode-packbits.ts';
import { decodeJpeg, decodeWebp } from './codecs/decode-picture.ts';
import { decodeZstd } from './codecs/decode-zstd.ts';
import type { TiffPage } from './preflight-tiff.ts';
import { blockBytes } from './read-blocks-layout.ts';
import type { TiffHeader } from './read-directory.ts';
import type { Compression } from './read-samples-layout.ts';
import { toSamples } from './to-samples.ts';

/** Writes a block's bytes into `out`, which is as long as a whole block may be; says how many. */
type Codec = (block: Uint8Array, out: Uint8Array, page: TiffPage) => number | Promise<number>;

const CODECS: Readonly<Record<Compression, Codec>> = {
  none: (block, out) => {
    // Writers may pad a block; what is behind it is nobody's.
    out.set(block.subarray(0, out.length));
    return Math.min(block.length, out.length);
  },
  lzw: decodeLzw,
  packbits: decodePackbits,
  deflate: decodeDeflate,
  zstd: decodeZstd,
  jpeg: (block, out, page) => {
    const tables = page.tags.get('JPEGTables');
    return decodeJpeg(block, out, {
      ...page.blocks.block,
      bands: bandsOfBlock(page),
      tables: tables instanceof Uint8Array ? tables : null,
      ycbcr: page.samples.photometric === 'ycbcr',
    });
  },
  webp: (block, out, page) =>
    decodeWebp(block, out, { ...page.blocks.block, bands: bandsOfBlock(page) }),
  lerc: (block, out, page) =>
    decodeLerc(block, out, {
      ...page.blocks.block,
      bands: bandsOfBlock(page),
      type: LERC_TYPES[page.samples.sampleType],
      packing: page.tags.get('LercParameters')?.[1] ?? 0,
    }),
};
const LERC_TYPES: Readonly<Record<SampleType, number>> = {
  uint8: 1,
  int16: 2,
  uint16: 3,
  float32: 6,
};

/** A block that is longer packed than twice unpacked, and this, was packed by nobody. */
const PACKED_EXTRA_BYTES = 2 ** 16;

/** Bands that are interleaved in one block. */
export function bandsOfBlock({ samples }: TiffPage): number {
  return samples.planar ? 1 : samples.bands;
}

/** Whether a block was never written (a sparse file). Of a planar page each band has blocks of its own. */
export function isMissing({ blocks }: TiffPage, index: number): boolean {
  return blocks.byteCounts[index] === 0;
}

/**
 * Reads and unpacks one block that is not missing.
 *
 * @returns [rows, block width, bands of the block] in the host's order; the last strip may have fewer rows than a whole one
 * @throws DECODE_OVERFLOW, IMAGE_DECODE
 */
export async function decodeBlock(
  { source, header }: { source: ByteSource; header: TiffHeader },
  page: TiffPage,
  index: number,
): Promise<SampleArray> {
  const { samples, blocks } = page;
  const { path } = source;
  const name = `${blocks.kind} ${index}`;
  const out = new Uint8Array(blockBytes(samples, blocks.block));
  const packed = blocks.byteCounts[index]!;
  const plain = samples.compression === 'none';
  const tooLong = () =>
    new ZeroovError('DECODE_OVERFLOW', { path, block: name, limit: humanBytes(out.length) });
  if (!plain && packed > 2 * out.length + PACKED_EXTRA_BYTES) throw tooLong();
  const length = plain ? Math.min(packed, out.length) : packed;
  const block = source.read(blocks.offsets[index]!, length);
  let written: number;
  try {
    written = await CODECS[samples.compression](block, out, page);
  } catch (fault) {
    if (!(fault instanceof BlockFault)) throw fault;
    if (fault.kind === 'overflow') throw tooLong();
    const reason = `${name}: ${fault.message}`;
    throw new ZeroovError('IMAGE_DECODE', { path, reason }, { cause: fault });
  }
  if (written < out.length * (rowsOf(page, index) / blocks.block.heightPx)) {
    throw new ZeroovError('IMAGE_DECODE', { path, reason: `${name} ends early` });
  }
  return toSamples(out.subarray(0, written), {
    ...samples,
    widthPx: blocks.block.widthPx,
    interleaved: bandsOfBlock(page),
    littleEndian: header.littleEndian,
  });
}

/** Rows that a block has at least: the last strip ends with the picture, a tile is padded. */
function rowsOf({ blocks }: TiffPage, index: number): number {
  const { kind, block, across, down, heightPx } = blocks;
  const row = Math.floor(index / across) % down;
  return kind === 'tile'
    ? block.heightPx
    : Math.min(block.heightPx, heightPx - row * block.heightPx);
}
