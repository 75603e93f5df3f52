/** The house keeps its promises: arrows point down, errors are documented and reached, public names are meant. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.ts';
import * as publicNames from '../../src/index.ts';
import { errorsPage } from '../../tools/write-errors-page.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));

/** Each room and the rooms it may import from, beside itself and errors.ts (DESIGN, "Arrows point down only"). */
const ARROWS: Record<string, readonly string[]> = {
  'errors.ts': [],
  tensor: [],
  checkpoint: ['tensor'],
  graph: ['tensor'],
  runtime: ['tensor'],
  text: ['tensor'],
  geo: ['tensor'],
  imagery: ['geo', 'tensor'],
  synthetic: ['tensor'],
  models: ['graph', 'runtime', 'checkpoint', 'text', 'tensor'],
  pipeline: ['models', 'runtime', 'checkpoint', 'imagery', 'tensor'],
  evaluation: ['pipeline', 'checkpoint', 'imagery', 'synthetic', 'tensor'],
  cli: [
    'evaluation',
    'pipeline',
    'geo',
    'models',
    'graph',
    'runtime',
    'checkpoint',
    'imagery',
    'synthetic',
    'tensor',
  ],
  'index.ts': ['pipeline', 'models', 'runtime', 'imagery', 'checkpoint', 'tensor'],
};

/** `src/models/network.ts` → `models`. */
const roomOf = (path: string) => path.split('/')[1]!;

function importsOf(path: string): string[] {
  const imports = read(path).matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g);
  return [...imports].map((match) => {
    const target = join(dirname(join(root, path)), (match[1] ?? match[2])!);
    return relative(root, target);
  });
}

describe('arrows', () => {
  const sources = filesUnder('src').filter((path) => !/\.(test|fixture)\.ts$/.test(path));

  it('point down only', () => {
    const up = sources.flatMap((path) =>
      importsOf(path)
        .filter((target) => {
          const [from, to] = [roomOf(path), roomOf(target)];
          return from !== to && to !== 'errors.ts' && !(ARROWS[from] ?? []).includes(to);
        })
        .map((target) => `${path} → ${target}`),
    );
    expect(up).toEqual([]);
  });

  it('every room is on the map', () => {
    expect([...new Set(sources.map(roomOf))].filter((room) => !(room in ARROWS))).toEqual([]);
  });

  it('the runtime library is imported in runtime/ alone', () => {
    const users = sources.filter((path) => /from 'onnxruntime-node'/.test(read(path)));
    expect(users.map(roomOf).filter((room) => room !== 'runtime')).toEqual([]);
  });

  it('no file throws an error outside the table', () => {
    const bare = sources.filter((path) => /throw new (Type|Range|Syntax)?Error\(/.test(read(path)));
    expect(bare).toEqual([]);
  });
});

describe('errors', () => {
  const codes = Object.keys(ERRORS);

  it('are documented as they are (npx tsx tools/write-errors-page.ts writes the page)', () => {
    expect(read('docs/reference/errors.md')).toBe(errorsPage());
  });

  it('are all reached by a test', () => {
    const tests = [...filesUnder('src'), ...filesUnder('tests')]
      .filter((path) => path.endsWith('.test.ts') && path !== 'tests/contracts/house.test.ts')
      .map(read)
      .join('\n');
    expect(codes.filter((code) => !tests.includes(code))).toEqual([]);
  });
});

describe('public names', () => {
  it('are these', () => {
    expect(Object.keys(publicNames).sort()).toMatchInlineSnapshot(`
      [
        "ERRORS",
        "PAPER",
        "PRESETS",
        "RESULT_SCHEMA",
        "ZeroovError",
        "createGrounder",
        "openImage",
        "openScene",
        "recordOf",
      ]
    `);
  });
});

describe('README', () => {
  const readme = read('README.md');

  it('names commands that exist, the two that set up and run first', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run )?(demo|test|zeroov)\b/g)].map((m) => m[1]!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(readme).toContain('npm ci && npm run demo');
    expect(readme).toContain('npm ci && npm test');
    expect(read('.ci/run')).toContain('npm ci\nnpm test');
  });

  it('and the docs link to files that exist', () => {
    const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/README.md'];
    const dead = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!http)([^)#]+)/g)]
        .map((match) => join(dirname(page), match[1]!))
        .filter((target) => !existsSync(join(root, target))),
    );
    expect(dead).toEqual([]);
  });
});
