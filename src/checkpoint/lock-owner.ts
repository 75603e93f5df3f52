/** Who holds a lock file, and whether that process is still there. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemCode } from './regular-file.ts';

/** `unseen`: on another machine or in another container, so that nothing here can tell. */
export type OwnerState = 'running' | 'ended' | 'unseen';

export interface LockOwner {
  /** For a sentence: `process 12`. */
  readonly name: string;
  readonly state: OwnerState;
}

/** What this process writes into a lock: its id, the machine, its boot and container, and when the process began. */
export function describeSelf(): string {
  const { pid } = process;
  return [pid, hostname(), bootOf(), containerOf(), startOf(pid)].join('\n');
}

/** Process ids come again after a reboot, in another container, and when they are used up: a lock's owner is more than its id. */
export function ownerIn(text: string): LockOwner {
  const [id = '', host = hostname(), boot = '', container = '', start = ''] = text.split('\n');
  const pid = Number(id);
  const name = `process ${id}`;
  const away = {
    name: `${name} of another machine or container (${host})`,
    state: 'unseen',
  } as const;
  const differ = (a: string, b: string) => a !== '' && b !== '' && a !== b;
  if (host !== hostname()) return away;
  if (differ(boot, bootOf())) return { name, state: 'ended' };
  if (differ(container, containerOf())) return away;
  const running = isRunning(pid) && !differ(start, startOf(pid));
  return { name, state: running ? 'running' : 'ended' };
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

/** Linux tells these three; elsewhere they are empty. */
const bootOf = () => told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
const containerOf = () => told(() => readlinkSync('/proc/self/ns/pid'));
/** Field 22 of /proc/PID/stat, in clock ticks since the boot; the name before it, in brackets, may hold anything. */
const startOf = (pid: number) =>
  told(() => {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  });

function told(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
