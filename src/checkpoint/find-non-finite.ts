import { dirname } from 'node:path';
import type { StoredDType, StoredTensor } from '../tensor/stored.ts';
import { openRegularFile, readBytes } from './regular-file.ts';

/** A float is NaN or infinite when all bits of its exponent are set; they lie in its highest 16 bits. */
const EXPONENT: Partial<Record<StoredDType, { readonly bytes: number; readonly mask: number }>> = {
  F16: { bytes: 2, mask: 0x7c00 },
  BF16: { bytes: 2, mask: 0x7f80 },
  F32: { bytes: 4, mask: 0x7f80 },
  F64: { bytes: 8, mask: 0x7ff0 },
};

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * Index of the first NaN or infinite element of a stored tensor (any shape, in C order), or null. Reads the tensor in
 * pieces; for finding the culprit after a network's output was not finite. Integer tensors are always finite.
 *
 * @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_UNREADABLE
 */
export async function findNonFinite(tensor: StoredTensor): Promise<number | null> {
  const exponent = EXPONENT[tensor.dtype];
  if (exponent === undefined) return null;
  const { bytes, mask } = exponent;
  const { handle } = await openRegularFile(tensor.file, dirname(tensor.file));
  try {
    for (let done = 0; done < tensor.length; done += CHUNK_BYTES) {
      const length = Math.min(CHUNK_BYTES, tensor.length - done);
      const chunk = await readBytes(handle, { position: tensor.offset + done, length });
      for (let high = bytes - 2; high < chunk.length - 1; high += bytes)
        if ((chunk.readUInt16LE(high) & mask) === mask) return (done + high - (bytes - 2)) / bytes;
    }
    return null;
  } finally {
    await handle.close();
  }
}
