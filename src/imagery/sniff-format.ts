export type ImageFormat = 'png' | 'jpeg' | 'webp' | 'tiff';

/** What a file's first bytes say it is: one of ours, or something else in words for an error. */
export type Sniffed = { kind: ImageFormat } | { kind: 'other'; found: string };

/** Bytes at the start; `.` stands for any byte. */
const OURS: [kind: ImageFormat, start: string][] = [
  ['png', '\x89PNG\r\n\x1a\n'],
  ['jpeg', '\xff\xd8\xff'],
  ['webp', 'RIFF....WEBP'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
];

/** What people hand over by mistake. */
const OTHERS: [name: string, start: string][] = [
  ['GIF', 'GIF8'],
  ['BMP', 'BM'],
  ['PDF', '%PDF'],
  ['ZIP', 'PK\x03\x04'],
  ['JPEG 2000', '\0\0\0\x0cjP'],
  ['HEIF or AVIF', '....ftyp'],
  ['HDF5', '\x89HDF'],
  ['a Git-LFS pointer', 'version https://git-lfs'],
  ['HTML', '<!DOCTYPE'],
  ['HTML', '<html'],
  ['SVG or XML', '<'],
];

/** By magic number; the name of a file says nothing. */
export function sniffFormat(bytes: Uint8Array): Sniffed {
  const ours = OURS.find(([, start]) => startsWith(bytes, start));
  if (ours) return { kind: ours[0] };
  if (bytes.length === 0) return { kind: 'other', found: 'none (the file is empty)' };
  const other = OTHERS.find(([, start]) => startsWith(bytes, start));
  if (other) return { kind: 'other', found: `those of ${other[0]}` };
  return { kind: 'other', found: Buffer.from(bytes.subarray(0, 8)).toString('hex') };
}

function startsWith(bytes: Uint8Array, start: string): boolean {
  return Array.from(start).every((character, i) => {
    return character === '.' ? i < bytes.length : bytes[i] === character.charCodeAt(0);
  });
}
