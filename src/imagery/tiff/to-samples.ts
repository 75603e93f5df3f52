import type { SampleArray } from '../picture-file.ts';
import type { SamplesLayout } from './read-samples-layout.ts';
import {
  addDifferences,
  addFloatDifferences,
  HOST_IS_LITTLE_ENDIAN,
  type Stored,
  swapSamples,
} from './undo-predictor.ts';

/** What the samples of each type are held in. */
export const SAMPLE_ARRAYS = {
  uint8: Uint8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  float32: Float32Array,
} as const;

/** How the samples of an unpacked block are written. */
export interface BlockSamples extends Pick<SamplesLayout, 'bits' | 'sampleType' | 'predictor'> {
  readonly widthPx: number;
  /** Bands that alternate. */
  readonly interleaved: number;
  readonly littleEndian: boolean;
}

/** The bytes of a block, which are changed, as numbers in the host's order; what is left of a last row is dropped. */
export function toSamples(bytes: Uint8Array<ArrayBuffer>, block: BlockSamples): SampleArray {
  const { bits, sampleType, predictor, interleaved } = block;
  const perRow = block.widthPx * interleaved;
  if (bits % 8 !== 0) return unpackBits(bytes, { bits, perRow });
  const sampleBytes = (bits / 8) as 1 | 2 | 4;
  const rowBytes = perRow * sampleBytes;
  const whole = bytes.subarray(0, bytes.length - (bytes.length % rowBytes));
  const stored: Stored = { bytes: whole, rowBytes, sampleBytes, step: interleaved };
  const foreign = block.littleEndian !== HOST_IS_LITTLE_ENDIAN;
  if (predictor === 3) addFloatDifferences(stored);
  else if (foreign) swapSamples(stored);
  if (predictor === 2) addDifferences(stored);
  return new SAMPLE_ARRAYS[sampleType](whole.buffer, whole.byteOffset, whole.length / sampleBytes);
}

/** Samples of 1 to 15 bits, most significant bit first, rows starting at whole bytes. */
function unpackBits(
  bytes: Uint8Array,
  { bits, perRow }: { bits: number; perRow: number },
): Uint8Array | Uint16Array {
  const rowBytes = Math.ceil((perRow * bits) / 8);
  const rows = Math.floor(bytes.length / rowBytes);
  const samples = new (bits < 8 ? Uint8Array : Uint16Array)(rows * perRow);
  for (let i = 0; i < samples.length; i += 1) {
    const at = Math.floor(i / perRow) * rowBytes * 8 + (i % perRow) * bits;
    const first = at >> 3;
    const three = (bytes[first]! << 16) | ((bytes[first + 1] ?? 0) << 8) | (bytes[first + 2] ?? 0);
    samples[i] = (three >> (24 - (at & 7) - bits)) & ((1 << bits) - 1);
  }
  return samples;
}
