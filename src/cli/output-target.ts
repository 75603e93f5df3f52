/** Where `-o` of `zeroov ground` and `zeroov segment` leads: to a folder of results, or to one file whose ending says what it holds. */
import { statSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { ZeroovError } from '../errors.ts';
import type { GeoFormat, SceneFlags } from './scene-flags.ts';

const ENDINGS: Readonly<Record<string, GeoFormat>> = {
  '.geojson': 'geojson',
  '.gpkg': 'gpkg',
  '.tif': 'cog',
  '.tiff': 'cog',
};

export interface OutputTarget {
  /** Undefined where nothing is written. */
  readonly folder: string | undefined;
  readonly file: { readonly name: string; readonly format: GeoFormat } | null;
}

/** A folder that is there is one, whatever its name ends in. @throws OPTION_INVALID for an empty name */
export function outputTarget(output: string | undefined): OutputTarget {
  if (output === '') {
    const expected = 'a folder, or a .geojson, .gpkg or .tif';
    throw new ZeroovError('OPTION_INVALID', { option: '-o', expected, got: 'an empty name' });
  }
  const format = output === undefined ? undefined : ENDINGS[extname(output).toLowerCase()];
  if (output === undefined || !format) return { folder: output, file: null };
  if (isFolder(output)) return { folder: output, file: null };
  return { folder: dirname(output), file: { name: basename(output), format } };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // not there: whoever writes says what is wrong
  }
}

interface Asked {
  readonly expressions: readonly string[];
  readonly flags: SceneFlags & { readonly output?: string; readonly saveMaps?: boolean };
  /** Why the picture has no place; null where it has one. */
  readonly placeProblem: string | null;
}

/** One file holds one answer's outlines or mask, where they have a place. @throws OPTION_INVALID, USAGE */
export function assertTarget({ expressions, flags, placeProblem }: Asked): void {
  const { file } = outputTarget(flags.output);
  if (!file) return;
  if (placeProblem !== null) {
    const expected = `a folder, since a picture without a place (${placeProblem}) has no ${extname(file.name)}`;
    throw new ZeroovError('OPTION_INVALID', { option: '-o', expected, got: file.name });
  }
  const refuse = (reason: string) =>
    new ZeroovError('USAGE', { reason: `${reason}; give -o a folder` });
  if (expressions.length > 1) throw refuse(`several answers do not go into ${file.name}`);
  if (flags.format) throw refuse(`--format and ${file.name} both say what to write`);
  if (flags.saveMaps) throw refuse(`--save-maps does not go into ${file.name}`);
}
