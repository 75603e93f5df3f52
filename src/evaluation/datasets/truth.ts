/** Boxes and masks of samples, in the forms that annotations have them in. */
import { z } from 'zod';
import { ZeroovError } from '../../errors.ts';
import { openImage } from '../../imagery/open.ts';
import type { Box, Mask } from '../../tensor/image.ts';
import { type CocoRle, decodeRle, encodeRuns } from '../../tensor/rle.ts';
import type { DatasetFolder } from './dataset-folder.ts';

/** For messages: whose truth it is and the file it comes from. */
export interface TruthSource {
  readonly sample: string;
  readonly file: string;
}

/** Four finite numbers; whether they make a box is seen when the truth is read. */
export const BOX = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** Runs of 2^29 or more would be of a mask that is too large anyway. */
const RUN = z
  .int()
  .min(0)
  .lt(2 ** 29);

/** Compressed, or with its runs as numbers. */
export const RLE = z
  .object({
    size: z.tuple([z.int(), z.int()]),
    counts: z.union([z.string(), z.array(RUN)], 'expected a string or whole numbers'),
  })
  .transform(
    ({ size, counts }): CocoRle => ({
      size,
      counts: typeof counts === 'string' ? counts : encodeRuns(counts),
    }),
  );

/** @throws DATASET_SAMPLE when the far edges do not lie beyond the near ones */
export function checkBox(box: Box, source: TruthSource): Box {
  const [x1, y1, x2, y2] = box;
  if (x1 < x2 && y1 < y2) return box;
  throw unreadable(source, `has the box [${box.join(', ')}], expected x1 < x2 and y1 < y2`);
}

/**
 * The pixels that exactly one of the masks has, as the loaders of RRSIS-D and its kin take a list of several.
 *
 * @throws DATASET_SAMPLE
 */
export function maskOfRles(rles: readonly CocoRle[], source: TruthSource): Mask {
  const masks = rles.map((rle) => decode(rle, source));
  const [first, ...others] = masks;
  if (!first) throw unreadable(source, 'has a mask without a part');
  const [heightPx, widthPx] = first.shape as readonly [number, number];
  const sum = Uint8Array.from(first.data);
  for (const { shape, data } of others) {
    if (shape[0] !== heightPx || shape[1] !== widthPx) {
      throw unreadable(source, 'has a mask of parts that differ in size');
    }
    for (let i = 0; i < sum.length; i += 1) sum[i]! += data[i]!;
  }
  return { widthPx, heightPx, data: sum.map((count) => (count === 1 ? 1 : 0)) };
}

/** As for pictures: what decodes to more is refused before it takes the memory. */
const MAX_PIXELS = 64_000_000;

function decode(rle: CocoRle, source: TruthSource) {
  if (rle.size[0] * rle.size[1] > MAX_PIXELS) {
    throw unreadable(
      source,
      `has a mask of ${rle.size.join(' × ')} px, the limit is 64 megapixels`,
    );
  }
  try {
    return decodeRle(rle);
  } catch (cause) {
    if (!(cause instanceof ZeroovError)) throw cause;
    throw unreadable(source, `has a mask that does not decode (${reasonOf(cause)})`, cause);
  }
}

/** A mask picture: foreground is where its first band is above `above`. @throws DATASET_SAMPLE */
export async function readMask(
  folder: DatasetFolder,
  { above, ...source }: TruthSource & { readonly above: number },
): Promise<Mask> {
  const { widthPx, heightPx, data: rgb } = await openPicture(folder, source);
  const data = new Uint8Array(widthPx * heightPx);
  for (let i = 0; i < data.length; i += 1) data[i] = rgb[3 * i]! > above ? 1 : 0;
  return { widthPx, heightPx, data };
}

/** A picture of the dataset. @throws DATASET_SAMPLE */
export async function openPicture(folder: DatasetFolder, source: TruthSource) {
  const path = await folder.locate(source);
  try {
    return (await openImage(path)).image;
  } catch (cause) {
    if (!(cause instanceof ZeroovError)) throw cause;
    throw unreadable(source, `cannot be read (${reasonOf(cause)})`, cause);
  }
}

function reasonOf(error: ZeroovError): string {
  const { reason = error.code } = error.toJSON();
  return String(reason);
}

export function unreadable(source: TruthSource, reason: string, cause?: unknown): ZeroovError {
  const { sample, file } = source;
  return new ZeroovError('DATASET_SAMPLE', { sample, file, reason }, { cause });
}
