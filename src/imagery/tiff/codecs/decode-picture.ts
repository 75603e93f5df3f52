import sharp, { type Sharp } from 'sharp';
import { damaged } from './block-fault.ts';

/** A block that is a JPEG or a WebP picture of its own. */
export interface PictureBlock {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bands: number;
}

/** JPEG's colours as the page says them, not as a decoder guesses: an APP14 segment with transform 0 (as is) or 1 (YCbCr). */
const adobe = (transform: 0 | 1) => [
  ...[0xff, 0xee, 0, 14],
  ...Buffer.from('Adobe'),
  ...[0, 100, 0, 0, 0, 0, transform],
];
const [START, MARKER_BYTES] = [[0xff, 0xd8], 2];

/**
 * JPEG in TIFF (TIFF Technical Note 2): the tables that all blocks share stand in a tag and are put before the block's
 * own. YCbCr comes out as RGB.
 *
 * @returns bytes written @throws BlockFault
 */
export async function decodeJpeg(
  block: Uint8Array,
  out: Uint8Array,
  { tables, ycbcr, ...page }: PictureBlock & { tables: Uint8Array | null; ycbcr: boolean },
): Promise<number> {
  for (const stream of tables ? [tables, block] : [block]) {
    if (stream[0] !== START[0] || stream[1] !== START[1]) throw damaged('no JPEG');
  }
  const shared = tables?.subarray(MARKER_BYTES, tables.length - MARKER_BYTES) ?? Buffer.of();
  const colours = page.bands > 1 ? adobe(ycbcr ? 1 : 0) : [];
  const own = block.subarray(MARKER_BYTES);
  const bytes = Buffer.concat([Buffer.from([...START, ...colours]), shared, own]);
  const written = await decodeWith(open(bytes, page), out, page);
  // The library takes four bands for inks and turns them over, as Adobe stores those.
  if (page.bands === 4) for (let i = 0; i < written; i += 1) out[i]! ^= 0xff;
  return written;
}

/** WebP as libtiff puts it into TIFF. @returns bytes written @throws BlockFault */
export function decodeWebp(
  block: Uint8Array,
  out: Uint8Array,
  page: PictureBlock,
): Promise<number> {
  const picture = sharp(block, optionsFor(page));
  // A picture without a transparent pixel may have lost its alpha.
  return decodeWith(page.bands === 4 ? picture.ensureAlpha() : picture, out, page);
}

function open(jpeg: Uint8Array, page: PictureBlock): Sharp {
  const picture = sharp(jpeg, optionsFor(page));
  if (page.bands === 1) return picture.toColourspace('b-w');
  return page.bands === 4 ? picture.pipelineColourspace('cmyk').toColourspace('cmyk') : picture;
}

function optionsFor({ widthPx, heightPx }: PictureBlock) {
  return { failOn: 'error', limitInputPixels: widthPx * heightPx, ignoreIcc: true } as const;
}

async function decodeWith(
  picture: Sharp,
  out: Uint8Array,
  { widthPx, heightPx, bands }: PictureBlock,
): Promise<number> {
  const { data, info } = await picture
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: Error) => {
      throw damaged(error.message);
    });
  if (info.width !== widthPx || info.height > heightPx || info.channels !== bands) {
    throw damaged(`a picture of ${info.width} × ${info.height} pixels, ${info.channels} bands`);
  }
  out.set(data);
  return data.length;
}
