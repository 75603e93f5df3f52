import { describe, expect, it } from 'vitest';
import {
  EXPRESSIONS,
  MASKS,
  pick,
  readWhole,
  tinyDataset,
} from '../../../tests/support/open-tiny.ts';
import { REFSEGRS_SCENES } from '../../../tests/support/tiny-datasets.ts';

describe('refsegrs', () => {
  it('numbers the phrases of one scene, takes masks above 50, has no boxes', async () => {
    const root = await tinyDataset('refsegrs');
    const { samples, truths, has } = await readWhole('refsegrs', { root });
    expect(pick(REFSEGRS_SCENES)).toEqual(['1361', '1361', '25']);
    expect(samples.map(({ id }) => id)).toEqual(['1361', '1361-2', '25']);
    expect(samples.map(({ image }) => image)).toEqual([
      'images/1361.tif',
      'images/1361.tif',
      'images/25.tif',
    ]);
    expect(samples.map(({ expression }) => expression)).toEqual(pick(EXPRESSIONS));
    expect(truths).toEqual([MASKS[2], MASKS[2], MASKS[4]].map((mask) => ({ box: null, mask })));
    expect(has).toEqual({ box: false, mask: true });
  });
});
