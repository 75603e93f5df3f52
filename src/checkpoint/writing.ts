/** Writing to a disk: failed system calls in words that help. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ZeroovError } from '../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a part of the path is a file',
  ENOENT: 'nothing can be made there',
};

/** Runs a step of writing; a failed system call becomes OUTPUT_WRITE. */
export async function writing<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw writeFailure(path, cause);
  }
}

/** What to throw for what a step of writing threw. */
export function writeFailure(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (cause instanceof ZeroovError || code === undefined) return cause;
  return new ZeroovError('OUTPUT_WRITE', { path, reason: REASONS[code] ?? code }, { cause });
}

/**
 * Makes a folder and those above it that are not there; says which was the first of them. Node's own way never comes back where
 * the system says of a folder that is there that it is not, as under /proc.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  const there = (at: string) => stat(at).catch(() => null);
  const missing: string[] = [];
  for (let at = path; !(await there(at)); at = dirname(at)) missing.unshift(at);
  for (const folder of missing.length > 0 ? missing : [path]) {
    try {
      await mkdir(folder);
    } catch (error) {
      // It was there, or another process made it just now.
      if (!(await there(folder))?.isDirectory()) throw error;
    }
  }
  return missing[0];
}
