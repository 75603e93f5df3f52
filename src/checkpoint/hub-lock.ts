import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { type Env, hubCache } from './hub-cache.ts';
import { describeSelf, type LockOwner, ownerIn } from './lock-owner.ts';
import { systemCode } from './regular-file.ts';
import { makeFolder, writing } from './writing.ts';

/**
 * Runs `action` while no other zeroov downloads the same model: two would append to one file.
 *
 * @throws HUB_LOCKED, OUTPUT_WRITE, and what `action` throws
 */
export async function withPullLock(
  model: { readonly env: Env; readonly id: string },
  action: () => Promise<void>,
): Promise<void> {
  const { env, id } = model;
  const folder = join(hubCache(env), '.locks', `models--${id.replace('/', '--')}`);
  const refusal = (owner: string, lock: string) =>
    new ZeroovError('HUB_LOCKED', { id, owner, lock });
  await withLock({ lock: join(folder, 'zeroov.lock'), refusal }, action);
}

export interface LockOptions {
  /** Path of the lock file; its folder is made if need be. */
  readonly lock: string;
  /** What is thrown while `owner` ("process 12") holds `lock`, the file to remove when that process is no zeroov. */
  readonly refusal: (owner: string, lock: string) => ZeroovError;
}

/**
 * Runs `action` while no other process holds the lock. It says who its owner is; one whose process has ended is taken over.
 *
 * @throws the refusal, OUTPUT_WRITE, and what `action` throws
 */
export async function withLock<T>(options: LockOptions, action: () => Promise<T>): Promise<T> {
  const { lock } = options;
  await writing(lock, async () => {
    await makeFolder(dirname(lock));
    if (!(await tryLock(lock))) await takeOver(options);
  });
  try {
    return await action();
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Puts our lock in the place of one whose owner has ended. A second lock keeps others from doing so at the same time: they
 * would remove ours, taking it for the one that they have seen. It is held for a moment; one that outlived its owner goes.
 */
async function takeOver({ lock, refusal }: LockOptions): Promise<void> {
  const turn = `${lock}.turn`;
  if (!(await tryLock(turn)) && !(await replaceEnded(turn))) {
    throw refusal((await ownerOf(turn)).name, turn);
  }
  try {
    if (!(await replaceEnded(lock))) throw refusal((await ownerOf(lock)).name, lock);
  } finally {
    await rm(turn, { force: true });
  }
}

/** Puts our lock where one lies whose owner has ended; false where it has not, or another was faster. */
async function replaceEnded(lock: string): Promise<boolean> {
  const { state } = await ownerOf(lock);
  if (state !== 'ended') return false;
  await rm(lock, { force: true });
  return tryLock(lock);
}

async function ownerOf(lock: string): Promise<LockOwner> {
  return ownerIn(await readFile(lock, 'utf8').catch(() => ''));
}

/** Puts the lock in place with its content, in one step; false when there is one. */
async function tryLock(lock: string): Promise<boolean> {
  const own = `${lock}.${randomUUID()}`;
  await writeFile(own, describeSelf());
  try {
    await link(own, lock);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}
