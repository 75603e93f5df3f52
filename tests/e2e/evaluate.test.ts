/** `zeroov evaluate`, `sweep` and `ablate` on tiny random checkpoints: interrupted in every way, the results are the same bytes. */
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { SWEEP_SCHEMA } from '../../src/evaluation/report/sweep-result.ts';
import { type Figures, SUMMARY_SCHEMA, type Summary } from '../../src/evaluation/summary.ts';
import type { SweepDocument } from '../../src/evaluation/sweep/sweep-document.ts';
import { IMAGE, type Ran, type RunOptions, SHORT, testFolder, zeroov } from './run-zeroov.ts';

const folder = await testFolder();

/** Seven expressions in two scenes. */
const ARGS = [
  'evaluate',
  'synthetic',
  '--scenes',
  '2',
  '--stage',
  'a',
  '--size',
  '64',
  '--limit',
  '7',
];
const PRESETS = ['--preset', 'rsvg-zeroov', '--preset', 'no-evolve'];

const evaluate = (run: string, more: readonly string[] = [], options: RunOptions = {}) =>
  zeroov([...ARGS, ...PRESETS, ...SHORT, '-o', run, '-v', ...more], options);

/** Sends `signal` once the run has said that so many samples are done. */
const when = (done: number, signal: NodeJS.Signals): RunOptions => {
  let sent = false;
  return {
    onStderr: (text, child) => {
      // Once: a second SIGINT may meet a process on its way out, which then ends without a status.
      if (sent || !new RegExp(`^${done}/7 `, 'm').test(text)) return;
      sent = child.kill(signal);
    },
  };
};

const OUTCOME = [
  ...['results.jsonl', 'predictions.jsonl', 'summary.json', 'samples.csv', 'coco.json'],
  ...['report.html', 'report.md'],
];
const outcome = (run: string) =>
  Promise.all(
    ['', 'no-evolve'].flatMap((preset) =>
      OUTCOME.map((name) => readFile(join(run, preset, name), 'utf8')),
    ),
  );

const summaryOf = async (run: string): Promise<Summary> =>
  SUMMARY_SCHEMA.parse(JSON.parse(await readFile(join(run, 'summary.json'), 'utf8')));

const undisturbed = join(folder, 'undisturbed');
let first: Ran;
beforeAll(async () => {
  first = await evaluate(undisturbed);
});

describe('a run', () => {
  it('accounts for every sample and says what it found', async () => {
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(/^synthetic held-out, 7 samples, profile paper, percent\n/);
    expect(first.stdout).toMatch(/^rsvg-zeroov +\d+ .*\nno-evolve +\d+ /m);
    const { n, ok, notFound, failed } = await summaryOf(undisturbed);
    expect([n, ok + notFound, failed]).toEqual([7, 7, 0]);
    const page = await readFile(join(undisturbed, 'report.html'), 'utf8');
    expect(page).toContain('rsvg-zeroov');
  });

  it('gives the same figures when its predictions are scored as those of another program', async () => {
    const predictions = join(undisturbed, 'predictions.jsonl');
    const theirs = join(folder, 'theirs');
    const ran = await zeroov([...ARGS, '--predictions', predictions, '-o', theirs]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const { metrics, intervals } = await summaryOf(undisturbed);
    expect(await summaryOf(theirs)).toMatchObject({ preset: null, metrics, intervals });
    const mine = join(theirs, 'predictions.jsonl');
    const own = await zeroov([...ARGS, '--predictions', mine, '-o', theirs, '--limit', '1']);
    expect(own).toMatchObject({ status: 2, stderr: expect.stringMatching(/that -o writes/) });
    expect(await readFile(mine, 'utf8')).toBe(await readFile(predictions, 'utf8'));
  });

  it('killed, interrupted, and gone on with in three processes gives the same bytes', async () => {
    const run = await mkdtemp(join(folder, 'disturbed-'));
    const killed = await evaluate(run, [], when(2, 'SIGKILL'));
    expect(killed.status).toBe('SIGKILL');
    const interrupted = await evaluate(run, [], when(4, 'SIGINT'));
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toMatch(
      /stopped on request with [4-6] of 7 samples done.*\[RUN_STOPPED\]/,
    );
    const ended = await evaluate(run, ['--workers', '3']);
    expect(ended).toMatchObject({ status: 0, stdout: first.stdout.replaceAll(undisturbed, run) });
    expect(await outcome(run)).toEqual(await outcome(undisturbed));
  });

  it('refuses a second one in its folder, and other options', async () => {
    const run = join(folder, 'raced');
    let second: Promise<Ran> | undefined;
    const stopped = await evaluate(run, [], {
      onStderr: (text, child) => {
        if (!/^1\/7 /m.test(text) || second) return;
        child.kill('SIGSTOP');
        second = evaluate(run).finally(() => {
          child.kill('SIGTERM');
          child.kill('SIGCONT');
        });
      },
    });
    expect(stopped.status).toBe(143);
    expect(await second).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('[RUN_LOCKED]'),
    });
    const other = await evaluate(run, ['--tau', '0.4']);
    expect(other.status).toBe(8);
    expect(other.stderr).toMatch(
      /variants\.rsvg-zeroov\.tau: 0\.3 before, 0\.4 now.*\[RUN_DIFFERENT\]/,
    );
  });

  it.skipIf(process.platform !== 'linux')('ends when a worker is killed, and says so', async () => {
    let victim: number | undefined;
    const ran = await evaluate(join(folder, 'crashed'), ['--workers', '2'], {
      onStderr: (text, child) => {
        if (!/^1\/7 /m.test(text) || victim) return;
        victim = workersOf(child.pid!)[0]!;
        process.kill(victim, 'SIGKILL');
      },
    });
    expect(ran.status).toBe(11);
    expect(ran.stderr).toMatch(/worker \d of 2 ended \(SIGKILL\).*\[RUN_WORKER\]/);
  });
});

/** Its child processes that are zeroov too. */
function workersOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return children
    .filter((child) => child && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('main.js'))
    .map(Number);
}

describe('bad data', () => {
  it('is a failed record among good ones; the run goes on and exits with 5', async () => {
    const root = join(folder, 'data');
    await mkdir(root);
    const whole = await readFile(IMAGE);
    const lines = Array.from({ length: 20 }, (_, i) => {
      return {
        id: `s${i}`,
        image: i === 7 ? 'half.png' : 'whole.png',
        expression: `tank ${i}`,
        box: [9, 9, 99, 99],
      };
    });
    await writeFile(join(root, 'test.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
    await writeFile(join(root, 'whole.png'), whole);
    await writeFile(join(root, 'half.png'), whole.subarray(0, whole.length / 2));
    const run = join(folder, 'bad');
    const args = ['evaluate', 'jsonl', '--root', root, ...SHORT, '--order', 'O', '-o', run];
    const ran = await zeroov(args);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toMatch(/1 of 20 samples failed \(IMAGE_DECODE 1\).*\[RUN_FAILURES\]/);
    expect(await summaryOf(run)).toMatchObject({ n: 20, failed: 1, decodable: { n: 19 } });

    const again = await zeroov([...args, '--json']);
    expect(again.status).toBe(5);
    const summary = await summaryOf(run);
    expect(SUMMARY_SCHEMA.parse(JSON.parse(again.stdout))).toEqual(summary);

    const theirs = join(folder, 'bad-theirs');
    const predictions = ['--predictions', join(run, 'predictions.jsonl')];
    const scored = await zeroov([
      'evaluate',
      'jsonl',
      '--root',
      root,
      ...predictions,
      '-o',
      theirs,
    ]);
    expect(scored.status).toBe(5);
    const failures = { PREDICTION_MISSING: 1 };
    expect(await summaryOf(theirs)).toEqual({ ...summary, preset: null, failures });
  });

  it.each([
    [['rrsis-d'], /--root: expected the folder of rrsis-d.*\[OPTION_INVALID\]/],
    [['synthetic', '--sample', '3'], /--sample: expected --limit N.*\[OPTION_INVALID\]/],
    [
      ['jsonl', '--predictions', 'p', '--tau', '0.1'],
      /'--predictions <file>' cannot be used with option '--tau <x>'.*\[USAGE\]/,
    ],
    [['synthetic', '--layers', '90', '--layer-weights', '1'], /--layers: .*\[OPTION_INVALID\]/],
  ])('is no run: %j', async (args, says) => {
    const run = join(folder, 'none');
    const ran = await zeroov(['evaluate', ...args, '-o', run, '-q']);
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringMatching(says) });
  });
});

describe('a sweep', () => {
  const sweep = (...more: string[]) => zeroov(['sweep', undisturbed, '--json', ...more]);

  it("at the run's own setting has the run's figures, to the last digit", async () => {
    const summary = await summaryOf(undisturbed);
    const ran = await sweep('--tau', '0.2:0.4:0.1', '--alpha', '0.4,0.5', '--workers', '2');
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const swept = JSON.parse(ran.stdout) as SweepDocument;
    expect(SWEEP_SCHEMA.parse(swept).settings).toHaveLength(6);
    const { box, mask } = summary.metrics;
    const figures = ({ pr, mIoU, oIoU }: Figures) => ({ pr50: pr['0.5'], mIoU, oIoU });
    const own = swept.settings[swept.own]!;
    expect(own).toMatchObject({ tau: 0.3, alpha: 0.4, seeds: 7 });
    expect(own.box).toEqual(figures(box.paper!));
    expect(own.mask).toEqual(figures(mask.paper!));
    expect(JSON.parse(await readFile(join(undisturbed, 'sweep.json'), 'utf8'))).toEqual(swept);
    // The report is made anew, with the pictures of scenes that are made anew, and what the stages saw.
    const page = await readFile(join(undisturbed, 'report.html'), 'utf8');
    expect(page).toContain('<h2>Sensitivity</h2>');
    expect(page.match(/alt="relevance map"/g)).toHaveLength(7);
  });

  it('needs evidence, and says what to do without', async () => {
    const [noRun, noCross] = await Promise.all([
      zeroov(['sweep', folder]),
      sweep('--order', 'F-E'),
    ]);
    expect(noRun).toMatchObject({ status: 2, stderr: expect.stringContaining('[RUN_NOT_FOUND]') });
    expect(noCross.status).toBe(3);
    expect(noCross.stderr).toMatch(/lacks the cross-attention.*\[RUN_EVIDENCE\]/);
  });
});

describe('an ablation', () => {
  it("has the paper's figures, quoted, beside the run's, measured, and names what is missing", async () => {
    const ran = await zeroov(['ablate', undisturbed]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const { mIoU, pr } = (await summaryOf(undisturbed)).metrics.box.paper!;
    const own = `${pr['0.5'].toFixed(2).padStart(7)}${mIoU.toFixed(2).padStart(7)}`;
    expect(ran.stdout).toContain(`full method             30.15  32.92    12.84  21.85  ${own}`);
    expect(ran.stdout).toMatch(
      /^without VLM +16\.22 +18\.82 .*not recorded: the cross-attention$/m,
    );
    expect(ran.stdout).toMatch(
      /^RSVG-ZeroOV, SAM .*needs SAM: evaluate with --preset rsvg-zeroov\+sam$/m,
    );
    expect(ran.stdout).toMatch(
      /quoted on rrsis-d test, n = 3481; measured on synthetic held-out, n = 7/,
    );
    const report = await readFile(join(undisturbed, 'report.md'), 'utf8');
    expect(report).toContain(
      `| full method | 30.15 | 32.92 | 12.84 | 21.85 | ${pr['0.5'].toFixed(2)} | ${mIoU.toFixed(2)} |`,
    );
  });
});
