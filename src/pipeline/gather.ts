/**
 * Gather: everything the frozen networks have to say about a picture and its expressions. What is decided from it later
 * (interaction, order, K, τ, α) needs no network, so that one gathering serves any number of variants.
 */
import { throwIfAborted, ZeroovError } from '../errors.ts';
import type { Answer, Qwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
import type { Sam } from '../models/sam/sam.ts';
import type { MapRecord, StableDiffusion } from '../models/stable-diffusion/stable-diffusion.ts';
import type { Box, Mask, RgbImage } from '../tensor/image.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { directBox } from './direct-box.ts';
import { focus, recordFor } from './focus.ts';
import { overview } from './overview.ts';
import type { MethodOptions } from './presets.ts';
import type { ImageMemory, Watch } from './watch.ts';

/** The frozen models; what an option leaves out needs no model. */
export interface Models {
  readonly vlm: Qwen25Vl | null;
  readonly diffusion: StableDiffusion | null;
  readonly sam: Sam | null;
  readonly memory: ImageMemory;
  /** Keep networks in memory after use: faster on the next picture, more memory. */
  readonly keepLoaded: boolean;
}

/** One picture, and what to find in it. */
export interface Asked {
  readonly image: RgbImage;
  readonly expressions: readonly string[];
  /** Which of its pixels have data; all when left out. The networks see every pixel. */
  readonly valid?: Mask | undefined;
}

/** What the networks said of one expression; null, or no scale, where none ran. */
export interface Evidence {
  /** What the VLM said, and the box its text spells, in pixels of the picture. */
  readonly answer: (Pick<Answer, 'text' | 'ids' | 'stopped'> & { readonly box: Box | null }) | null;
  /** A_C on the VLM's grid [h, w]. */
  readonly relevance: Float32Tensor | null;
  /** What A_C was weighed from: a layer each [h·w], the mean over heads and answer steps. */
  readonly layers: readonly Float64Array[] | null;
  /** The diffusion model's self-attention by resolution r, each [n², n²] with n = min(r, 32). */
  readonly scales: ReadonlyMap<number, Float32Tensor>;
  /** Its cross-attention of the expression's tokens [h, w], which stands in for the VLM in the order `F-E`. */
  readonly cross: Float32Tensor | null;
  /** The first expression of a picture carries what is done once a picture. */
  readonly seconds: { readonly overview: number; readonly focus: number };
}

/**
 * Runs what `variants` need of the networks, each loaded once for all expressions and released before the next loads, so that
 * peak memory is that of the largest stage.
 *
 * `variants` may differ from `o` in what is read after the networks ran: profile, order, resolutions, interaction, power,
 * seeds, τ, α.
 * @throws OPTION_INVALID for what the models cannot do, before any runs; CANCELLED
 */
export async function gather(
  models: Models,
  asked: Asked,
  o: MethodOptions,
  watch: Watch,
  variants: readonly MethodOptions[] = [o],
): Promise<Evidence[]> {
  const reads = variants.find(({ order }) => order !== 'F-E');
  const focuses = variants.filter(({ order }) => order.includes('F'));
  const record = focuses.length > 0 ? recordForAll(focuses) : null;
  if (reads) {
    required(models.vlm, { option: 'vlm', by: `order "${reads.order}"` }).assertLayers(
      o.layers ?? [],
    );
  }
  if (record) {
    const by = `order "${focuses[0]!.order}"`;
    required(models.diffusion, { option: 'diffusion', by }).assertRecordable(record);
  }
  const readings = reads ? await readAll(models, asked, o, watch) : null;
  const focused = record ? await focusAll(models, asked, { ...o, record }, watch) : null;
  return asked.expressions.map((_, i) => ({
    answer: readings?.[i]?.answer ?? null,
    relevance: readings?.[i]?.relevance ?? null,
    layers: readings?.[i]?.layers ?? null,
    scales: focused?.[i]?.scales ?? new Map(),
    cross: focused?.[i]?.cross ?? null,
    seconds: { overview: readings?.[i]?.seconds ?? 0, focus: focused?.[i]?.seconds ?? 0 },
  }));
}

/** The union of the maps that the variants need. */
function recordForAll(variants: readonly MethodOptions[]): MapRecord {
  const records = variants.map(recordFor);
  const resolutions = [...new Set(records.flatMap((r) => r.resolutions))].sort((a, b) => a - b);
  return { ...records[0]!, resolutions, cross: records.some((r) => r.cross) };
}

/** Overview for every expression: the vision tower sees the picture once, then the language model answers. */
export async function readAll(
  { memory, keepLoaded, ...models }: Models,
  { image, expressions }: Asked,
  o: MethodOptions,
  watch: Watch,
) {
  const vlm = models.vlm!;
  throwIfAborted(watch.signal);
  let start = performance.now();
  const tokens = await memory.recall(image, `vision ${o.maxPixels}`, () => {
    watch.onProgress?.({ stage: 'vision', done: 0, total: 1 });
    return vlm.embedImage(image, { maxPixels: o.maxPixels });
  });
  watch.onProgress?.({ stage: 'vision', done: 1, total: 1 });
  if (!keepLoaded) await vlm.vision.release();
  const readings = [];
  for (const expression of expressions) {
    const { answer, ...maps } = await overview(vlm, { tokens, expression }, o, watch); // [h, w]
    const { text, ids, stopped } = answer;
    const box = directBox(text, { resized: tokens.resized, image });
    readings.push({ ...maps, answer: { text, ids, stopped, box }, seconds: secondsSince(start) });
    start = performance.now();
  }
  if (!keepLoaded) await vlm.language.release();
  return readings;
}

/** Focus for every expression: texts and picture are encoded first, then only the U-Net is in memory. */
export async function focusAll(
  { memory, keepLoaded, ...models }: Models,
  { image, expressions }: Asked,
  o: MethodOptions & { readonly record: MapRecord },
  watch: Watch,
) {
  const diffusion = models.diffusion!;
  throwIfAborted(watch.signal);
  let start = performance.now();
  const texts = [];
  for (const expression of expressions) texts.push(await diffusion.encodeText(expression)); // [77, C]
  if (!keepLoaded) await diffusion.release('textEncoder');
  const latent = await memory.recall(image, 'latent', () => {
    watch.onProgress?.({ stage: 'latent', done: 0, total: 1 });
    return diffusion.encodeImage(image); // [1, 4, 64, 64]
  });
  watch.onProgress?.({ stage: 'latent', done: 1, total: 1 });
  if (!keepLoaded) await diffusion.release('vae');
  const focused = [];
  for (const text of texts) {
    const maps = await focus(diffusion, { latent, text }, o, watch); // [n², n²] by resolution
    focused.push({ ...maps, seconds: secondsSince(start) });
    start = performance.now();
  }
  if (!keepLoaded) await diffusion.release('unet');
  return focused;
}

/** A model that an option needs. @throws OPTION_INVALID where there is none */
export function required<T>(
  model: T | null,
  { option, by }: { option: 'vlm' | 'diffusion' | 'sam'; by: string },
): T {
  if (model) return model;
  const expected = `a checkpoint, since the ${by} needs it`;
  throw new ZeroovError('OPTION_INVALID', { option, expected, got: 'none' });
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
