import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal, tinyDataset } from '../../tests/support/open-tiny.ts';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { checkDataset } from './check-dataset.ts';
import { detectDataset } from './find-dataset.ts';
import { DATASET_NAMES } from './sample.ts';

describe('checkDataset', () => {
  it('finds nothing wrong with a sound one but what is a fact of the data', async () => {
    const root = await tinyDataset('rrsis-d');
    const progress: number[] = [];
    const check = await checkDataset({
      name: 'rrsis-d',
      root,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(check).toMatchObject({ faults: [], failed: 0, extra: [], beyond: [] });
    expect(check.otherSize).toEqual(['2933']); // the picture of 64 × 65
    expect(check.splits.map(({ split, samples }) => [split, samples])).toEqual([
      ['train', 1],
      ['val', 1],
      ['test', 3],
    ]);
    expect(progress).toEqual([1, 2, 5]);
  });

  it('lists missing, damaged, foreign and unused files, once each', async () => {
    const root = await tinyDataset('risbench');
    const outside = temporaryFolder({ 'a.png': 'x' });
    await rm(join(root, 'img_rgb/train_0_0.png'));
    await rm(join(root, 'mask/train_0_0.png'));
    await writeFile(join(root, 'img_rgb/train_1_0.png'), 'no picture');
    await rm(join(root, 'mask/test_2_0.png'));
    await symlink(join(outside, 'a.png'), join(root, 'mask/test_2_0.png'));
    await writeFile(join(root, 'img_rgb/stray.png'), '');
    const check = await checkDataset({ name: 'risbench', root });
    expect(check.faults.map(({ file, reason }) => `${file} ${reason}`)).toEqual([
      'img_rgb/train_0_0.png is missing',
      'mask/train_0_0.png is missing',
      expect.stringMatching(/^img_rgb\/train_1_0\.png is damaged \(/),
      expect.stringMatching(/^mask\/test_2_0\.png is a link that leads out/),
    ]);
    expect(check.failed).toBe(3);
    expect(check.extra).toEqual(['img_rgb/stray.png']);
  });

  it('names the samples that need a missing picture, also when the whole folder is gone', async () => {
    const root = await tinyDataset('dior-rsvg');
    await rm(join(root, 'JPEGImages'), { recursive: true });
    const { faults, extra } = await checkDataset({ name: 'dior-rsvg', root });
    const file = 'JPEGImages/00011.jpg';
    expect(faults.at(-1)).toEqual({ file, reason: 'is missing', samples: ['3', '4'] });
    expect(extra).toEqual([]);
  });

  it('notes boxes beyond their pictures', async () => {
    const root = await tinyDataset('jsonl');
    const line = { id: 'far', image: 'images/0.png', expression: 'x', box: [60, 0, 65, 9] };
    await writeFile(join(root, 'test.jsonl'), JSON.stringify(line));
    const check = await checkDataset({ name: 'jsonl', root, split: 'test' });
    expect(check).toMatchObject({ faults: [], beyond: ['far'] });
  });

  it('goes on past a split that is missing or invalid, but not when none is there', async () => {
    const root = await tinyDataset('risbench');
    await rm(join(root, 'output_phrase_val.txt'));
    await writeFile(join(root, 'output_phrase_test.txt'), '../secret.png the tower\n');
    const { splits, extra } = await checkDataset({ name: 'risbench', root });
    expect(splits.map(({ state, samples }) => [state, samples])).toEqual([
      ['opened', 1],
      ['missing', null],
      ['invalid', null],
    ]);
    expect(splits[2]!.problem).toContain('"../secret.png" is no path inside the dataset');
    expect(extra).toEqual([]);
    const error = await refusal(checkDataset({ name: 'refsegrs', root }));
    expect(error.code).toBe('DATASET_NOT_FOUND');
  });

  it('stops on request and refuses a split that is none', async () => {
    const root = await tinyDataset('jsonl');
    const signal = AbortSignal.abort();
    const stopped = await refusal(checkDataset({ name: 'jsonl', root, signal }));
    expect(stopped.code).toBe('CANCELLED');
    const unknown = await refusal(checkDataset({ name: 'jsonl', root, split: 'dev' }));
    expect(unknown.code).toBe('OPTION_INVALID');
  });
});

describe('detectDataset', () => {
  it.each(DATASET_NAMES)('knows %s by what lies in its folder', async (name) => {
    expect(await detectDataset(await tinyDataset(name))).toBe(name);
  });

  it('knows opt-rsvg though its first boxes are whole numbers', async () => {
    const root = await tinyDataset('opt-rsvg');
    const first = join(root, 'Annotations/00002.xml');
    const xml = await readFile(first, 'utf8');
    await writeFile(first, xml.replace(/(\d+)\.\d+</g, '$1<'));
    expect(await detectDataset(root)).toBe('opt-rsvg');
  });

  it('says what it knows where it recognises nothing', async () => {
    const error = await refusal(detectDataset(temporaryFolder()));
    expect(error.code).toBe('DATASET_NOT_FOUND');
    expect(error.message).toContain(DATASET_NAMES.join(', '));
  });
});
