import { damaged, overflow } from './block-fault.ts';

const [CLEAR, END, FIRST] = [256, 257, 258];
const CODES = 4096;

/**
 * TIFF's LZW (TIFF 6.0, section 13): codes of 9 to 12 bits, most significant bit first, one bit wider one code early.
 *
 * Each code is an entry (its prefix's code, its last byte, its length), so that a string is written from its end into
 * `out` and nothing grows with the input.
 *
 * @returns bytes written @throws BlockFault
 */
export function decodeLzw(block: Uint8Array, out: Uint8Array): number {
  const prefix = new Uint16Array(CODES);
  const last = new Uint8Array(CODES);
  const length = new Uint32Array(CODES).fill(1, 0, CLEAR);
  for (let code = 0; code < CLEAR; code += 1) last[code] = code;
  let [next, width] = [FIRST, 9];
  let before = -1;
  let written = 0;
  let [bits, held] = [0, 0];
  for (let at = 0; ; ) {
    while (held < width && at < block.length) {
      bits = ((bits << 8) | block[at]!) & 0xffffff;
      at += 1;
      held += 8;
    }
    // Writers that leave the end code away stop here.
    if (held < width) return written;
    held -= width;
    const code = (bits >>> held) & ((1 << width) - 1);
    if (code === END) return written;
    if (code === CLEAR) {
      [next, width, before] = [FIRST, 9, -1];
      continue;
    }
    if (code > next || (code === next && before < 0) || (before < 0 && code > END)) {
      throw damaged('an LZW code before its entry');
    }
    // A code that is defined by this very step is the string before with its own first byte behind it.
    const known = code < next ? code : before;
    const count = code < next ? length[code]! : length[before]! + 1;
    if (written + count > out.length) throw overflow();
    let end = written + length[known]!;
    for (let entry = known; end > written; entry = prefix[entry]!) {
      end -= 1;
      out[end] = last[entry]!;
    }
    const first = out[written]!;
    if (code === next) out[written + count - 1] = first;
    if (before >= 0 && next < CODES) {
      prefix[next] = before;
      last[next] = first;
      length[next] = length[before]! + 1;
      next += 1;
      if (next + 1 >= 1 << width && width < 12) width += 1;
    }
    written += count;
    before = code;
  }
}
