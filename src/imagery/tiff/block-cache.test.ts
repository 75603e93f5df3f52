import { expect, it } from 'vitest';
import { BlockCache } from './block-cache.ts';

it('BlockCache keeps what was used last, as much as fits', async () => {
  const decoded: string[] = [];
  const cache = new BlockCache(20);
  const get = (key: string) =>
    cache.get(key, async () => {
      decoded.push(key);
      return new Uint8Array(10);
    });
  for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key);
  // c took the place of b, not of a.
  expect(decoded).toEqual(['a', 'b', 'c', 'b']);
});
