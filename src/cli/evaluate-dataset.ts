/** The dataset that `zeroov evaluate` is told of: a download, or scenes made on the spot. */
import { join } from 'node:path';
import { readJson } from '../checkpoint/json-file.ts';
import { ZeroovError } from '../errors.ts';
import {
  FIRST_SEED,
  HELD_OUT_SCENES,
  type HeldOutScenes,
  heldOutScenes,
} from '../evaluation/held-out-scenes.ts';
import { openDataset } from '../evaluation/open-dataset.ts';
import type { Dataset, DatasetName } from '../evaluation/sample.ts';
import { STAGES } from '../synthetic/stages.ts';
import { DEMO_FOLDER } from './demo-set.ts';
import type { EvaluateFlags } from './evaluate-flags.ts';

const SCENES = 20;

export interface ChosenDataset {
  readonly dataset: Dataset;
  /** How it was made, if it was made on the spot. */
  readonly scenes: HeldOutScenes | null;
}

/** @throws OPTION_INVALID without a root for what is not made by us, and what opening a dataset throws */
export async function chooseDataset(
  name: DatasetName,
  flags: EvaluateFlags,
): Promise<ChosenDataset> {
  const { root, split } = flags;
  if (root !== undefined) {
    return { dataset: await openDataset({ name, root, split }), scenes: null };
  }
  if (name !== 'synthetic') {
    const expected = `the folder of ${name}, as it was downloaded`;
    throw new ZeroovError('OPTION_INVALID', { option: '--root', expected, got: 'none' });
  }
  if (split !== undefined) {
    const expected = 'none without --root: scenes made on the spot have no parts';
    throw new ZeroovError('OPTION_INVALID', { option: '--split', expected, got: split });
  }
  const ofDemo = await readJson({ file: join(DEMO_FOLDER, 'scenes.json'), schema: SCENE_OPTIONS });
  const scenes = {
    scenes: flags.scenes ?? SCENES,
    seed: flags.firstSeed ?? FIRST_SEED,
    stage: flags.stage ?? ofDemo.stage,
    sizePx: flags.size ?? ofDemo.sizePx,
    ...(flags.kinds && { kinds: [...flags.kinds] }),
  };
  assertSaid(scenes);
  return { dataset: heldOutScenes(scenes), scenes };
}

/** @throws OPTION_INVALID for a kind that is never said of the stage's scenes */
function assertSaid({ stage, kinds = [] }: HeldOutScenes): void {
  const said: readonly string[] = STAGES[stage].kinds;
  const never = kinds.find((kind) => !said.includes(kind));
  if (never === undefined) return;
  const expected = `kinds of stage ${stage}: ${said.join(', ')}`;
  throw new ZeroovError('OPTION_INVALID', { option: '--kinds', expected, got: never });
}

/** The scenes that the demo set was trained for, as it says itself. */
const SCENE_OPTIONS = HELD_OUT_SCENES.pick({ stage: true, sizePx: true });
