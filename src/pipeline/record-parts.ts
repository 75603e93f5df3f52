/** What the records of a grounding and of a segmentation have in common. */
import { z } from 'zod';
import type { FileIdentity } from '../checkpoint/regular-file.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Mask, Size } from '../tensor/image.ts';
import { type CocoRle, encodeRle } from '../tensor/rle.ts';
import { VERSION } from './version.ts';

export const pixels = z.int().min(0);
export const seconds = z.number().min(0);
/** [x1, y1, x2, y2] in pixels of the picture, origin at its top-left corner, far edge exclusive. */
export const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
/** COCO run-length encoding (compressed), column by column: `size` is [height, width]. */
export const rle = z.object({ size: z.tuple([pixels, pixels]), counts: z.string() });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const checkpoint = z.strictObject({
  /** The folder or hub id it was asked for by. */
  label: z.string(),
  /** The commit, when it lies in the hub cache. */
  revision: z.string().optional(),
  /** The weight files and what tells their state: name, bytes, device, inode, time of change; sha256 where known. */
  files: z.array(
    z.strictObject({
      name: z.string(),
      bytes: z.int().min(0),
      device: z.number(),
      inode: z.number(),
      mtimeMs: z.number(),
      sha256: sha256.optional(),
    }),
  ),
});

/** The picture and its place, and the machine that looked at it. */
export const CIRCUMSTANCES = {
  /** sha256 is that of the file's bytes as they were read. */
  image: z.object({ widthPx: pixels, heightPx: pixels, sha256 }),
  /** Where it is on the Earth: EPSG code (null where the file describes its own system) and pixels → map. */
  place: z
    .object({
      epsg: z.int().nullable(),
      crs: z.string(),
      affine: z.array(z.number()).length(6),
    })
    .nullable(),
  /** NO_GEOREF: why there is no place, so that everything is in pixels. */
  warnings: z.array(z.object({ code: z.literal('NO_GEOREF'), message: z.string() })),
  /** Largest resident memory of the process so far. */
  peakMemoryBytes: z.int().min(0),
  /** Where the networks ran: cpu, webgpu or cuda. */
  provider: z.string(),
  threads: z.int().min(1),
  zeroov: z.string(),
  node: z.string(),
  /** System and processor, e.g. `linux-x64`. */
  platform: z.string(),
} as const;

export interface Circumstances {
  /** As `openImage` or `openScene` gives it. */
  readonly image: Size & { readonly sha256: string } & Partial<
      Pick<Scene, 'place' | 'placeProblem'>
    >;
  readonly provider: string;
  readonly threads: number;
}

export function circumstancesOf({
  image,
  provider,
  threads,
}: Circumstances): z.infer<z.ZodObject<typeof CIRCUMSTANCES>> {
  const { widthPx, heightPx, sha256, place = null, placeProblem = null } = image;
  return {
    image: { widthPx, heightPx, sha256 },
    place: place && { epsg: place.crs.epsg, crs: place.crs.name, affine: [...place.affine] },
    warnings: placeProblem === null ? [] : [{ code: 'NO_GEOREF', message: placeProblem }],
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    provider,
    threads,
    zeroov: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** A checkpoint as it was used. */
export interface UsedCheckpoint {
  readonly label: string;
  readonly revision?: string;
  readonly files: readonly FileIdentity[];
}

export function describeCheckpoint({ label, revision, files }: UsedCheckpoint) {
  return { label, revision, files: files.map(identity) };
}

function identity({ name, size, dev, inode, mtimeMs, sha256: sum }: FileIdentity) {
  return { name, bytes: size, device: dev, inode, mtimeMs, sha256: sum };
}

export function rleOf({ widthPx, heightPx, data }: Mask): z.infer<typeof rle> {
  const { size, counts }: CocoRle = encodeRle({ dtype: 'bool', shape: [heightPx, widthPx], data });
  return { size: [...size], counts };
}
