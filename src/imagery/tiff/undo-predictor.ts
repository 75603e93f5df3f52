import { endianness } from 'node:os';

/** Bytes of a block as its samples are stored. */
export interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of a row. */
  readonly rowBytes: number;
  readonly sampleBytes: 1 | 2 | 4;
  /** Samples from one pixel to the next. */
  readonly step: number;
}

export const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

/** Puts each sample into the host's order, in place. */
export function swapSamples({ bytes, sampleBytes }: Stored): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (sampleBytes === 2) buffer.swap16();
  if (sampleBytes === 4) buffer.swap32();
}

/** Predictor 2 (TIFF 6.0, section 14), in place: each sample is the difference from the pixel before, modulo its size. */
export function addDifferences({ bytes, rowBytes, sampleBytes, step }: Stored): void {
  const Samples = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[sampleBytes];
  const samples = new Samples(bytes.buffer, bytes.byteOffset, bytes.length / sampleBytes);
  const row = rowBytes / sampleBytes;
  for (let start = 0; start < samples.length; start += row) {
    const end = Math.min(start + row, samples.length);
    for (let i = start + step; i < end; i += 1) samples[i]! += samples[i - step]!;
  }
}

/**
 * Predictor 3 (TIFF Technical Note 3), in place: a row holds the first bytes of all its floats, then the second ones,
 * most significant first, as differences. Comes out in the host's order.
 */
export function addFloatDifferences({ bytes, rowBytes, sampleBytes, step }: Stored): void {
  const samples = rowBytes / sampleBytes;
  for (let start = 0; start + rowBytes <= bytes.length; start += rowBytes) {
    const row = bytes.subarray(start, start + rowBytes);
    for (let i = step; i < row.length; i += 1) row[i]! += row[i - step]!;
    const planes = row.slice();
    for (let i = 0; i < samples; i += 1) {
      for (let byte = 0; byte < sampleBytes; byte += 1) {
        const place = HOST_IS_LITTLE_ENDIAN ? sampleBytes - 1 - byte : byte;
        row[i * sampleBytes + place] = planes[byte * samples + i]!;
      }
    }
  }
}
