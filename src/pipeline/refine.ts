/**
 * Refine: SAM redraws the mask, prompted by what was found before (METHOD §4). The picture is embedded once; every further
 * expression or prompt costs the decoder alone.
 */
import { throwIfAborted } from '../errors.ts';
import { automaticMasks } from '../models/sam/automatic-masks.ts';
import type { ImageEmbedding, Prompt, Sam } from '../models/sam/sam.ts';
import type { Mask, RgbImage, Size } from '../tensor/image.ts';
import { resizeBilinear } from '../tensor/resize.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { findSeeds } from './evolve.ts';
import { WORKING_GRID } from './focus.ts';
import { type Models, required } from './gather.ts';
import { type Decision, describeMask, type Finding } from './mask.ts';
import { relevanceOnGrid } from './overview.ts';
import type { MethodOptions, Refiner } from './presets.ts';
import { vote } from './proposal-vote.ts';
import type { ImageMemory, Watch } from './watch.ts';

/** What SAM made of a finding. */
export interface Refinement {
  readonly by: Refiner;
  /** SAM's own estimate of its mask's IoU, about 0..1; of the best proposal in a vote, null where none was voted in. */
  readonly predictedIou: number | null;
  /** What was found without it. */
  readonly before: Finding;
}

export interface Refined extends Decision {
  readonly refinement: Refinement | null;
}

/**
 * Redraws the mask of a decision as `o.refine` says. What was not found is not refined; `score` stays that of the evidence.
 * @throws PROMPT_INVALID for a box outside the picture, CANCELLED, and what the network throws
 */
export async function refine(
  models: Pick<Models, 'sam' | 'memory'>,
  { image, decision }: { readonly image: RgbImage; readonly decision: Decision },
  o: MethodOptions,
  watch: Watch,
): Promise<Refined> {
  const { refine: by } = o;
  if (by === 'none' || !decision.found) return { ...decision, refinement: null };
  throwIfAborted(watch.signal);
  const { memory } = models;
  const sam = required(models.sam, { option: 'sam', by: `refinement "${by}"` });
  watch.onProgress?.({ stage: 'refine', done: 0, total: 1 });
  const embedding = await embedOnce(sam, { image, memory });
  const { maps, ...before } = decision;
  const { signal } = watch;
  const { mask, predictedIou } =
    by === 'proposal-vote'
      ? await proposalVote(sam, { image, embedding, mask: before.mask, memory, signal })
      : await prompted(sam, {
          embedding,
          prompt: promptOf(decision, { sam, image }, { ...o, by }),
          signal,
        });
  watch.onProgress?.({ stage: 'refine', done: 1, total: 1 });
  const drawn = describeMask(mask);
  const score = drawn.found ? before.score : null; // SAM may draw nothing
  return { ...drawn, score, maps, refinement: { by, predictedIou, before } };
}

/** The picture's embedding: made once for as long as the caller holds the picture. */
export function embedOnce(
  sam: Sam,
  { image, memory }: { readonly image: RgbImage; readonly memory: ImageMemory },
): Promise<ImageEmbedding> {
  return memory.recall(image, 'sam', () => sam.embedImage(image));
}

async function prompted(
  sam: Sam,
  {
    embedding,
    prompt,
    signal,
  }: Pick<Watch, 'signal'> & { embedding: ImageEmbedding; prompt: Prompt },
) {
  const [segmentation] = await sam.segment(embedding, [prompt], { signal });
  return segmentation!;
}

/** DiffPNG's refinement; a mask that no proposal agrees with stays as it is. */
async function proposalVote(
  sam: Sam,
  { image, embedding, mask, memory, signal }: VoteParts,
): Promise<{ mask: Mask; predictedIou: number | null }> {
  const proposals = await memory.recall(image, 'sam proposals', () =>
    automaticMasks(sam, embedding, { signal }),
  );
  const { union, voted } = vote(mask, proposals);
  if (voted.length === 0) return { mask, predictedIou: null };
  return { mask: union, predictedIou: Math.max(...voted.map((p) => p.predictedIou)) };
}

interface VoteParts extends Pick<Watch, 'signal'> {
  readonly image: RgbImage;
  readonly embedding: ImageEmbedding;
  readonly mask: Mask;
  readonly memory: ImageMemory;
}

interface PromptFrame {
  readonly sam: Pick<Sam, 'lowResSide'>;
  readonly image: Size;
}

/** What SAM is told of a decision: its tight box, its seeds, both, or its map. */
export function promptOf(
  { box, maps, mask }: Decision,
  { sam, image }: PromptFrame,
  o: MethodOptions & { readonly by: Refiner },
): Prompt {
  switch (o.by) {
    case 'points':
      return { points: seedPoints(maps.overview!, image, o) };
    case 'box+points':
      return { box: box!, points: seedPoints(maps.overview!, image, o) };
    case 'mask':
      return { maskLogits: logitsOf(maps.evolved ?? asMap(mask), { sam, image, alpha: o.alpha }) };
    default:
      return { box: box! };
  }
}

/** The centres of the seeds' cells, in pixels of the picture. */
function seedPoints(relevance: Float32Tensor, { widthPx, heightPx }: Size, o: MethodOptions) {
  const grid = WORKING_GRID;
  const c = relevanceOnGrid(relevance, { grid, profile: o.profile }); // [32, 32]
  return findSeeds(c, o.seeds).map((i) => ({
    x: (((i % grid) + 0.5) * widthPx) / grid,
    y: ((Math.floor(i / grid) + 0.5) * heightPx) / grid,
    positive: true,
  }));
}

/** Keeps a logit finite where the map is 0 or 1: ±6.9. */
const LEAST_SHARE = 1e-3;

/**
 * A map in 0..1 as SAM's low-resolution logits [S, S]: the log odds of its value over those of α, so that 0 lies where the
 * mask ends. The picture fills the top-left of SAM's square; the rest says "no".
 */
function logitsOf(
  map: Float32Tensor,
  { sam, image, alpha }: PromptFrame & { readonly alpha: number },
): Float32Tensor {
  const side = sam.lowResSide;
  const scale = side / Math.max(image.widthPx, image.heightPx);
  const [height, width] = [image.heightPx, image.widthPx].map((px) =>
    Math.max(1, Math.round(px * scale)),
  ) as [number, number];
  const small = resizeBilinear(map, { height, width }).data;
  const logit = (p: number) => {
    const share = Math.min(1 - LEAST_SHARE, Math.max(LEAST_SHARE, p));
    return Math.log(share / (1 - share));
  };
  const zero = logit(alpha);
  const data = new Float32Array(side * side).fill(logit(0) - zero);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) data[y * side + x] = logit(small[y * width + x]!) - zero;
  }
  return float32([side, side], data);
}

function asMap({ widthPx, heightPx, data }: Mask): Float32Tensor {
  return float32([heightPx, widthPx], Float32Array.from(data));
}
