import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { writing } from './hub-blob.ts';
import { type Env, hubCache } from './hub-cache.ts';
import { systemCode } from './regular-file.ts';

/**
 * Runs `action` while no other zeroov downloads the same model: two would append to one file. The lock holds the
 * process id of its owner; one whose process has ended is taken over.
 *
 * @throws HUB_LOCKED, OUTPUT_WRITE, and what `action` throws
 */
export async function withPullLock(
  model: { readonly env: Env; readonly id: string },
  action: () => Promise<void>,
): Promise<void> {
  const folder = join(hubCache(model.env), '.locks', `models--${model.id.replace('/', '--')}`);
  const lock = join(folder, 'zeroov.lock');
  await writing(lock, async () => {
    await mkdir(folder, { recursive: true });
    if (await tryLock(lock)) return;
    const pid = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (isRunning(pid)) throw new ZeroovError('HUB_LOCKED', { id: model.id, pid, lock });
    await rm(lock, { force: true });
    if (!(await tryLock(lock))) throw new ZeroovError('HUB_LOCKED', { id: model.id, pid, lock });
  });
  try {
    await action();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Puts the lock in place with its content, in one step; false when there is one. */
async function tryLock(lock: string): Promise<boolean> {
  const own = `${lock}.${process.pid}`;
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

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
