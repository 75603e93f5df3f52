/**
 * A folder of results that is changed at once or not at all: files are written into a hidden folder inside it, then
 * renamed into place in the order given; files of the same names that an earlier run left and this one does not make go. On
 * any failure what was there before is there again.
 */
import { existsSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isRunning } from '../checkpoint/lock-owner.ts';
import { makeFolder, writeFailure, writing } from '../checkpoint/writing.ts';
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
  const made = await writing(path, () => makeFolder(target));
  let stage: string | undefined;
  try {
    await writing(path, () => access(target, constants.W_OK));
    for (const name of names) await assertFree(target, name);
    stage = await writing(path, async () => {
      await sweep(target);
      return mkdtemp(join(target, `${STAGE}${process.pid}-`));
    });
  } catch (error) {
    removeMade(target, made);
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

  constructor(private readonly places: Places) {
    this.path = places.path;
    process.on('exit', this.undo);
  }

  async commit(files: readonly OutputFile[]): Promise<void> {
    const { path, stage } = this.places;
    for (const { name, bytes } of files) {
      await writing(join(path, name), async () => {
        await mkdir(dirname(join(stage, 'new', name)), { recursive: true });
        await writeFile(join(stage, 'new', name), bytes, { flush: true });
      });
    }
    this.place(files.map((file) => file.name));
    process.off('exit', this.undo);
    await rm(stage, { recursive: true, force: true });
  }

  async abandon(): Promise<void> {
    process.off('exit', this.undo);
    this.undo();
  }

  /** Also when the process ends before a commit (a second Ctrl-C): nothing stays behind. */
  private readonly undo = () => {
    rmSync(this.places.stage, { recursive: true, force: true });
    removeMade(this.places.target, this.places.made);
  };

  /**
   * Swaps every file in; when one cannot be, those before it are swapped back. All in one go, so that no signal comes
   * between: what was there lies in the hidden folder meanwhile.
   */
  private place(names: readonly string[]): void {
    const { path, names: possible } = this.places;
    const undo: (() => void)[] = [];
    let at = path;
    try {
      for (const name of possible) {
        at = join(path, name);
        if (!names.includes(name)) this.setAside(name, undo);
      }
      for (const name of names) {
        at = join(path, name);
        this.swap(name, undo);
      }
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw writeFailure(at, error);
    }
  }

  private swap(name: string, undo: (() => void)[]): void {
    const { target, stage } = this.places;
    const place = join(target, name);
    const made = mkdirSync(dirname(place), { recursive: true });
    if (made !== undefined) undo.push(() => removeMade(dirname(place), made));
    this.setAside(name, undo);
    renameSync(join(stage, 'new', name), place);
    undo.push(() => rmSync(place, { force: true }));
  }

  /** What is there under a name goes into the hidden folder. */
  private setAside(name: string, undo: (() => void)[]): void {
    const { target, stage } = this.places;
    const [place, old] = [join(target, name), join(stage, 'old', name)];
    if (!existsSync(place)) return;
    mkdirSync(dirname(old), { recursive: true });
    renameSync(place, old);
    undo.push(() => renameSync(old, place));
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
function removeMade(path: string, first: string | undefined): void {
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    try {
      rmdirSync(folder);
    } catch {
      return; // not empty, or gone
    }
  }
}
