/**
 * A folder of results that is changed at once or not at all: files are written into a hidden folder inside it, then
 * renamed into place in the order given; files of the same names that an earlier run left and this one does not make go. On
 * any failure what was there before is there again.
 */
import { rmSync } from 'node:fs';
import {
  access,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isRunning } from '../checkpoint/hub-lock.ts';
import { ZeroovError } from '../errors.ts';

/** A file to be: its path inside the folder, with `/`. */
export interface OutputFile {
  readonly name: string;
  readonly bytes: Uint8Array | string;
}

export interface OutputFolder {
  readonly path: string;
  /** Puts all files in place, the last one last, and removes what else is there of `names`. @throws OUTPUT_WRITE */
  commit(files: readonly OutputFile[]): Promise<void>;
  /** Removes what was made for a commit that did not come, the folder too if it was not there before. */
  abandon(): Promise<void>;
}

/**
 * Makes the folder if need be and makes sure, before hours of work, that `names` can be written there.
 *
 * @throws OUTPUT_WRITE
 */
export async function openOutputFolder(
  path: string,
  names: readonly string[],
): Promise<OutputFolder> {
  const target = resolve(path);
  const made = await writing(path, () => mkdir(target, { recursive: true }));
  let stage: string | undefined;
  try {
    await writing(path, () => access(target, constants.W_OK));
    for (const name of names) await assertFree(target, name);
    stage = await writing(path, async () => {
      await sweep(target);
      return mkdtemp(join(target, `${STAGE}${process.pid}-`));
    });
  } catch (error) {
    await removeMade(target, made);
    throw error;
  }
  return new StagedFolder({ path, target, stage, made, names });
}

/** Hidden folders of runs on this machine; another one's may be at work on the same disk. */
const STAGE = `.zeroov-${hostname()}-`;

/** Removes what runs that were killed left behind. */
async function sweep(target: string): Promise<void> {
  for (const name of await readdir(target)) {
    const pid = name.startsWith(STAGE) ? Number.parseInt(name.slice(STAGE.length), 10) : Number.NaN;
    if (pid > 0 && !isRunning(pid)) await rm(join(target, name), { recursive: true, force: true });
  }
}

/** Work whose result may go to a folder: reserved before it begins, and as it was when the work fails. */
export async function withOutput<T>(
  { path, names }: { readonly path: string | undefined; readonly names: readonly string[] },
  work: (output: OutputFolder | undefined) => Promise<T>,
): Promise<T> {
  if (path === undefined) return work(undefined);
  const output = await openOutputFolder(path, names);
  try {
    return await work(output);
  } catch (error) {
    await output.abandon();
    throw error;
  }
}

interface Places {
  readonly path: string;
  readonly target: string;
  readonly stage: string;
  /** Every file that a run like this may write. */
  readonly names: readonly string[];
  /** The first folder that had to be made, if any. */
  readonly made: string | undefined;
}

class StagedFolder implements OutputFolder {
  readonly path: string;
  /** When the process ends before a commit (a second Ctrl-C), nothing stays behind. */
  private readonly sweep = () => rmSync(this.places.stage, { recursive: true, force: true });

  constructor(private readonly places: Places) {
    this.path = places.path;
    process.on('exit', this.sweep);
  }

  async commit(files: readonly OutputFile[]): Promise<void> {
    const { path, stage } = this.places;
    for (const { name, bytes } of files) {
      await writing(join(path, name), async () => {
        await mkdir(dirname(join(stage, 'new', name)), { recursive: true });
        await writeFile(join(stage, 'new', name), bytes, { flush: true });
      });
    }
    await this.place(files.map((file) => file.name));
    process.off('exit', this.sweep);
    await rm(stage, { recursive: true, force: true });
  }

  async abandon(): Promise<void> {
    process.off('exit', this.sweep);
    await rm(this.places.stage, { recursive: true, force: true });
    await removeMade(this.places.target, this.places.made);
  }

  /** Swaps every file in; when one cannot be, those before it are swapped back. */
  private async place(names: readonly string[]): Promise<void> {
    const undo: (() => Promise<unknown>)[] = [];
    try {
      for (const name of this.places.names) {
        if (!names.includes(name)) await this.setAside(name, undo);
      }
      for (const name of names) {
        await writing(join(this.places.path, name), () => this.swap(name, undo));
      }
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  private async swap(name: string, undo: (() => Promise<unknown>)[]): Promise<void> {
    const { target, stage } = this.places;
    const place = join(target, name);
    const made = await mkdir(dirname(place), { recursive: true });
    if (made !== undefined) undo.push(() => removeMade(dirname(place), made));
    await this.setAside(name, undo);
    await rename(join(stage, 'new', name), place);
    undo.push(() => rm(place, { force: true }));
  }

  /** What is there under a name goes into the hidden folder. */
  private async setAside(name: string, undo: (() => Promise<unknown>)[]): Promise<void> {
    const { target, stage } = this.places;
    const [place, old] = [join(target, name), join(stage, 'old', name)];
    if (!(await exists(place))) return;
    await mkdir(dirname(old), { recursive: true });
    await rename(place, old);
    undo.push(() => rename(old, place));
  }
}

/** Every step on the way to `name` is a folder or not there, and `name` itself is no folder. */
async function assertFree(target: string, name: string): Promise<void> {
  const steps = name.split('/');
  for (let i = 1; i <= steps.length; i += 1) {
    const place = join(target, ...steps.slice(0, i));
    const found = await stat(place).catch(() => null);
    if (found === null) return;
    if (found.isDirectory() === i < steps.length) continue;
    const reason = found.isDirectory() ? 'a folder is in its place' : 'a file is in its place';
    throw new ZeroovError('OUTPUT_WRITE', { path: place, reason });
  }
}

/** Removes the folders from `path` up to `first`, as far as they are empty. */
async function removeMade(path: string, first: string | undefined): Promise<void> {
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the disk is read-only',
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a part of the path is a file',
};

/** Runs a step of writing; a failed system call becomes OUTPUT_WRITE. */
export async function writing<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
    if (cause instanceof ZeroovError || code === undefined) throw cause;
    throw new ZeroovError('OUTPUT_WRITE', { path, reason: REASONS[code] ?? code }, { cause });
  }
}
