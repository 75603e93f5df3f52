/**
 * Overview – Focus – Evolve: an expression and a picture in, the object's mask out. Start reading here.
 *
 * The networks speak first (`gather`), then the mask is decided on the host (`decide`), then SAM may redraw it (`refine`).
 * The order is data (`O-F-E`): what comes after the overview is a fold over its letters.
 */
import type { Mask, Size } from '../tensor/image.ts';
import { normalizeMinMax } from '../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { evolve } from './evolve.ts';
import { mergeScales, WORKING_GRID } from './focus.ts';
import { type Asked, type Evidence, gather, type Models, required } from './gather.ts';
import { interact } from './interact.ts';
import { type Decision, describeBox, describeMap, inside, type Maps } from './mask.ts';
import { relevanceOnGrid } from './overview.ts';
import type { MethodOptions } from './presets.ts';
import { type Refined, refine } from './refine.ts';
import { muted, validPlaces } from './validity.ts';
import type { Watch } from './watch.ts';

export interface Grounding extends Refined {
  readonly expression: string;
  readonly answer: Evidence['answer'];
  /** The first expression of a picture carries what is done once a picture. */
  readonly seconds: Evidence['seconds'] & { readonly decide: number; readonly refine: number };
}

/** Grounds every expression in one picture. @throws OPTION_INVALID for what the models cannot do; CANCELLED */
export async function ground(
  models: Models,
  asked: Asked,
  o: MethodOptions,
  watch: Watch,
): Promise<Grounding[]> {
  if (o.refine !== 'none') required(models.sam, { option: 'sam', by: `refinement "${o.refine}"` });
  const gathered = await gather(models, asked, o, watch);
  const groundings: Grounding[] = [];
  for (const [i, evidence] of gathered.entries()) {
    const start = performance.now();
    const decision = decide(evidence, asked.image, o, { valid: asked.valid });
    const decided = performance.now();
    const redrawn = await refine(models, { image: asked.image, decision }, o, watch);
    const refined = redrawn.refinement ? inside(redrawn, asked.valid) : redrawn;
    const seconds = {
      ...evidence.seconds,
      decide: (decided - start) / 1000,
      refine: (performance.now() - decided) / 1000,
    };
    const expression = asked.expressions[i]!;
    groundings.push({ ...refined, expression, answer: evidence.answer, seconds });
  }
  if (!models.keepLoaded) await models.sam?.release();
  return groundings;
}

/** What a decision reads of the evidence. */
export type Seen = Pick<Evidence, 'relevance' | 'scales'> &
  Partial<Pick<Evidence, 'answer' | 'cross'>>;

export interface DecideFrame {
  /** Side of the working grid. */
  readonly grid?: number;
  /** Which of the picture's pixels have data; all when left out. */
  readonly valid?: Mask | undefined;
}

/**
 * From what the networks saw to the mask: milliseconds, so that K, τ, α, interaction and order can be tried again on
 * stored evidence.
 */
export function decide(
  seen: Seen,
  size: Size,
  o: MethodOptions,
  { grid = WORKING_GRID, valid }: DecideFrame = {},
): Decision {
  const places = valid ? validPlaces(valid) : null;
  const relevance = (o.order === 'F-E' ? seen.cross : seen.relevance)!; // [h, w]
  const maps: Maps = { overview: relevance, structure: null, attention: null, evolved: null };
  if (o.order === 'direct-box')
    return inside({ ...describeBox(seen.answer?.box ?? null, size), maps }, valid);
  const structure = o.order.includes('F') ? mergeScales(seen.scales, o, grid) : null; // [N, N], N = 32²
  const c = relevanceOnGrid(muted(relevance, places), { grid, profile: o.profile }); // [32, 32] 0..1
  let map = c;
  let attention: Float32Tensor | null = null;
  for (const stage of o.order.replace('O', '')) {
    if (stage === 'F') {
      map = interact(structure!, map, o); // [32, 32] 0..1
      if (places) map = float32(map.shape, normalizeMinMax(muted(map, places).data));
      attention = map;
    }
    if (stage === 'E') map = evolve(map, c, o); // [32, 32] 0..1, one region grown
  }
  const finding = describeMap(map, { ...size, alpha: o.alpha, valid });
  return { ...finding, maps: { ...maps, structure, attention, evolved: map } };
}
