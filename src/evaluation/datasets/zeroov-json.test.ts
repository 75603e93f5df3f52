import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  EXPRESSIONS,
  MASKS,
  readWhole,
  TEST,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { rrsisNumber } from '../../../tests/support/tiny-datasets.ts';

describe('zeroov-json', () => {
  it('reads the first of refs, and masks where there are any', async () => {
    const root = await tinyDataset('zeroov-json');
    const { samples, truths, has } = await readWhole('zeroov-json', { root });
    expect(samples.map(({ id, expression }) => [id, expression])).toEqual(
      TEST.map((i) => [`${rrsisNumber(i)}`, EXPRESSIONS[i]]),
    );
    expect(truths[0]).toEqual({ box: [7, 1, 41, 20], mask: MASKS[2] });
    expect(has.mask).toBe(true);
    await rm(join(root, 'targetmask'), { recursive: true });
    const boxesOnly = await readWhole('zeroov-json', { root });
    expect(boxesOnly.has.mask).toBe(false);
    expect(boxesOnly.truths[0]).toEqual({ box: [7, 1, 41, 20], mask: null });
  });
});
