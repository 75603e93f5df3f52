import { basename, dirname, extname, join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { openFile } from './open-file.ts';

/** Six numbers with all their digits take a tenth of it. */
const MAX_BYTES = 4096;

/** What is beside a picture, or why it cannot be read. */
export type WorldFile =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly problem: string };

/**
 * The world file beside a picture: of `a.png` the first of `a.pgw`, `a.pngw` and `a.wld` that is there, in small letters or
 * in capitals. Its text is not looked at here.
 */
export async function findWorldFile(picture: string): Promise<WorldFile | null> {
  const extension = extname(picture).slice(1);
  const stem = join(dirname(picture), basename(picture, `.${extension}`));
  const stored = extension.toLowerCase();
  const short = `${stored.slice(0, 1)}${stored.slice(-1)}w`;
  const endings = [short, `${stored}w`, 'wld'].flatMap((name) => [name, name.toUpperCase()]);
  for (const ending of new Set(endings)) {
    const path = `${stem}.${ending}`;
    try {
      return { path, text: await readSmall(path) };
    } catch (error) {
      if (!(error instanceof ZeroovError)) throw error;
      if (error.code !== 'IMAGE_NOT_FOUND') return { path, problem: error.message };
    }
  }
  return null;
}

async function readSmall(path: string): Promise<string> {
  const { handle, stats } = await openFile(path);
  try {
    if (stats.size > MAX_BYTES) {
      const [actual, limit] = [`${stats.size} bytes`, `${MAX_BYTES} bytes`];
      throw new ZeroovError('IMAGE_TOO_LARGE', { path, actual, limit });
    }
    return await handle.readFile('latin1');
  } finally {
    await handle.close();
  }
}
