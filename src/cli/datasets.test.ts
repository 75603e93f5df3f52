import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { refusal, tinyDataset } from '../../tests/support/open-tiny.ts';
import { DATASET_NAMES } from '../evaluation/sample.ts';
import { datasetsCommand } from './datasets.ts';

let printed = '';
const exitCode = process.exitCode;
beforeEach(() => {
  printed = '';
  const keep = (text: unknown) => {
    printed += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(keep);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = exitCode;
});

const run = (...args: string[]): Promise<Command> =>
  datasetsCommand({ signal: new AbortController().signal }).parseAsync(args, { from: 'user' });

describe('zeroov datasets list', () => {
  it('prints every dataset with its splits, layout, source and licence', async () => {
    await run('list', '--json');
    const facts = JSON.parse(printed) as { name: string; splits: object; layout: string[] }[];
    expect(facts.map(({ name }) => name)).toEqual(DATASET_NAMES);
    expect(facts[0]).toMatchObject({
      splits: { train: 12181, val: 1740, test: 3481 },
      layout: expect.arrayContaining(['rrsisd/refs(unc).p']),
    });
    printed = '';
    await run('list');
    expect(printed).toContain('  splits   train 26300, val 10013, test 16159\n');
    expect(printed).toContain('\n           img_rgb/train_0_0.png');
  });
});

describe('zeroov datasets check', () => {
  it('is content with one that is all there', async () => {
    const root = await tinyDataset('synthetic');
    await run('check', root);
    expect(printed).toMatch(/^synthetic in .*\n {2}test {2}\d+ samples\nall there\n$/);
  });

  it('says what is missing and where to get it, and fails in part', async () => {
    const root = await tinyDataset('risbench');
    await rm(join(root, 'mask/test_2_0.png'));
    await rm(join(root, 'output_phrase_val.txt'));
    const error = await refusal(run('check', root));
    expect(error).toMatchObject({ code: 'DATASET_INCOMPLETE', exit: 5 });
    expect(error.message).toContain('val has 0 of 10013 samples; test has 3 of 16159 samples');
    expect(printed).toContain('  val   not there\n');
    expect(printed).toContain(
      '1 missing or damaged:\n  mask/test_2_0.png is missing (sample test_2_0.png)\n',
    );
    expect(printed).toContain('to get what is missing: Baidu');
  });

  it('prints one JSON document, also of one that is not all there', async () => {
    const root = await tinyDataset('opt-rsvg');
    await run('check', root, '--split', 'test', '--json');
    expect(JSON.parse(printed)).toMatchObject({
      dataset: 'opt-rsvg',
      complete: false,
      splits: [{ split: 'test', samples: 3, published: 24477, state: 'opened' }],
      faults: [],
    });
    expect(process.exitCode).toBe(5);
  });
});
