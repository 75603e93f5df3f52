import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { decodeUtf8, systemCode } from '../../checkpoint/regular-file.ts';
import { humanBytes, ZeroovError } from '../../errors.ts';

/** RRSIS-D's instances.json has some 50 MB; V8 makes no string above 512 MB. */
const MAX_ANNOTATION_BYTES = 256 * 2 ** 20;

/** The folder of a dataset: nothing outside it is opened, whatever its annotations and links name. */
export class DatasetFolder {
  private readonly hash: Hash = createHash('sha256');

  private constructor(
    /** Real path. */
    readonly root: string,
  ) {}

  /** Null where there is no such folder. */
  static async open(path: string): Promise<DatasetFolder | null> {
    try {
      const root = await realpath(path);
      return (await stat(root)).isDirectory() ? new DatasetFolder(root) : null;
    } catch (error) {
      systemCode(error);
      return null;
    }
  }

  /** Names of the folders in it, sorted; none where it may not be listed. */
  async folders(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true }).catch((error: unknown) => {
      systemCode(error);
      return [];
    });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  }

  /** Whether `path`, a file or folder, is there and leads nowhere else. */
  async state(path: string): Promise<'there' | 'missing' | 'outside'> {
    const target = join(this.root, path);
    try {
      return this.contains(await realpath(target)) ? 'there' : 'outside';
    } catch (error) {
      systemCode(error);
      return 'missing';
    }
  }

  /**
   * Paths of the files below `folder` that end in `extension`, sorted as Python sorts paths; hidden ones are left out.
   *
   * @throws DATASET_INVALID
   */
  async list(folder: string, extension: string): Promise<string[]> {
    const path = join(this.root, folder);
    const names = await readdir(path, { recursive: true }).catch((error: unknown) => {
      throw refuse(folder, `it cannot be listed (${systemCode(error)})`);
    });
    return names
      .map((name) => `${folder}/${name.split(sep).join('/')}`)
      .filter((path) => path.endsWith(extension) && !/\/\./.test(path))
      .sort();
  }

  /**
   * The whole of an annotation file, which counts for the fingerprint. Read synchronously: so the 25 000 small ones of
   * OPT-RSVG take a second, and thirty through the thread pool of a busy machine.
   *
   * @throws DATASET_INVALID
   */
  readBytes(file: string): Buffer {
    const bytes = this.load(file);
    this.hash.update(`${file}\n${bytes.length}\n`).update(bytes);
    return bytes;
  }

  /** As UTF-8, without a byte order mark. @throws DATASET_INVALID */
  readText(file: string): string {
    const text = decodeUtf8(this.readBytes(file));
    if (text === null) throw refuse(file, 'it is not UTF-8');
    return text.replace(/^\ufeff/, '');
  }

  /** sha256 over the names and bytes of all annotation files read so far, in the order they were read in. */
  fingerprint(): string {
    return this.hash.copy().digest('hex');
  }

  /** Real path of a picture or mask of a sample. @throws DATASET_SAMPLE when it is missing or leads out of the folder */
  async locate({ sample, file }: { sample: string; file: string }): Promise<string> {
    const refused = (reason: string) => new ZeroovError('DATASET_SAMPLE', { sample, file, reason });
    const path = await realpath(join(this.root, file)).catch((error: unknown) => {
      const code = systemCode(error);
      throw refused(code === 'ENOENT' ? 'is missing' : `cannot be read (${code})`);
    });
    if (!this.contains(path)) throw refused("is a link that leads out of the dataset's folder");
    return path;
  }

  private contains(path: string): boolean {
    return path.startsWith(this.root.endsWith(sep) ? this.root : this.root + sep);
  }

  private load(file: string): Buffer {
    let descriptor: number | undefined;
    try {
      const path = realpathSync.native(join(this.root, file));
      if (!this.contains(path)) {
        throw refuse(file, "it is a link that leads out of the dataset's folder");
      }
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) throw refuse(file, 'it is not a regular file');
      if (stats.size > MAX_ANNOTATION_BYTES) {
        const limit = humanBytes(MAX_ANNOTATION_BYTES);
        throw refuse(file, `it has ${humanBytes(stats.size)}, the limit is ${limit}`);
      }
      return readFileSync(descriptor);
    } catch (error) {
      if (error instanceof ZeroovError) throw error;
      throw refuse(file, `it cannot be read (${systemCode(error)})`);
    } finally {
      if (descriptor !== undefined) closeSync(descriptor);
    }
  }
}

function refuse(file: string, reason: string): ZeroovError {
  return new ZeroovError('DATASET_INVALID', { file, where: 'whole file', reason });
}

/**
 * A path that an annotation names, with `/`; null for one that is absolute, climbs out with `..`, or is not written with `/`.
 */
export function plainPath(path: string): string | null {
  const parts = path.split('/');
  const odd = /^([A-Za-z]:)|[\\\0]/.test(path) || path === '' || path.startsWith('/');
  return odd || parts.includes('..') ? null : parts.filter((part) => part !== '.').join('/');
}
