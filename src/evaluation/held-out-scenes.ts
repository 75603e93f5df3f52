/** Synthetic scenes that no training saw, as a dataset in memory: made when they are asked for, the last one kept. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Expression } from '../synthetic/expressions.ts';
import { makeScene, type Scene } from '../synthetic/scene.ts';
import { KINDS, STAGES, type StageName } from '../synthetic/stages.ts';
import type { Dataset, Sample } from './sample.ts';

export const HELD_OUT_SCENES = z.strictObject({
  scenes: z.int().min(1),
  stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]),
  sizePx: z.int().min(32).max(4096),
  /** Of the first scene; each next has the next. */
  seed: z.int().min(0),
  /** Only expressions of these kinds; all of the stage's when left out. */
  kinds: z.array(z.enum(KINDS)).min(1).optional(),
});
export type HeldOutScenes = z.infer<typeof HELD_OUT_SCENES>;

/** Seeds from 900 000 000 are held out from training; those from 960 000 000 choose options, these are for reporting. */
export const FIRST_SEED = 970_000_000;

/** The samples that `zeroov synthesize` and the reader of its folder would give, without the folder. */
export function heldOutScenes(options: HeldOutScenes): Dataset {
  const { scenes, seed, stage, sizePx, kinds } = options;
  let last: Scene | undefined;
  const sceneOf = (of: number): Scene => {
    if (last?.seed !== of) last = makeScene({ seed: of, stage, sizePx });
    return last;
  };
  const samples = Array.from({ length: scenes }, (_, i) => samplesOf(seed + i, sceneOf))
    .flat()
    .filter(({ kind }) => !kinds || kinds.some((wanted) => wanted === kind));
  return {
    name: 'synthetic',
    root: 'made in memory',
    split: 'held-out',
    samples,
    has: { box: true, mask: true },
    fingerprint: fingerprintOf(options, samples),
  };
}

type SceneMaker = (seed: number) => Scene;

function samplesOf(seed: number, sceneOf: SceneMaker): Sample[] {
  const { objects, expressions } = sceneOf(seed);
  return expressions.map((said, i) => {
    const target = objects.find(({ id }) => id === said.targetId);
    return sampleOf({ seed, i, said, category: target?.category ?? null }, sceneOf);
  });
}

interface Spoken {
  readonly seed: number;
  /** Which of the scene's expressions. */
  readonly i: number;
  readonly said: Expression;
  readonly category: string | null;
}

/** Holds on to nothing of the scene: a dataset of many scenes stays small. */
function sampleOf({ seed, i, said, category }: Spoken, sceneOf: SceneMaker): Sample {
  const { text: expression, kind, targetId, box } = said;
  return {
    id: `${seed}-${i}`,
    expression,
    category,
    kind,
    image: `images/${seed}.png`,
    readImage: async () => sceneOf(seed).image,
    readTruth: async () => {
      const { image, objects } = sceneOf(seed);
      const { widthPx, heightPx } = image;
      const target = objects.find(({ id }) => id === targetId);
      const data = target?.mask ?? new Uint8Array(widthPx * heightPx);
      return { box, mask: { widthPx, heightPx, data } };
    },
  };
}

/** Also over what is said in the scenes: another way of making them is another dataset. */
function fingerprintOf(
  { scenes, seed, stage, sizePx }: HeldOutScenes,
  samples: readonly Sample[],
): string {
  // In this order, whatever that of the options: a manifest's is its schema's.
  const hash = createHash('sha256').update(JSON.stringify({ scenes, seed, stage, sizePx }));
  for (const { id, expression } of samples) hash.update(`\n${id} ${expression}`);
  return hash.digest('hex');
}
