import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { writing } from './hub-blob.ts';
import { type Env, hubCache } from './hub-cache.ts';
import { systemCode } from './regular-file.ts';

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
  const refusal = (pid: number, lock: string) => new ZeroovError('HUB_LOCKED', { id, pid, lock });
  await withLock({ lock: join(folder, 'zeroov.lock'), refusal }, action);
}

export interface LockOptions {
  /** Path of the lock file; its folder is made if need be. */
  readonly lock: string;
  /** What is thrown while process `pid` holds `lock` (the file to remove when that process is no zeroov). */
  readonly refusal: (pid: number, lock: string) => ZeroovError;
}

/**
 * Runs `action` while no other process holds the lock. It contains the process id of its owner; one whose process has
 * ended is taken over.
 *
 * @throws the refusal, OUTPUT_WRITE, and what `action` throws
 */
export async function withLock<T>(options: LockOptions, action: () => Promise<T>): Promise<T> {
  const { lock } = options;
  await writing(lock, async () => {
    await mkdir(dirname(lock), { recursive: true });
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
 * would remove ours, taking it for the one that they have seen.
 */
async function takeOver({ lock, refusal }: LockOptions): Promise<void> {
  const turn = `${lock}.turn`;
  if (!(await tryLock(turn))) throw refusal(await ownerOf(turn), turn);
  try {
    const pid = await ownerOf(lock);
    if (isRunning(pid)) throw refusal(pid, lock);
    await rm(lock, { force: true });
    if (!(await tryLock(lock))) throw refusal(await ownerOf(lock), lock);
  } finally {
    await rm(turn, { force: true });
  }
}

/** NaN for a lock without a number, or that is gone. */
async function ownerOf(lock: string): Promise<number> {
  const text = await readFile(lock, 'utf8').catch(() => '');
  return text === '' ? Number.NaN : Number(text);
}

/** Puts the lock in place with its content, in one step; false when there is one. */
async function tryLock(lock: string): Promise<boolean> {
  const own = `${lock}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
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

/** Whether a process of that id is there, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
