import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { writeOutcome } from '../evaluation/outcome.ts';
import { boxScores, makeRecord } from '../evaluation/record.fixture.ts';
import { makeRun } from '../evaluation/report/run.fixture.ts';
import { writeManifest } from '../evaluation/run/manifest.ts';
import type { DatasetName } from '../evaluation/sample.ts';
import { compareCommand } from './compare.ts';
import { reportCommand } from './report.ts';

afterEach(() => vi.restoreAllMocks());

/** What a command prints on stdout. */
async function printed(command: Command, args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await command.exitOverride().parseAsync(args, { from: 'user' });
  vi.restoreAllMocks();
  return lines.join('');
}

interface Given {
  readonly folder?: string;
  readonly dataset?: DatasetName;
  readonly split?: string;
}

/** Boxes of these IoUs, as predictions of another program. */
async function predictions(ious: readonly number[], given: Given = {}): Promise<string> {
  const { folder = temporaryFolder(), dataset = 'risbench', split = 'val' } = given;
  const records = ious.map((iou, i) =>
    makeRecord({ id: `${i}`, scores: { box: boxScores(iou), mask: null } }),
  );
  const has = { box: true, mask: false };
  await writeOutcome(folder, { subject: { dataset, split, preset: null, has }, records });
  return folder;
}

describe('zeroov compare', () => {
  it('prints a table of differences, with a sign, an interval and p', async () => {
    const [a, b] = [
      await predictions([0.6, 0.6, 0.6, 0.6]),
      await predictions([0.4, 0.4, 0.4, 0.4]),
    ];
    const text = await printed(compareCommand(), [a, b]);
    expect(text).toContain('risbench val, 4 samples, profile paper, in percent');
    expect(text).toContain(`B  ${b} (predictions of another program)`);
    expect(text).toMatch(/^mIoU +60\.00 +40\.00 +−20\.00 {3}\[−20\.00, −20\.00\]$/m);
    // All four by A alone: 2 · (1/2)⁴ = 0.125, and half of the point off for the mid-p.
    expect(text).toContain(
      'by A alone 4 times, by B alone 0: McNemar p 0.1250 (exact), 0.0625 (mid-p)',
    );
    expect(text).not.toContain('masks');
  });

  it('prints one object with --json', async () => {
    const run = await predictions([1, 0]);
    const { box, mask } = JSON.parse(await printed(compareCommand(), [run, run, '--json']));
    expect(box.mIoU).toMatchObject({ a: 50, b: 50, difference: 0 });
    expect(mask).toBeNull();
  });
});

describe('zeroov report', () => {
  it('writes the report again, with the pictures of scenes that it makes again', async () => {
    const { folder, manifest } = await makeRun();
    await writeManifest(folder, manifest);
    const file = join(folder, 'report.html');
    rmSync(file, { force: true });
    expect(await printed(reportCommand(), [folder])).toBe(`wrote ${file}\n`);
    expect(existsSync(file)).toBe(true);
  });

  it('refuses another dataset than the one of the run, and what is no run', async () => {
    const { folder, manifest } = await makeRun();
    const line = { id: 'x', image: 'x.png', expression: 'the ship', box: [0, 0, 1, 1] };
    const root = temporaryFolder({ 'test.jsonl': line });
    await predictions([1], { folder, dataset: 'jsonl', split: 'test' });
    await writeManifest(folder, manifest);
    await expect(printed(reportCommand(), [folder, '--root', root])).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      fields: { option: '--root' },
    });
    rmSync(join(folder, 'manifest.json'));
    expect(await printed(reportCommand(), [folder, '--root', root])).toMatch(/^wrote /);
    const none = printed(reportCommand(), [temporaryFolder()]);
    await expect(none).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});
