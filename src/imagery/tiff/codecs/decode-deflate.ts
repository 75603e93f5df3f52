import { inflateSync } from 'node:zlib';
import { damaged, overflow } from './block-fault.ts';

/** zlib's format; stops at the first byte that does not fit into `out`. */
export function decodeDeflate(block: Uint8Array, out: Uint8Array): number {
  try {
    const bytes = inflateSync(block, { maxOutputLength: out.length, chunkSize: out.length + 64 });
    out.set(bytes);
    return bytes.length;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === 'ERR_BUFFER_TOO_LARGE' ? overflow() : damaged(message);
  }
}
