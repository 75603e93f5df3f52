import { ZeroovError } from '../../errors.ts';
import type { ByteSource } from './byte-source.ts';
import {
  badLayout,
  type Directory,
  type DirectoryReader,
  readDirectory,
  readHeader,
  type TiffHeader,
  tooLarge,
} from './read-directory.ts';
import type { TiffLimits } from './tiff-limits.ts';

export interface Walked {
  readonly header: TiffHeader;
  /** In the order of the file's list, each followed by its sub-directories. At least one. */
  readonly directories: readonly Directory[];
}

/**
 * Walks every directory of a classic TIFF or a BigTIFF, sub-directories too, in bounded time and memory.
 *
 * @throws TIFF_IFD_CYCLE (a directory met twice, by whatever way), TIFF_BAD_LAYOUT, IMAGE_TOO_LARGE
 */
export function walkDirectories(source: ByteSource, limits: TiffLimits): Walked {
  const header = readHeader(source);
  const reader: DirectoryReader = { source, header, limits, tagBytes: 0 };
  const directories: Directory[] = [];
  const met = new Set<number>();
  // Depth first: what is pushed last is visited next.
  const ahead = [header.first];
  while (ahead.length > 0) {
    const offset = ahead.pop()!;
    if (offset < 8) throw badLayout(source, `a page is said to start at byte ${offset}`);
    if (met.has(offset)) throw new ZeroovError('TIFF_IFD_CYCLE', { path: source.path, offset });
    met.add(offset);
    if (met.size > limits.directories) throw tooManyPages(source, limits);
    const directory = readDirectory(reader, offset);
    directories.push(directory);
    if (directory.next !== 0) ahead.push(directory.next);
    const children = directory.tags.get('SubIFDs') ?? [];
    if (children.length > limits.directories) throw tooManyPages(source, limits);
    ahead.push(...[...children].reverse());
  }
  return { header, directories };
}

function tooManyPages(source: ByteSource, { directories }: TiffLimits): ZeroovError {
  return tooLarge(source, `more than ${directories} pages`, `${directories}`);
}
