import { ZSTDDecoder } from 'zstddec/stream';
import { damaged, overflow } from './block-fault.ts';

const decoder = new ZSTDDecoder();

/** Zstandard, one frame. Unpacked piece by piece (128 KiB), since libtiff does not write how long the whole is. */
export async function decodeZstd(block: Uint8Array, out: Uint8Array): Promise<number> {
  await decoder.init();
  let written = 0;
  let idle = false;
  for (const piece of pieces(block)) {
    if (written + piece.length > out.length) throw overflow();
    out.set(piece, written);
    written += piece.length;
    // The end of a frame may give nothing once; a damaged frame gives nothing for ever.
    if (idle && piece.length === 0) throw damaged('no Zstandard frame');
    idle = piece.length === 0;
  }
  return written;
}

function* pieces(block: Uint8Array): Iterable<Uint8Array> {
  try {
    yield* decoder.decodeStreaming([block]);
  } catch (error) {
    throw damaged(String(error));
  }
}
