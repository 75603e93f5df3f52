import { damaged, overflow } from './block-fault.ts';

/** PackBits (TIFF 6.0, section 9): n ≥ 0, then n + 1 bytes as they are; n < 0, then one byte 1 − n times; −128 nothing. */
export function decodePackbits(block: Uint8Array, out: Uint8Array): number {
  let written = 0;
  for (let at = 0; at < block.length; ) {
    const n = (block[at]! << 24) >> 24;
    at += 1;
    if (n === -128) continue;
    const count = n >= 0 ? n + 1 : 1 - n;
    if (written + count > out.length) throw overflow();
    const taken = n >= 0 ? count : 1;
    if (at + taken > block.length) throw damaged('a PackBits run without its bytes');
    if (n >= 0) out.set(block.subarray(at, at + count), written);
    else out.fill(block[at]!, written, written + count);
    at += taken;
    written += count;
  }
  return written;
}
