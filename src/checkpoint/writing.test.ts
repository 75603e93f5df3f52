import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder, writing } from './writing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zeroov-writing-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('makes a folder and those above it, and says which was the first', async () => {
  const deep = join(root, 'a', 'b', 'c');
  expect(await makeFolder(deep)).toBe(join(root, 'a'));
  expect((await stat(deep)).isDirectory()).toBe(true);
  expect(await makeFolder(deep)).toBeUndefined();
  const twice = [makeFolder(join(root, 'd', 'e')), makeFolder(join(root, 'd', 'f'))];
  expect(await Promise.all(twice)).toHaveLength(2);
});

it('says what is in the way', async () => {
  const file = join(root, 'file');
  await writeFile(file, '');
  const refused = (path: string) => writing(path, async () => makeFolder(path));
  await expect(refused(file)).rejects.toMatchObject({
    code: 'OUTPUT_WRITE',
    message: expect.stringContaining('a file is in its place'),
  });
  await expect(refused(join(file, 'a', 'b'))).rejects.toThrow('a part of the path is a file');
});

it.skipIf(process.platform !== 'linux')('comes back from where nothing can be made', async () => {
  const path = '/proc/zeroov/a';
  await expect(writing(path, async () => makeFolder(path))).rejects.toThrow('/proc/zeroov/a');
});
