/** The files of a grounding: their names, and their bytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { encodeMaskPng } from '../imagery/png.ts';
import type { Maps } from '../pipeline/mask.ts';
import type { RgbImage } from '../tensor/image.ts';
import { encodeNpy } from '../tensor/npy.ts';
import { toJson } from './json.ts';
import type { OutputFile } from './output-folder.ts';
import type { OutputTarget } from './output-target.ts';
import { type Ground, overlayOf, panelOf, type Shown } from './pictures.ts';
import { PLACE_FILES } from './place-files.ts';

const MAPS = ['overview', 'structure', 'attention', 'evolved'] as const satisfies (keyof Maps)[];
const PICTURES = ['mask.png', 'overlay.png', 'panel.png'] as const;
/** Of a search over tiles. */
export const DETAIL = 'detail.png';
/** Last: who sees it finds the others complete. */
const RECORD = 'result.json';

/** What was found, and its record as `result.json`. */
export interface Answer<R extends object = object> {
  readonly shown: Shown;
  readonly record: R;
}

interface Wanted {
  /** Also the maps, as .npy. */
  readonly maps: boolean;
}

/**
 * The one file asked for, or every name that a run may write into its folder. Where an earlier answer lies, those that any run
 * may write: what this one does not is not left beside it. Elsewhere such names may be somebody's own files.
 */
export function namesOf(
  expressions: readonly string[],
  { folder: out, file }: OutputTarget,
  { maps, more }: Wanted & { readonly more: readonly string[] },
): string[] {
  if (file) return [file.name];
  const of = expressions.length;
  const mapFiles = MAPS.map((map) => `maps/${map}.npy`);
  const own = [...more, ...PICTURES, ...(maps ? mapFiles : []), RECORD];
  const any = [...PLACE_FILES, ...PICTURES, DETAIL, ...mapFiles, RECORD];
  return expressions.flatMap((expression, i) => {
    const folder = folderOf({ expression, i, of });
    const names = isAnswer(join(out ?? '', folder, RECORD)) ? any : own;
    return names.map((name) => inFolder(folder, name));
  });
}

function isAnswer(record: string): boolean {
  try {
    return 'zeroov' in JSON.parse(readFileSync(record, 'utf8'));
  } catch {
    return false; // not there, or no record of ours
  }
}

/** Where the files of expression `i` of `of` go inside OUT: nowhere deeper when it is alone. */
export function folderOf(place: { expression: string; i: number; of: number }): string {
  const { expression, i, of } = place;
  if (of === 1) return '';
  const plain = expression.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const slug = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  return slug ? `${i + 1}-${slug}` : `${i + 1}`;
}

/** All files of a run, in the order they are to be put in place. */
export async function filesOf(
  answers: readonly Answer[],
  { image, ground, maps }: Wanted & Ground & { readonly image: RgbImage },
): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  for (const [i, answer] of answers.entries()) {
    const { expression } = answer.shown;
    const folder = folderOf({ expression, i, of: answers.length });
    const own = [
      ...(await pictureFiles(answer, { image, ground })),
      ...(maps ? mapFiles(answer) : []),
      recordFile(answer),
    ];
    for (const { name, bytes } of own) files.push({ name: inFolder(folder, name), bytes });
  }
  return files;
}

async function pictureFiles(
  { shown }: Answer,
  picture: Ground & { readonly image: RgbImage },
): Promise<OutputFile[]> {
  return [
    { name: 'mask.png', bytes: await encodeMaskPng(shown.mask) },
    { name: 'overlay.png', bytes: await overlayOf(shown, picture) },
    { name: 'panel.png', bytes: await panelOf(shown, picture) },
  ];
}

function mapFiles({ shown }: Answer): OutputFile[] {
  return MAPS.flatMap((name) => {
    const map = shown.maps[name];
    return map ? [{ name: `maps/${name}.npy`, bytes: encodeNpy(map) }] : [];
  });
}

function recordFile({ record }: Answer): OutputFile {
  return { name: RECORD, bytes: `${toJson(record)}\n` };
}

export function inFolder(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}
