/** The Python of tools/README.md, for tests that ask a reference library as they run. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** What the reference of the metrics needs. */
export const pythonWithCoco = () => pythonWith('numpy, PIL, pycocotools');

/** ZEROOV_PYTHON, the .venv of the repository, or python3: the first that can import these; null where none can. */
export function pythonWith(modules: string): string | null {
  const candidates = [
    process.env['ZEROOV_PYTHON'] ?? '',
    join(root, '.venv/bin/python'),
    'python3',
  ].filter(Boolean);
  const hasAll = (python: string) => spawnSync(python, ['-c', `import ${modules}`]).status === 0;
  return candidates.find(hasAll) ?? null;
}

export const NO_PYTHON =
  'no Python with tools/requirements.txt: make .venv as tools/README.md says, or set ZEROOV_PYTHON';
