import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withRunLock } from './run-lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'zeroov-lock-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** No system gives out so high a process id. */
const ENDED = String(2 ** 22 + 1);

const MANY = 8;

describe('the lock of a run', () => {
  it.each([
    ['free', null],
    ['left by a process that was killed', ENDED],
  ])('when %s is had by one of many that ask at once', async (_, left) => {
    for (let round = 0; round < 20; round += 1) {
      const run = await mkdtemp(join(folder, 'run-'));
      if (left) await writeFile(join(run, '.lock'), left);
      const refusals: unknown[] = [];
      let holders = 0;
      let end = (): void => undefined;
      const refused = new Promise<void>((resolve) => {
        end = resolve;
      });
      const ask = () =>
        withRunLock(run, async () => {
          holders += 1;
          await refused;
        }).catch((error: unknown) => {
          refusals.push(error);
          if (refusals.length === MANY - 1) end();
        });
      await Promise.all(Array.from({ length: MANY }, ask));
      expect(holders).toBe(1);
      const locked = expect.objectContaining({ code: 'RUN_LOCKED', exit: 7 });
      expect(refusals).toEqual(Array.from({ length: MANY - 1 }, () => locked));
      expect(await readdir(run)).toEqual([]);
    }
  });

  it('is taken over from one that was killed while it took over', async () => {
    const run = await mkdtemp(join(folder, 'run-'));
    for (const name of ['.lock', '.lock.turn']) await writeFile(join(run, name), ENDED);
    expect(await withRunLock(run, async () => readdir(run))).toEqual(['.lock']);
    expect(await readdir(run)).toEqual([]);
  });

  it('is left to one that cannot be seen from here', async () => {
    const run = await mkdtemp(join(folder, 'run-'));
    await writeFile(join(run, '.lock'), '1\nelsewhere\n\n\n');
    await expect(withRunLock(run, async () => undefined)).rejects.toMatchObject({
      code: 'RUN_LOCKED',
      message: expect.stringMatching(/^process 1 of another machine or container \(elsewhere\) is/),
    });
    expect(await readdir(run)).toEqual(['.lock']);
  });
});
