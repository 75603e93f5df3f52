/**
 * What the networks said of a sample as bytes. Self-attention [n, n] is kept as half floats of n times its values, so that
 * their mean is 1 and small ones keep their digits; everything else as it is. With the paper's resolutions that is 4.2 MB.
 *
 * Layout: the length of the header (uint32), the header as JSON, then the arrays in the order in which it names them, numbers
 * little-endian. Half floats lie as two planes, high bytes then low bytes: interleaved they compress half as much.
 */
import { z } from 'zod';
import type { Evidence } from '../../pipeline/gather.ts';
import { float32ToHalf, halfToFloat32 } from '../../tensor/half.ts';
import type { Box, Size } from '../../tensor/image.ts';
import type { CocoRle } from '../../tensor/rle.ts';
import { type Float32Tensor, float32, sizeOf } from '../../tensor/tensor.ts';

/** What a decision reads; how long it took is the journal's. */
export type StoredEvidence = Pick<Evidence, 'answer' | 'relevance' | 'scales' | 'cross'>;

/** A sample as the cache keeps it: enough to decide and to score again without networks and without the dataset. */
export interface StoredSample {
  readonly id: string;
  readonly size: Size;
  readonly truth: { readonly box: Box | null; readonly mask: CocoRle | null };
  /** One for each group of variants. */
  readonly evidence: readonly StoredEvidence[];
}

const side = z.int().min(1).max(65_536);
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const shape = z.tuple([side, side]);
const HEADER = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  size: z.strictObject({ widthPx: side, heightPx: side }),
  truth: z.strictObject({
    box: box.nullable(),
    mask: z.strictObject({ size: shape, counts: z.string() }).nullable(),
  }),
  evidence: z.array(
    z.strictObject({
      answer: z
        .strictObject({
          text: z.string(),
          ids: z.array(z.int()),
          stopped: z.enum(['end', 'limit']),
          box: box.nullable(),
        })
        .nullable(),
      /** Shapes; null where there is no such array. */
      relevance: shape.nullable(),
      cross: shape.nullable(),
      scales: z.array(z.strictObject({ resolution: side, shape })),
    }),
  ),
});
type Header = z.infer<typeof HEADER>;

export function encodeEvidence({ id, size, truth, evidence }: StoredSample): Buffer {
  const arrays: Buffer[] = [];
  const plain = (map: Float32Tensor | null) => {
    if (map) arrays.push(Buffer.from(map.data.buffer, map.data.byteOffset, map.data.byteLength));
    return map && [...map.shape];
  };
  const described = evidence.map(({ answer, relevance, cross, scales }) => ({
    answer,
    relevance: plain(relevance),
    cross: plain(cross),
    scales: [...scales].map(([resolution, map]) => {
      arrays.push(planesOf(map));
      return { resolution, shape: [...map.shape] };
    }),
  }));
  const { widthPx, heightPx } = size;
  const header = { version: 1, id, size: { widthPx, heightPx }, truth, evidence: described };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...arrays]);
}

/** Null for bytes that `encodeEvidence` did not write. */
export function decodeEvidence(bytes: Buffer): StoredSample | null {
  const start = bytes.length < 4 ? Infinity : 4 + bytes.readUInt32LE(0);
  if (start > bytes.length) return null;
  const header = parseHeader(bytes.subarray(4, start));
  if (!header || start + bodyBytes(header) !== bytes.length) return null;
  let at = start;
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const plain = (shape: readonly number[] | null) =>
    shape && float32(shape, new Float32Array(Uint8Array.from(take(4 * sizeOf(shape))).buffer));
  const { id, size, truth } = header;
  const evidence = header.evidence.map(({ answer, relevance, cross, scales }) => ({
    answer,
    relevance: plain(relevance),
    cross: plain(cross),
    scales: new Map(
      scales.map(({ resolution, shape }) => [
        resolution,
        fromPlanes(take(2 * sizeOf(shape)), shape),
      ]),
    ),
  }));
  return { id, size, truth, evidence };
}

function parseHeader(json: Buffer): Header | null {
  try {
    return HEADER.safeParse(JSON.parse(json.toString())).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function bodyBytes({ evidence }: Header): number {
  const elements = (shape: readonly number[] | null) => (shape ? sizeOf(shape) : 0);
  return evidence.reduce(
    (sum, { relevance, cross, scales }) =>
      sum +
      4 * (elements(relevance) + elements(cross)) +
      scales.reduce((halves, { shape }) => halves + 2 * sizeOf(shape), 0),
    0,
  );
}

/** [n, n] → the high bytes of all half floats, then the low bytes. */
function planesOf({ shape, data }: Float32Tensor): Buffer {
  const scaled = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 1) scaled[i] = data[i]! * shape[1]!;
  const halves = float32ToHalf(scaled);
  const planes = Buffer.allocUnsafe(2 * halves.length);
  for (let i = 0; i < halves.length; i += 1) {
    planes[i] = halves[i]! >> 8;
    planes[halves.length + i] = halves[i]! & 0xff;
  }
  return planes;
}

function fromPlanes(planes: Buffer, shape: readonly number[]): Float32Tensor {
  const halves = new Uint16Array(sizeOf(shape));
  for (let i = 0; i < halves.length; i += 1) {
    halves[i] = (planes[i]! << 8) | planes[halves.length + i]!;
  }
  const data = halfToFloat32(halves);
  for (let i = 0; i < data.length; i += 1) data[i]! /= shape[1]!;
  return float32(shape, data);
}
