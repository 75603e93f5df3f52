/** The embedded small checkpoints: what `ground` uses when it is given none. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DemoSet {
  readonly vlm: string;
  readonly diffusion: string;
  readonly sam: string;
}

/** This file lies two folders below the package's root, as source and as built. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const DEMO_FOLDER = join(PACKAGE_ROOT, 'checkpoints', 'demo');

/** The trained demo set, or null in a copy that has none. */
export function demoSet(): DemoSet | null {
  const at = (name: string) => join(DEMO_FOLDER, name);
  const set = { vlm: at('vlm'), diffusion: at('sd'), sam: at('sam') };
  const there =
    existsSync(join(set.vlm, 'config.json')) &&
    existsSync(join(set.diffusion, 'model_index.json')) &&
    existsSync(join(set.sam, 'config.json'));
  return there ? set : null;
}
