import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openOutputFolder } from './output-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zeroov-output-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const names = ['mask.png', 'maps/a.npy', 'result.json'];
const files = (mark: string) => names.map((name) => ({ name, bytes: `${mark} ${name}` }));
const contents = async (folder: string) =>
  Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));

describe('an output folder', () => {
  it('is there with all files after a commit', async () => {
    const out = join(root, 'a', 'b');
    await (await openOutputFolder(out, names)).commit(files('new'));
    expect(await contents(out)).toEqual(names.map((name) => `new ${name}`));
    expect((await readdir(out)).sort()).toEqual(['maps', 'mask.png', 'result.json']);
  });

  it('replaces files and leaves others alone', async () => {
    await (await openOutputFolder(root, names)).commit(files('old'));
    await writeFile(join(root, 'mine.txt'), 'mine');
    await (await openOutputFolder(root, names)).commit(files('new'));
    expect(await contents(root)).toEqual(names.map((name) => `new ${name}`));
    expect((await readdir(root)).sort()).toEqual(['maps', 'mask.png', 'mine.txt', 'result.json']);
  });

  it('is wholly old or wholly new whenever a signal can be answered', async () => {
    await (await openOutputFolder(root, names)).commit(files('old'));
    const marks = () => names.map((name) => readFileSync(join(root, name), 'utf8').slice(0, 3));
    let done = false;
    const commit = (await openOutputFolder(root, names)).commit(files('new'));
    void commit.finally(() => {
      done = true;
    });
    while (!done) {
      expect(['old,old,old', 'new,new,new']).toContain(marks().join());
      await setImmediate();
    }
    await commit;
  });

  it('removes what an earlier run of the same names left and this one does not make', async () => {
    await (await openOutputFolder(root, names)).commit(files('old'));
    await (await openOutputFolder(root, names)).commit(files('new').slice(1));
    expect((await readdir(root)).sort()).toEqual(['maps', 'result.json']);
  });

  it('sweeps away what a run that was killed left behind, and leaves a living one alone', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']); // it has ended
    const [dead, alive] = [pid, process.ppid].map((of) => `.zeroov-${hostname()}-${of}-abc`);
    for (const name of [dead!, alive!, '.zeroov-search', '.zeroov-elsewhere-1-abc']) {
      await mkdir(join(root, name));
    }
    await (await openOutputFolder(root, names)).abandon();
    expect((await readdir(root)).sort()).toEqual(
      [alive!, '.zeroov-search', '.zeroov-elsewhere-1-abc'].sort(),
    );
  });

  it('is gone after abandoning, with the folders made for it', async () => {
    const output = await openOutputFolder(join(root, 'a', 'b'), names);
    expect(existsSync(join(root, 'a', 'b'))).toBe(true);
    await output.abandon();
    expect(await readdir(root)).toEqual([]);
  });

  it('keeps a folder that was there before', async () => {
    await mkdir(join(root, 'a'));
    await (await openOutputFolder(join(root, 'a', 'b'), names)).abandon();
    expect(await readdir(root)).toEqual(['a']);
  });

  it('is as it was when a file cannot be put in place', async () => {
    await (await openOutputFolder(root, names)).commit(files('old'));
    const output = await openOutputFolder(root, names);
    await rm(join(root, 'result.json'));
    await mkdir(join(root, 'result.json', 'deep'), { recursive: true });
    const last = [...files('new').slice(0, 2), { name: 'result.json/deep', bytes: 'x' }];
    await writeFile(join(root, 'maps', 'b'), '');
    const blocked = [...last, { name: 'maps/b/c.npy', bytes: 'x' }];
    await expect(output.commit(blocked)).rejects.toMatchObject({ code: 'OUTPUT_WRITE', exit: 6 });
    await output.abandon();
    expect(await readFile(join(root, 'mask.png'), 'utf8')).toBe('old mask.png');
    expect(await readFile(join(root, 'maps', 'a.npy'), 'utf8')).toBe('old maps/a.npy');
    expect((await readdir(root)).sort()).toEqual(['maps', 'mask.png', 'result.json']);
    expect(await readdir(join(root, 'result.json'))).toEqual(['deep']);
  });

  it.each([
    ['a file where the folder should be', 'file', 'file'],
    ['a file on the way to the folder', 'file', 'file/out'],
  ])('refuses %s', async (_what, name, path) => {
    await writeFile(join(root, name), 'mine');
    const opening = openOutputFolder(join(root, path), names);
    await expect(opening).rejects.toMatchObject({ code: 'OUTPUT_WRITE' });
    expect(await readdir(root)).toEqual([name]);
  });

  it('refuses a folder where a file should be, and a file where a folder should be', async () => {
    await mkdir(join(root, 'one', 'mask.png'), { recursive: true });
    await mkdir(join(root, 'two'));
    await writeFile(join(root, 'two', 'maps'), '');
    for (const name of ['one', 'two']) {
      const opening = openOutputFolder(join(root, name), names);
      await expect(opening).rejects.toMatchObject({ code: 'OUTPUT_WRITE' });
    }
    expect(await readdir(join(root, 'two'))).toEqual(['maps']);
  });
});
