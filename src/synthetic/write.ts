import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { ZeroovError } from '../errors.ts';
import { makeScene, type Scene, type SceneObject } from './scene.ts';
import { drawSheet } from './sheet.ts';
import { STAGES, type StageName } from './stages.ts';

export interface WriteOptions {
  /** How many scenes; their seeds are `seed`, `seed + 1`, … */
  readonly count: number;
  readonly seed: number;
  readonly folder: string;
  readonly sizePx?: number;
  readonly stage?: StageName;
  /** Also write `sheet.png`: the first scenes side by side, each with one expression's box. */
  readonly sheet?: boolean;
}

export interface Written {
  readonly scenes: number;
  readonly objects: number;
  readonly expressions: number;
}

const SHEET_SCENES = 24;
const MOST_SCENES = 1_000_000;

/**
 * Writes scenes to a folder: `images/SEED.png`, `masks/SEED_ID.png` (0 or 255, visible pixels) and `scenes.jsonl`, one line
 * a scene: seed, file, objects (category, colour, sizeClass, box, areaPx, mask) and expressions (text, kind, targetId,
 * box). Boxes are xyxy px, far edge exclusive.
 *
 * @throws OPTION_INVALID for a count, seed, size or stage out of range; OUTPUT_WRITE when the folder cannot be written
 */
export async function writeScenes(options: WriteOptions): Promise<Written> {
  checkOptions(options);
  const { folder, count, seed, sizePx, stage } = options;
  const written = { scenes: 0, objects: 0, expressions: 0 };
  const shown: Scene[] = [];
  try {
    await mkdir(join(folder, 'images'), { recursive: true });
    await mkdir(join(folder, 'masks'), { recursive: true });
    const lines = createWriteStream(join(folder, 'scenes.jsonl'));
    await once(lines, 'open');
    for (let i = 0; i < count; i += 1) {
      const scene = makeScene({ seed: seed + i, sizePx, stage });
      await writePictures(folder, scene);
      if (!lines.write(`${JSON.stringify(lineOf(scene))}\n`)) await once(lines, 'drain');
      if (options.sheet && shown.length < SHEET_SCENES) shown.push(scene);
      written.scenes += 1;
      written.objects += scene.objects.length;
      written.expressions += scene.expressions.length;
    }
    lines.end();
    await once(lines, 'finish');
    if (options.sheet) await writePng(join(folder, 'sheet.png'), drawSheet(shown));
  } catch (error) {
    if (error instanceof ZeroovError) throw error;
    throw new ZeroovError('OUTPUT_WRITE', { path: folder, reason: String(error) });
  }
  return written;
}

function checkOptions({ count, seed, sizePx = 256, stage = 'd' }: WriteOptions): void {
  const whole = (option: string, value: number, [low, high]: readonly [number, number]): void => {
    if (Number.isInteger(value) && value >= low && value <= high) return;
    const expected = `a whole number from ${low} to ${high}`;
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: String(value) });
  };
  whole('--count', count, [1, MOST_SCENES]);
  whole('--seed', seed, [0, Number.MAX_SAFE_INTEGER - 2 ** 33]);
  whole('--size', sizePx, [32, 4096]);
  if (!Object.hasOwn(STAGES, stage)) {
    const expected = `one of ${Object.keys(STAGES).join(', ')}`;
    throw new ZeroovError('OPTION_INVALID', { option: '--stage', expected, got: stage });
  }
}

const imageFile = (scene: Scene): string => `images/${scene.seed}.png`;
const maskFile = (scene: Scene, { id }: SceneObject): string => `masks/${scene.seed}_${id}.png`;

async function writePictures(folder: string, scene: Scene): Promise<void> {
  const { widthPx, heightPx } = scene.image;
  const masks = scene.objects.map((object) => {
    const raw = { width: widthPx, height: heightPx, channels: 1 as const };
    const picture = sharp(
      object.mask.map((v) => v * 255),
      { raw },
    );
    return picture
      .toColourspace('b-w')
      .png()
      .toFile(join(folder, maskFile(scene, object)));
  });
  await Promise.all([writePng(join(folder, imageFile(scene)), scene.image), ...masks]);
}

async function writePng(path: string, image: Scene['image']): Promise<void> {
  const raw = { width: image.widthPx, height: image.heightPx, channels: 3 as const };
  await sharp(image.data, { raw }).png().toFile(path);
}

function lineOf(scene: Scene): object {
  return {
    seed: scene.seed,
    image: imageFile(scene),
    objects: scene.objects.map((object) => {
      const { mask: _, centre: __, ...facts } = object;
      return { ...facts, mask: maskFile(scene, object) };
    }),
    expressions: scene.expressions,
  };
}
