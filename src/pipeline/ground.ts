/**
 * Overview – Focus – Evolve: an expression and a picture in, the object's mask out. Start reading here.
 *
 * The order is data (`O-F-E`): what comes after the overview is a fold over its letters. Each network is loaded once for
 * all expressions and released before the next loads, so that peak memory is that of the largest stage.
 */
import { throwIfAborted, ZeroovError } from '../errors.ts';
import type { Answer, Qwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
import type { StableDiffusion } from '../models/stable-diffusion/stable-diffusion.ts';
import type { Box, RgbImage, Size } from '../tensor/image.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { directBox } from './direct-box.ts';
import { evolve } from './evolve.ts';
import { focus, recordFor, WORKING_GRID } from './focus.ts';
import { interact } from './interact.ts';
import { describeBox, describeMap, type Finding } from './mask.ts';
import { overview, relevanceOnGrid } from './overview.ts';
import type { MethodOptions } from './presets.ts';
import type { ImageMemory, Watch } from './watch.ts';

/** The frozen models; an order that leaves a stage out needs no model for it. */
export interface Models {
  readonly vlm: Qwen25Vl | null;
  readonly diffusion: StableDiffusion | null;
  readonly memory: ImageMemory;
  /** Keep networks in memory after use: faster on the next picture, more memory. */
  readonly keepLoaded: boolean;
}

/** One picture, and what to find in it. */
interface Asked {
  readonly image: RgbImage;
  readonly expressions: readonly string[];
}

/** The maps behind an answer; null where the order leaves the stage out. */
export interface Maps {
  /** A_C on the VLM's grid [h, w]. */
  readonly overview: Float32Tensor | null;
  /** A_S [1024, 1024]. */
  readonly structure: Float32Tensor | null;
  /** A_CS [32, 32], 0..1. */
  readonly attention: Float32Tensor | null;
  /** A_E [32, 32], 0..1: what the mask is cut from. */
  readonly evolved: Float32Tensor | null;
}

export interface Grounding extends Finding {
  readonly expression: string;
  /** What the VLM said, and the box its text spells, in pixels of the picture. */
  readonly answer: (Pick<Answer, 'text' | 'ids' | 'stopped'> & { readonly box: Box | null }) | null;
  readonly maps: Maps;
  /** The first expression of a picture carries what is done once a picture. */
  readonly seconds: { readonly overview: number; readonly focus: number; readonly decide: number };
}

/** Grounds every expression in one picture. @throws OPTION_INVALID for what the models cannot do; CANCELLED */
export async function ground(
  models: Models,
  asked: Asked,
  o: MethodOptions,
  watch: Watch,
): Promise<Grounding[]> {
  assertPossible(models, o);
  const { image, expressions } = asked;
  const readings = o.order === 'F-E' ? null : await readAll(models, asked, o, watch);
  const focused = /F/.test(o.order) ? await focusAll(models, asked, o, watch) : null;
  return expressions.map((expression, i) => {
    const start = performance.now();
    const reading = readings?.[i];
    const focus = focused?.[i];
    const answer = reading?.answer ?? null;
    const structure = focus?.structure ?? null; // [N, N], N = 32²
    const relevance = (reading?.relevance ?? focus?.cross)!; // [h, w]
    const { attention, evolved, ...finding } =
      o.order === 'direct-box'
        ? { ...describeBox(answer!.box, image), attention: null, evolved: null }
        : decide({ relevance, structure }, image, o);
    const seconds = {
      overview: reading?.seconds ?? 0,
      focus: focus?.seconds ?? 0,
      decide: secondsSince(start),
    };
    const maps = { overview: relevance, structure, attention, evolved };
    return { ...finding, expression, answer, maps, seconds };
  });
}

/** What the checkpoints cannot do is refused before a network runs. @throws OPTION_INVALID */
function assertPossible({ vlm, diffusion }: Models, o: MethodOptions): void {
  if (o.order !== 'F-E') required(vlm, 'vlm', o).assertLayers(o.layers ?? []);
  if (/F/.test(o.order)) required(diffusion, 'diffusion', o).assertRecordable(recordFor(o));
}

/** Overview for every expression: the vision tower sees the picture once, then the language model answers. */
async function readAll(
  { memory, keepLoaded, ...models }: Models,
  { image, expressions }: Asked,
  o: MethodOptions,
  watch: Watch,
) {
  const vlm = required(models.vlm, 'vlm', o);
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
    const { relevance, answer } = await overview(vlm, { tokens, expression }, o, watch); // [h, w]
    const { text, ids, stopped } = answer;
    const box = directBox(text, { resized: tokens.resized, image });
    readings.push({ relevance, answer: { text, ids, stopped, box }, seconds: secondsSince(start) });
    start = performance.now();
  }
  if (!keepLoaded) await vlm.language.release();
  return readings;
}

/** Focus for every expression: texts and picture are encoded first, then only the U-Net is in memory. */
async function focusAll(
  { memory, keepLoaded, ...models }: Models,
  { image, expressions }: Asked,
  o: MethodOptions,
  watch: Watch,
) {
  const diffusion = required(models.diffusion, 'diffusion', o);
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
    const maps = await focus(diffusion, { latent, text }, o, watch); // [N, N], N = 32²
    focused.push({ ...maps, seconds: secondsSince(start) });
    start = performance.now();
  }
  if (!keepLoaded) await diffusion.release('unet');
  return focused;
}

/**
 * From relevance and structure to the mask: no network, milliseconds, so that K, τ, α, interaction and order can be
 * tried again on stored maps.
 */
export function decide(
  { relevance, structure }: { relevance: Float32Tensor; structure: Float32Tensor | null },
  size: Size,
  o: MethodOptions,
  grid = WORKING_GRID,
): Finding & Pick<Maps, 'attention' | 'evolved'> {
  const c = relevanceOnGrid(relevance, { grid, profile: o.profile }); // [32, 32] 0..1
  let map = c;
  let attention: Float32Tensor | null = null;
  for (const stage of o.order.replace('O', '')) {
    if (stage === 'F') {
      map = interact(structure!, map, o); // [32, 32] 0..1
      attention = map;
    }
    if (stage === 'E') map = evolve(map, c, o); // [32, 32] 0..1, one region grown
  }
  return { ...describeMap(map, { ...size, alpha: o.alpha }), attention, evolved: map };
}

function required<T>(model: T | null, option: 'vlm' | 'diffusion', { order }: MethodOptions): T {
  if (model) return model;
  const expected = `a checkpoint, since the order "${order}" needs it`;
  throw new ZeroovError('OPTION_INVALID', { option, expected, got: 'none' });
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}
