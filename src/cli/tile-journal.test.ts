import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TileSaying } from '../pipeline/tile-memory.ts';
import { dropSearchJournal, searchFolder, withSearchJournal } from './tile-journal.ts';

let output: string;
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), 'zeroov-search-'));
});
afterEach(() => rm(output, { recursive: true, force: true }));

const SAID: TileSaying = {
  height: 1,
  width: 3,
  layers: [Float64Array.of(0.1, Number.MIN_VALUE, 1 / 3), Float64Array.of(1, 2, -0)],
  valid: Uint8Array.of(1, 0, 1),
};
const searched = { expression: 'the ship', options: { tilePx: 256 } };
const folderOf = () => searchFolder(output, null);
const path = () => join(folderOf(), 'tiles.jsonl');

/** Keeps two tiles and one without a picture. */
async function begin(): Promise<void> {
  await withSearchJournal(
    { folder: folderOf(), searched, resume: false },
    async ({ memory, before }) => {
      expect(before).toBe(0);
      await memory.keep('a', SAID);
      await memory.keep('b', null);
      await memory.keep('c', { ...SAID, valid: null });
      expect(await memory.recall('a')).toEqual(SAID);
    },
  );
}

const again = (keys: readonly string[], of = searched) =>
  withSearchJournal(
    { folder: folderOf(), searched: of, resume: true },
    async ({ memory, before }) => {
      const said = [];
      for (const key of keys) said.push(await memory.recall(key));
      return { before, said };
    },
  );

describe('the journal of a search', () => {
  it('gives back bit by bit what was kept, and null for a tile without a picture', async () => {
    await begin();
    const { before, said } = await again(['a', 'b', 'c', 'd']);
    expect(before).toBe(3);
    expect(said).toEqual([SAID, null, { ...SAID, valid: null }, undefined]);
  });

  it('cut anywhere keeps whole lines and goes on behind them', async () => {
    await begin();
    const whole = await readFile(path());
    const ends = [...whole.keys()].filter((i) => whole[i] === 10);
    for (const length of [ends[2]! + 40, ends[2]! + 1, ends[1]! - 5, 10, 0]) {
      await begin();
      await truncate(path(), length);
      const { before } = await again([]);
      // The first line says what was searched.
      expect(before).toBe(Math.max(0, ends.filter((end) => end < length).length - 1));
    }
  });

  it('begins anew when what was searched cannot be read', async () => {
    await begin();
    const text = await readFile(path(), 'utf8');
    await writeFile(path(), `x${text.slice(1)}`);
    expect((await again(['a'])).before).toBe(0);
    expect((await again(['a'])).said).toEqual([undefined]);
  });

  it('does not go on with another search, and says in what they differ', async () => {
    await begin();
    const other = again(['a'], { ...searched, expression: 'the plane' });
    await expect(other).rejects.toMatchObject({
      code: 'RUN_DIFFERENT',
      message: expect.stringContaining('(expression)'),
    });
  });

  it('begins anew without resume, and is gone when dropped', async () => {
    await begin();
    await appendFile(path(), 'torn');
    await withSearchJournal({ folder: folderOf(), searched, resume: false }, async ({ memory }) => {
      expect(await memory.recall('a')).toBeUndefined();
    });
    await dropSearchJournal(folderOf());
    expect(await readdir(output)).toEqual([]);
  });

  it('is one for each file that is made alone in a folder', async () => {
    await begin();
    const folder = searchFolder(output, { name: 'a.gpkg', format: 'gpkg' });
    const another = { folder, searched: { expression: 'the plane' }, resume: false };
    const before = await withSearchJournal(another, async ({ memory }) => {
      await memory.keep('a', null);
      return again(['a']);
    });
    expect(before.said).toEqual([SAID]);
    await dropSearchJournal(folder);
    expect((await again(['a'])).said).toEqual([SAID]);
  });

  it('is written by one process at a time, and stays when the search fails', async () => {
    const failing = withSearchJournal(
      { folder: folderOf(), searched, resume: false },
      async ({ memory }) => {
        await memory.keep('a', SAID);
        await expect(again([])).rejects.toMatchObject({ code: 'RUN_LOCKED' });
        return Promise.reject(new RangeError('cut off'));
      },
    );
    await expect(failing).rejects.toThrow('cut off');
    expect((await again(['a'])).said).toEqual([SAID]);
  });
});
