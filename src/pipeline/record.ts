/** result.json, version 1: everything that tells how an answer came about. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { FileIdentity } from '../checkpoint/regular-file.ts';
import type { Size } from '../tensor/image.ts';
import { type CocoRle, encodeRle } from '../tensor/rle.ts';
import type { Grounding } from './ground.ts';
import type { UsedCheckpoint } from './grounder.ts';
import { METHOD_OPTIONS, type MethodOptions } from './presets.ts';

/** The version of zeroov that runs. */
export const VERSION: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))).version;

const pixels = z.int().min(0);
const seconds = z.number().min(0);
/** [x1, y1, x2, y2] in pixels of the picture, origin at its top-left corner, far edge exclusive. */
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const checkpoint = z.strictObject({
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

const { layers, maxPixels } = METHOD_OPTIONS.shape;
/** Every option of the method as it was used; their meaning is in `presets.ts`. */
const options = METHOD_OPTIONS.extend({
  /** Null where no VLM was given. */
  layers: layers.unwrap().nullable(),
  /** Null: the model's own bound. */
  maxPixels: maxPixels.unwrap().nullable(),
});

/**
 * The document that `zeroov ground` writes as `result.json` and prints with `--json`. Keys may be added in later
 * releases of version 1; none is removed and none changes its meaning.
 */
export const RESULT_SCHEMA = z.object({
  version: z.literal(1),
  expression: z.string(),
  /** "Not found" is an answer: then box and score are null and the mask is empty. */
  found: z.boolean(),
  /** Mean of the evolved map over the mask, α..1: strength of evidence, no probability. Null for a direct box. */
  score: z.number().nullable(),
  box: box.nullable(),
  areaPx: pixels,
  /** COCO run-length encoding (compressed), column by column: `size` is [height, width]. */
  mask: z.object({ size: z.tuple([pixels, pixels]), counts: z.string() }),
  /** What the VLM said, how its answer ended, and the box that its text spells. Null where no VLM ran. */
  answer: z
    .object({
      text: z.string(),
      ids: z.array(z.int()),
      stopped: z.enum(['end', 'limit']),
      box: box.nullable(),
    })
    .nullable(),
  /** sha256 is that of the file's bytes as they were read. */
  image: z.object({ widthPx: pixels, heightPx: pixels, sha256 }),
  checkpoints: z.object({ vlm: checkpoint.nullable(), diffusion: checkpoint.nullable() }),
  options,
  /** `open`: picture and checkpoints, shared by all expressions of a run, as the image tokens of the first overview are. */
  seconds: z.object({ open: seconds, overview: seconds, focus: seconds, decide: seconds }),
  /** Largest resident memory of the process so far. */
  peakMemoryBytes: z.int().min(0),
  /** Where the networks ran: cpu, webgpu or cuda. */
  provider: z.string(),
  threads: z.int().min(1),
  zeroov: z.string(),
  node: z.string(),
  /** System and processor, e.g. `linux-x64`. */
  platform: z.string(),
});

export type ResultRecord = z.infer<typeof RESULT_SCHEMA>;

export interface RecordParts {
  readonly grounding: Grounding;
  readonly image: Size & { readonly sha256: string };
  readonly checkpoints: Readonly<Record<'vlm' | 'diffusion', UsedCheckpoint | null>>;
  readonly options: MethodOptions;
  /** Seconds that opening the picture and the checkpoints took. */
  readonly openSeconds: number;
  readonly provider: string;
  readonly threads: number;
}

/** The record of one grounding, as JSON data. */
export function recordOf(parts: RecordParts): ResultRecord {
  const { grounding, image, checkpoints, options, openSeconds, provider, threads } = parts;
  const { expression, found, score, box, areaPx, answer, seconds } = grounding;
  const { vlm, diffusion } = checkpoints;
  return {
    version: 1,
    expression,
    found,
    score,
    box: box && [...box],
    areaPx,
    mask: rleOf(grounding),
    answer: answer && { ...answer, ids: [...answer.ids], box: answer.box && [...answer.box] },
    image: { widthPx: image.widthPx, heightPx: image.heightPx, sha256: image.sha256 },
    checkpoints: { vlm: vlm && describe(vlm), diffusion: diffusion && describe(diffusion) },
    options: { ...options, layers: options.layers ?? null, maxPixels: options.maxPixels ?? null },
    seconds: { open: openSeconds, ...seconds },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    provider,
    threads,
    zeroov: VERSION,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

function rleOf({ mask }: Grounding): ResultRecord['mask'] {
  const shape = [mask.heightPx, mask.widthPx];
  const { size, counts }: CocoRle = encodeRle({ dtype: 'bool', shape, data: mask.data });
  return { size: [...size], counts };
}

function describe({ label, revision, files }: UsedCheckpoint) {
  return { label, revision, files: files.map(identity) };
}

function identity({ name, size, dev, inode, mtimeMs, sha256 }: FileIdentity) {
  return { name, bytes: size, device: dev, inode, mtimeMs, sha256 };
}
