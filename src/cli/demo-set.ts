/** The embedded small checkpoints: what `ground` uses when it is given none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface CheckpointPair {
  readonly vlm: string;
  readonly diffusion: string;
}

/** This file lies two folders below the package's root, as source and as built. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const DEMO_FOLDER = join(PACKAGE_ROOT, 'checkpoints', 'demo');

/** The trained demo set, or null in a copy that has none. */
export function demoSet(): CheckpointPair | null {
  const pair = { vlm: join(DEMO_FOLDER, 'vlm'), diffusion: join(DEMO_FOLDER, 'sd') };
  const there =
    existsSync(join(pair.vlm, 'config.json')) &&
    existsSync(join(pair.diffusion, 'model_index.json'));
  return there ? pair : null;
}
