import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writePng } from './picture.ts';
import type { Scene, SceneObject } from './scene.ts';

/** A folder that scenes are written to, one by one. */
export interface SceneFolder {
  /** Writes a scene; returns how many of its expressions the layout has a place for. */
  add(scene: Scene): Promise<number>;
  /** Writes what can only be written at the end. */
  close(): Promise<void>;
}

/**
 * Our own layout: `images/SEED.png`, `masks/SEED_ID.png` (0 or 255, visible pixels) and `scenes.jsonl`, one line a scene:
 * seed, file, objects (category, colour, sizeClass, box, areaPx, mask) and expressions (text, kind, targetId, box). Boxes
 * are xyxy px, far edge exclusive.
 */
export async function openSceneFolder(folder: string): Promise<SceneFolder> {
  await mkdir(join(folder, 'images'), { recursive: true });
  await mkdir(join(folder, 'masks'), { recursive: true });
  const lines = createWriteStream(join(folder, 'scenes.jsonl'));
  await once(lines, 'open');
  return {
    async add(scene) {
      await writePictures(folder, scene);
      if (!lines.write(`${JSON.stringify(lineOf(scene))}\n`)) await once(lines, 'drain');
      return scene.expressions.length;
    },
    async close() {
      lines.end();
      await once(lines, 'finish');
    },
  };
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
