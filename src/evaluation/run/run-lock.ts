import { join } from 'node:path';
import { withLock } from '../../checkpoint/hub-lock.ts';
import { ZeroovError } from '../../errors.ts';

/** Runs `action` while no other process writes to the run. @throws RUN_LOCKED, OUTPUT_WRITE, and what `action` throws */
export function withRunLock<T>(run: string, action: () => Promise<T>): Promise<T> {
  const refusal = (owner: string, lock: string) =>
    new ZeroovError('RUN_LOCKED', { run, owner, lock });
  return withLock({ lock: join(run, '.lock'), refusal }, action);
}
