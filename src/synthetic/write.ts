import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import type { RgbImage } from '../tensor/image.ts';
import { writePng } from './picture.ts';
import { openRrsisDFolder } from './rrsis-d-folder.ts';
import { makeScene, type Scene } from './scene.ts';
import { openSceneFolder, type SceneFolder } from './scene-folder.ts';
import { STAGES, type StageName } from './stages.ts';

/** How a folder of scenes is laid out. */
export const LAYOUTS = {
  scenes: openSceneFolder,
  'rrsis-d': openRrsisDFolder,
} as const satisfies Record<string, (folder: string) => Promise<SceneFolder>>;
export type Layout = keyof typeof LAYOUTS;

export interface WriteOptions {
  /** How many scenes; their seeds are `seed`, `seed + 1`, … */
  readonly count: number;
  readonly seed: number;
  readonly folder: string;
  readonly sizePx?: number;
  readonly stage?: StageName;
  /** `scenes` (default) with everything that is known of them, or `rrsis-d` for readers of that dataset. */
  readonly layout?: Layout;
  /** Also write `sheet.png`: what this draws of the first scenes, at most 24. */
  readonly drawSheet?: (scenes: readonly Scene[]) => RgbImage;
}

export interface Written {
  readonly scenes: number;
  readonly objects: number;
  readonly expressions: number;
}

const SHEET_SCENES = 24;
const MOST_SCENES = 1_000_000;

/**
 * Makes scenes and writes them to a folder in a layout: see `openSceneFolder` and `openRrsisDFolder`.
 *
 * @throws OPTION_INVALID for a count, seed, size, stage or layout out of range; OUTPUT_WRITE when the folder cannot be
 *   written
 */
export async function writeScenes(options: WriteOptions): Promise<Written> {
  checkWriteOptions(options);
  const { folder, count, seed, sizePx, stage, layout = 'scenes', drawSheet } = options;
  const written = { scenes: 0, objects: 0, expressions: 0 };
  const shown: Scene[] = [];
  try {
    const target = await LAYOUTS[layout](folder);
    for (let i = 0; i < count; i += 1) {
      const scene = makeScene({ seed: seed + i, sizePx, stage });
      written.expressions += await target.add(scene);
      if (drawSheet && shown.length < SHEET_SCENES) shown.push(scene);
      written.scenes += 1;
      written.objects += scene.objects.length;
    }
    await target.close();
    if (drawSheet) await writePng(join(folder, 'sheet.png'), drawSheet(shown));
  } catch (error) {
    if (error instanceof ZeroovError) throw error;
    throw new ZeroovError('OUTPUT_WRITE', { path: folder, reason: String(error) });
  }
  return written;
}

/** @throws OPTION_INVALID for a count, seed, size, stage or layout out of range */
export function checkWriteOptions({ count, seed, sizePx = 256, ...names }: WriteOptions): void {
  const whole = (option: string, value: number, [low, high]: readonly [number, number]): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    const expected = `a whole number from ${low} to ${high}`;
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: String(value) });
  };
  whole('--count', count, [1, MOST_SCENES]);
  whole('--seed', seed, [0, Number.MAX_SAFE_INTEGER - 2 ** 33]);
  whole('--size', sizePx, [32, 4096]);
  const named = (option: string, value: string, known: object): void => {
    if (Object.hasOwn(known, value)) return;
    const expected = `one of ${Object.keys(known).join(', ')}`;
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: value });
  };
  named('--stage', names.stage ?? 'd', STAGES);
  named('--layout', names.layout ?? 'scenes', LAYOUTS);
}
