import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refusal, tinyDataset } from '../../tests/support/open-tiny.ts';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { writeTinyDataset } from '../../tests/support/tiny-datasets.ts';
import { openDataset } from './open-dataset.ts';
import { DATASET_NAMES } from './sample.ts';

describe('openDataset', () => {
  it('names what it looked for', async () => {
    const empty = temporaryFolder();
    for (const name of DATASET_NAMES) {
      const error = await refusal(openDataset({ name, root: empty }));
      expect(error).toMatchObject({ code: 'DATASET_NOT_FOUND', fields: { dataset: name } });
    }
    const root = await tinyDataset('rrsis-d');
    await rm(join(root, 'rrsisd/instances.json'));
    const half = await refusal(openDataset({ name: 'rrsis-d', root }));
    expect(half.message).toContain('rrsisd/refs(unc).p (there), rrsisd/instances.json (missing)');
    const nowhere = await refusal(openDataset({ name: 'jsonl', root: join(empty, 'nowhere') }));
    expect(nowhere.message).toContain('there is no such folder');
  });

  it('accepts the folder above and one inside, but never a choice of two', async () => {
    const above = temporaryFolder();
    await writeTinyDataset('risbench', join(above, 'RISBench_dataset'));
    const { root, fingerprint } = await openDataset({ name: 'risbench', root: above });
    const inner = await openDataset({ name: 'risbench', root: join(root, 'img_rgb') });
    expect([inner.root, inner.fingerprint]).toEqual([root, fingerprint]);
    await writeTinyDataset('risbench', join(above, 'copy'));
    const error = await refusal(openDataset({ name: 'risbench', root: above }));
    expect(error.message).toContain('RISBench_dataset and copy inside it all look like it');
  });

  it('refuses a split the dataset does not have', async () => {
    const root = await tinyDataset('synthetic');
    const error = await refusal(openDataset({ name: 'synthetic', root, split: 'train' }));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', fields: { option: '--split' } });
  });

  it('has a fingerprint of the annotations, not of the pictures', async () => {
    const root = await tinyDataset('risbench');
    const before = await openDataset({ name: 'risbench', root });
    await rm(join(root, 'mask/test_2_0.png'));
    expect((await openDataset({ name: 'risbench', root })).fingerprint).toBe(before.fingerprint);
    const file = join(root, 'output_phrase_test.txt');
    await writeFile(file, (await readFile(file, 'utf8')).replace('top', 'Top'));
    const after = await openDataset({ name: 'risbench', root });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('follows no link out of the folder', async () => {
    const root = await tinyDataset('risbench');
    const secret = join(temporaryFolder({ 'secret.png': 'x' }), 'secret.png');
    await rm(join(root, 'mask/test_2_0.png'));
    await symlink(secret, join(root, 'mask/test_2_0.png'));
    const { samples } = await openDataset({ name: 'risbench', root });
    const sample = await refusal(samples[0]!.readTruth());
    expect(sample.message).toMatch(
      /test_2_0\.png is a link that leads out of the dataset's folder/,
    );
    await rm(join(root, 'output_phrase_test.txt'));
    await symlink(secret, join(root, 'output_phrase_test.txt'));
    const whole = await refusal(openDataset({ name: 'risbench', root }));
    expect(whole.message).toContain('output_phrase_test.txt (a link out of the folder)');
    await rm(join(root, 'output_phrase_test.txt'));
    await rename(join(root, 'mask'), join(root, 'output_phrase_test.txt'));
    await symlink('output_phrase_test.txt', join(root, 'mask'));
    const folder = await refusal(openDataset({ name: 'risbench', root }));
    expect(folder.message).toMatch(/\(whole file\): it is not a regular file/);
  });
});
