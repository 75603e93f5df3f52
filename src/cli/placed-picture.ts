/** A scene that is seen as one picture, and where its answers lie. */
import { ZeroovError } from '../errors.ts';
import { type GroundMarks, groundMarks } from '../imagery/ground-marks.ts';
import { openImage } from '../imagery/open.ts';
import type { Scene } from '../imagery/scene.ts';
import { emptied, type Finding } from '../pipeline/mask.ts';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { type Answer, filesOf, folderOf, inFolder } from './ground-files.ts';
import type { OutputFile } from './output-folder.ts';
import type { OutputTarget } from './output-target.ts';
import { isLarge, type PlaceJob, placeFile, placeFiles } from './place-files.ts';
import type { PictureFlags, PlaceFlags } from './scene-flags.ts';

const OTHER_KINDS: readonly string[] = ['IMAGE_DECODE', 'IMAGE_BANDS'];

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
  const opened = await openImage(scene.path).catch((error: unknown) => {
    // A TIFF may be of a kind that only the scene's own decoder reads.
    if (error instanceof ZeroovError && OTHER_KINDS.includes(error.code)) return null;
    throw error;
  });
  if (!opened) return shown;
  const { image, sha256 } = opened;
  if (scene.sha256Of === 'file' && sha256 !== scene.sha256)
    throw new ZeroovError('IMAGE_CHANGED', { path: scene.path });
  // A TIFF that says it lies on its side: the scene has it as stored, and so has the record.
  const same = image.widthPx === widthPx && image.heightPx === heightPx;
  return same ? { ...shown, image } : shown;
}

/** What a scene of one picture holds no large enough part of, by `--min-area`, is not found. */
export function ifLarge<T extends Finding>(
  finding: T,
  { place, flags }: { readonly place: Scene['place']; readonly flags: PlaceFlags },
): T {
  const { mask } = finding;
  const window = { x: 0, y: 0, widthPx: mask.widthPx, heightPx: mask.heightPx };
  return isLarge({ mask, window }, { place, flags }) ? finding : emptied(finding);
}

/** Scale bar and north arrow of the whole picture. */
function marksOf({ place, widthPx, heightPx }: Scene): GroundMarks | undefined {
  const size = { widthPx, heightPx };
  return place ? groundMarks(place, { window: { x: 0, y: 0, ...size }, out: size }) : undefined;
}

export interface AnswerFiles<R extends object> {
  /** The only one to write, see `outputTarget`. */
  readonly file: OutputTarget['file'];
  readonly scene: Scene;
  readonly picture: Picture;
  readonly maps: boolean;
  /** Null for an answer without a place. */
  readonly placeJobOf: (answer: Answer<R>) => PlaceJob | null;
}

/** All that is written of a picture's answers: pictures, records, and the files that say where each answer lies. */
export async function answerFiles<R extends object>(
  answers: readonly Answer<R>[],
  { file, scene, picture, maps, placeJobOf }: AnswerFiles<R>,
): Promise<OutputFile[]> {
  if (file) {
    return [{ name: file.name, bytes: await placeFile(placeJobOf(answers[0]!)!, file.format) }];
  }
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
  const shown = { image: picture.image, ground: marksOf(scene), maps };
  return [...files, ...(await filesOf(answers, shown))];
}
