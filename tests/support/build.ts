/** Before any test: the built program is that of the sources as they are. `npm test` has built it; a test file run alone may not have. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUILT = join(ROOT, 'dist', 'cli', 'main.js');
const SOURCES = ['src', 'package.json', 'tsconfig.json', 'tsdown.config.ts'];

/** When the newest of these files and of what lies in these folders was changed, ms. */
function changedAt(paths: readonly string[]): number {
  const times = paths.map((path) => {
    const stat = statSync(path);
    return stat.isDirectory()
      ? changedAt(readdirSync(path).map((name) => join(path, name)))
      : stat.mtimeMs;
  });
  return Math.max(...times);
}

export default function build(): void {
  const sources = SOURCES.map((name) => join(ROOT, name));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > changedAt(sources)) return;
  execFileSync('npm', ['run', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}
