/** A scene that is seen as one picture, and where its answers lie. */
import { type GroundMarks, groundMarks } from '../imagery/ground-marks.ts';
import { openImage } from '../imagery/open.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { type Answer, folderOf, inFolder } from './ground-files.ts';
import type { OutputFile } from './output-folder.ts';
import { type PlaceJob, placeFiles } from './place-files.ts';
import type { PictureFlags } from './scene-flags.ts';

export interface Picture {
  readonly image: RgbImage;
  readonly valid: Mask;
}

/**
 * 8-bit pictures without a place as Pillow gives them, which is how the reference sees them; anything else as the scene shows
 * it. Either way what has no data is not found.
 */
export async function pictureOf(scene: Scene, { bands, stretch }: PictureFlags): Promise<Picture> {
  const { widthPx, heightPx } = scene;
  const size = { widthPx, heightPx };
  const shown = await scene.read({ x: 0, y: 0, ...size }, size);
  const plain = scene.sampleType === 'uint8' && bands === undefined && stretch === undefined;
  if (!plain || scene.place) return shown;
  const { image } = await openImage(scene.path);
  // A TIFF that says it lies on its side: the scene has it as stored, and so has the record.
  const same = image.widthPx === widthPx && image.heightPx === heightPx;
  return same ? { ...shown, image } : shown;
}

/** Scale bar and north arrow of the whole picture. */
export function marksOf({ place, widthPx, heightPx }: Scene): GroundMarks | undefined {
  const size = { widthPx, heightPx };
  return place ? groundMarks(place, { window: { x: 0, y: 0, ...size }, out: size }) : undefined;
}

/** The files that say where each answer lies; none of an answer without a place. */
export async function placedFiles<R extends object>(
  answers: readonly Answer<R>[],
  placeJobOf: (answer: Answer<R>) => PlaceJob | null,
): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  for (const [i, answer] of answers.entries()) {
    const placed = placeJobOf(answer);
    if (!placed) continue;
    const { expression } = answer.shown;
    const folder = folderOf({ expression, i, of: answers.length });
    for (const { name, bytes } of await placeFiles(placed)) {
      files.push({ name: inFolder(folder, name), bytes });
    }
  }
  return files;
}
