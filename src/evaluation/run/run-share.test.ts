/** Runs over a small dataset, with networks that only look as if they thought: what is accounted for, kept and repeated. */
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ZeroovError } from '../../errors.ts';
import type { Evidence } from '../../pipeline/gather.ts';
import { PAPER } from '../../pipeline/presets.ts';
import { rleOf } from '../../pipeline/record-parts.ts';
import { float32 } from '../../tensor/tensor.ts';
import { openDataset } from '../open-dataset.ts';
import { readResults } from '../results.ts';
import { beginRun } from './begin-run.ts';
import { completeRun } from './complete-run.ts';
import { countDone, journalOf } from './entry.ts';
import type { Networks } from './evaluate-sample.ts';
import { encodeLine } from './journal.ts';
import { manifestOf } from './manifest.ts';
import { runShare, type Share } from './run-share.ts';
import { evidenceFile } from './stage-cache.ts';
import { groupVariants } from './variants.ts';

const folder = await mkdtemp(join(tmpdir(), 'zeroov-run-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const COUNT = 40;
const SIDE = 24;
const ORIGINAL = join(folder, 'original');

/** 40 samples about 20 pictures, with boxes and masks. */
async function writeData(): Promise<void> {
  await mkdir(ORIGINAL);
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < 9 ? 1 : 0));
  const mask = rleOf({ widthPx: SIDE, heightPx: SIDE, data });
  const lines = Array.from({ length: COUNT }, (_, i) => {
    const image = `${Math.floor(i / 2)}.png`;
    return { id: `s${i}`, image, expression: `thing ${i}`, box: [0, 0, 9, SIDE], mask };
  });
  await writeFile(join(ORIGINAL, 'test.jsonl'), lines.map((l) => JSON.stringify(l)).join('\n'));
  for (let i = 0; i < COUNT / 2; i += 1) await writePicture(join(ORIGINAL, `${i}.png`), i);
}

async function writePicture(file: string, blue: number): Promise<void> {
  const background = { r: 90, g: 40, b: blue };
  const create = { width: SIDE, height: SIDE, channels: 3 as const, background };
  await sharp({ create }).png().toFile(file);
}

await writeData();
let root = '';
let run = '';
beforeEach(async () => {
  const home = await mkdtemp(join(folder, 'test-'));
  [root, run] = [join(home, 'data'), join(home, 'run')];
  await cp(ORIGINAL, root, { recursive: true });
  await mkdir(run);
  asked = [];
});

/** Expressions that the networks were asked about, in order. */
let asked: string[] = [];

/** A bright spot whose place depends on the expression. */
function networks(before: (expression: string) => void = () => undefined): Networks {
  return {
    provider: 'cpu',
    gather: async (_image, expression) => {
      before(expression);
      asked.push(expression);
      const n = Number(expression.split(' ')[1]);
      const relevance = float32(
        [8, 8],
        Float32Array.from({ length: 64 }, (_, i) =>
          Math.exp(-(((i % 8) - (n % 8)) ** 2 + (Math.floor(i / 8) - ((3 * n) % 8)) ** 2) / 4),
        ),
      );
      const seconds = { overview: n, focus: 0 };
      const seen = { answer: null, relevance, scales: new Map(), cross: null, seconds };
      return seen as Partial<Evidence> as Evidence;
    },
    refine: async (_image, decision) => ({ ...decision, refinement: null }),
    dispose: async () => undefined,
  };
}

const VARIANTS = {
  overview: { ...PAPER, order: 'O' },
  strict: { ...PAPER, order: 'O', alpha: 0.6 },
} as const;

async function planOf(options: { tau?: number } = {}) {
  const dataset = await openDataset({ name: 'jsonl', root });
  const positions = [...dataset.samples.keys()];
  const { tau = PAPER.tau } = options;
  const variants = { ...VARIANTS, overview: { ...VARIANTS.overview, tau } };
  const manifest = manifestOf({
    zeroov: '0',
    dataset,
    positions,
    selection: { limit: null, sample: null },
    variants,
    ablation: false,
    checkpoints: { vlm: null, diffusion: null, sam: null },
    about: { root, scenes: null, node: '', platform: '', threads: 1 },
  });
  return { dataset, positions, manifest };
}

interface How {
  readonly share?: Share;
  readonly with?: Networks;
}

async function go({ share = { worker: 0, of: 1 }, with: answering = networks() }: How = {}) {
  const { dataset, positions, manifest } = await planOf();
  await beginRun(run, { manifest, provider: undefined });
  const variants = Object.entries(VARIANTS).map(([name, options]) => ({ name, options }));
  await runShare({
    run,
    dataset,
    positions,
    groups: groupVariants(variants, { ablation: false }),
    openNetworks: async () => answering,
    signal: new AbortController().signal,
    share,
    cache: true,
    haltAfter: 20,
  });
}

const OUTCOME = ['results.jsonl', 'predictions.jsonl', 'summary.json', 'samples.csv', 'coco.json'];

/** Everything that may not vary between runs. */
async function outcome(): Promise<string[]> {
  await completeRun(run, (await planOf()).manifest);
  const files = OUTCOME.flatMap((name) => [join(run, name), join(run, 'strict', name)]);
  return Promise.all(files.map((file) => readFile(file, 'utf8')));
}

let undisturbed: string[];
beforeAll(async () => {
  [root, run] = [ORIGINAL, join(folder, 'undisturbed')];
  await mkdir(run);
  await go();
  undisturbed = await outcome();
});

async function expectUndisturbed(): Promise<void> {
  expect(await outcome()).toEqual(undisturbed);
}

async function statuses(): Promise<Record<string, string>> {
  await completeRun(run, (await planOf()).manifest);
  const found: Record<string, string> = {};
  for await (const { id, error, status } of readResults(run)) found[id] = error?.code ?? status;
  return found;
}

const stopAt = (expression: string, code: 'CANCELLED' | 'NOT_FINITE' = 'CANCELLED') =>
  networks((said) => {
    if (said === expression) throw errorOf(code);
  });

function errorOf(code: 'CANCELLED' | 'NOT_FINITE'): ZeroovError {
  if (code === 'CANCELLED') return new ZeroovError(code, {});
  return new ZeroovError(code, { network: 'unet', output: 'noise', index: 0, cause: 'a weight' });
}

describe('a run', () => {
  it('asks once about every sample and is the same in three shares', async () => {
    for (const worker of [2, 0, 1]) await go({ share: { worker, of: 3 } });
    const all = Array.from({ length: COUNT }, (_, i) => `thing ${i}`);
    expect(asked.toSorted()).toEqual(all.toSorted());
    await expectUndisturbed();
  });

  it('stopped anywhere, with its last line torn, goes on and is the same', async () => {
    for (const at of ['thing 3', 'thing 4', 'thing 29']) {
      await expect(go({ with: stopAt(at) })).rejects.toMatchObject({ code: 'CANCELLED' });
      await appendFile(journalOf(run), encodeLine({ position: 5 }).subarray(0, 17));
    }
    await go({ share: { worker: 0, of: 2 } });
    await go({ share: { worker: 1, of: 2 } });
    expect(asked).toHaveLength(COUNT);
    await expectUndisturbed();
  });

  it('that is not finished has no outcome', async () => {
    await expect(go({ with: stopAt('thing 7') })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(outcome()).rejects.toMatchObject({
      code: 'RUN_UNFINISHED',
      fields: { done: 7, of: COUNT },
    });
  });

  it('does a sample again whose picture or evidence is no longer what it was', async () => {
    await go();
    asked = [];
    await writePicture(join(root, '3.png'), 255);
    await rm(evidenceFile(run, 20));
    await go();
    expect(asked).toEqual(['thing 6', 'thing 7', 'thing 20']);
    await expectUndisturbed();
  });
});

describe('bad samples', () => {
  it('are a failed record each, with the code and no path of this machine', async () => {
    await writeFile(join(root, '2.png'), (await readFile(join(root, '2.png'))).subarray(0, 60));
    await rm(join(root, '11.png'));
    await go();
    const found = await statuses();
    const failed = Object.entries(found).filter(([, status]) => status !== 'ok');
    expect(failed).toEqual([
      ['s4', 'IMAGE_DECODE'],
      ['s5', 'IMAGE_DECODE'],
      ['s22', 'DATASET_SAMPLE'],
      ['s23', 'DATASET_SAMPLE'],
    ]);
    expect(await readFile(join(run, 'results.jsonl'), 'utf8')).not.toContain(folder);
    expect(await countDone(run)).toEqual({ done: COUNT, failed: 4 });
  });

  it('are done again once their pictures are there', async () => {
    await rm(join(root, '11.png'));
    await go();
    asked = [];
    await writePicture(join(root, '11.png'), 11);
    await go();
    expect(asked).toEqual(['thing 22', 'thing 23']);
    await expectUndisturbed();
  });

  it('end the run when 20 in a row fail alike, and these are done again', async () => {
    const broken = networks((said) => {
      if (Number(said.split(' ')[1]) >= 10) throw errorOf('NOT_FINITE');
    });
    await expect(go({ with: broken })).rejects.toMatchObject({
      code: 'RUN_HALTED',
      exit: 6,
      fields: { count: 20, code: 'NOT_FINITE', sample: 's29' },
    });
    expect(await countDone(run)).toEqual({ done: 10, failed: 0 });
    await go();
    await expectUndisturbed();
  });

  it('count once a picture that cannot be read: here the 20 in a row are ten', async () => {
    for (let i = 0; i < 10; i += 1) await writeFile(join(root, `${i}.png`), 'damaged');
    await go();
    expect(await countDone(run)).toEqual({ done: COUNT, failed: 20 });
  });

  it('end the run when they are about 20 pictures', async () => {
    for (let i = 0; i < 20; i += 1) await writeFile(join(root, `${i}.png`), 'damaged');
    await expect(go()).rejects.toMatchObject({ code: 'RUN_HALTED', fields: { count: 39 } });
    expect(await countDone(run)).toEqual({ done: 0, failed: 0 });
  });

  it('do not end it when they are 19', async () => {
    await go({
      with: networks((said) => {
        const n = Number(said.split(' ')[1]);
        if (n >= 10 && n < 29) throw errorOf('NOT_FINITE');
      }),
    });
    expect(await countDone(run)).toEqual({ done: COUNT, failed: 19 });
  });

  it('are not samples whose options no network can serve: that ends the run', async () => {
    const refused = networks(() => {
      const fields = { option: 'resolutions', expected: '32', got: '48' };
      throw new ZeroovError('OPTION_INVALID', fields);
    });
    await expect(go({ with: refused })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(await countDone(run)).toEqual({ done: 0, failed: 0 });
  });

  it('that meet a bug of ours are recorded as such', async () => {
    const buggy = networks((said) => {
      if (said === 'thing 8') throw new TypeError('x is not a function');
    });
    await go({ with: buggy });
    expect(await statuses()).toMatchObject({ s7: 'ok', s8: 'INTERNAL', s9: 'ok' });
  });
});

describe.skipIf(!existsSync('/dev/full'))('a full disk', () => {
  it('ends the run where it is; with room again it goes on and is the same', async () => {
    const part = `${evidenceFile(run, 12)}.part`;
    await mkdir(join(run, 'evidence'));
    await symlink('/dev/full', part);
    await expect(go()).rejects.toMatchObject({ code: 'OUTPUT_WRITE', exit: 6 });
    expect(await countDone(run)).toEqual({ done: 12, failed: 0 });
    await rm(part);
    await go();
    await expectUndisturbed();
  });
});

describe('a folder that holds a run', () => {
  const begin = async (options: { tau?: number }, provider?: 'cpu' | 'cuda') =>
    beginRun(run, { manifest: (await planOf(options)).manifest, provider });

  it('refuses other options, and says which', async () => {
    await go();
    await expect(begin({ tau: 0.5 })).rejects.toMatchObject({
      code: 'RUN_DIFFERENT',
      exit: 8,
      message: expect.stringContaining('variants.overview.tau: 0.3 before, 0.5 now'),
    });
  });

  it('refuses other data', async () => {
    await go();
    await appendFile(join(root, 'test.jsonl'), '\n{"id":"more","image":"0.png","expression":"x"}');
    await expect(begin({})).rejects.toThrow(
      /dataset\.fingerprint: .*samples\.count: 40 before, 41 now/,
    );
  });

  it('goes on where the networks ran before, and refuses another provider', async () => {
    await go();
    expect(await begin({})).toBe('cpu');
    expect(await begin({}, 'cpu')).toBe('cpu');
    await expect(begin({}, 'cuda')).rejects.toThrow(/provider: cpu before, cuda now/);
  });

  it('may begin anew as long as no sample is done', async () => {
    expect(await begin({ tau: 0.5 }, 'cpu')).toBe('cpu');
    await go();
    await expectUndisturbed();
  });

  it('whose manifest is damaged or gone is refused', async () => {
    await go();
    await writeFile(join(run, 'manifest.json'), '{');
    await expect(begin({})).rejects.toMatchObject({ code: 'RUN_CORRUPT', exit: 9 });
    await rm(join(run, 'manifest.json'));
    await expect(begin({})).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
  });
});
