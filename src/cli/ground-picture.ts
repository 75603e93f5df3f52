/** `zeroov ground` on a picture that the networks see at once. */
import { basename } from 'node:path';
import { throwIfAborted } from '../errors.ts';
import { type GroundMarks, groundMarks } from '../imagery/ground-marks.ts';
import { openImage } from '../imagery/open.ts';
import type { Scene } from '../imagery/scene.ts';
import { type ResultRecord, recordOf } from '../pipeline/record.ts';
import type { Mask, RgbImage } from '../tensor/image.ts';
import { type Answer, filesOf, folderOf, inFolder, namesOf } from './ground-files.ts';
import { methodOptionsOf } from './ground-flags.ts';
import type { SceneJob } from './ground-scene.ts';
import { summaryOf } from './ground-summary.ts';
import { toJson } from './json.ts';
import { type OutputFile, withOutput } from './output-folder.ts';
import { outputTarget } from './output-target.ts';
import { type PlaceJob, placeFile, placeFileNames, placeFiles } from './place-files.ts';
import { stageBars } from './progress.ts';
import type { SceneFlags } from './scene-flags.ts';

/** Every expression, with one look at the picture. */
export async function groundPicture(job: SceneJob): Promise<void> {
  const { expressions, flags, scene, signal } = job;
  const maps = flags.saveMaps === true;
  const picture = await pictureOf(scene, flags);
  const { folder, file } = outputTarget(flags.output);
  const placed = scene.place ? placeFileNames(flags) : [];
  const names = file ? [file.name] : namesOf(expressions, { maps, more: placed });
  const answers = await withOutput({ path: folder, names }, async (output) => {
    const found = await answerAll(job, picture);
    if (output) {
      const files = file
        ? [{ name: file.name, bytes: await placeFile(placeJobOf(found[0]!, job)!, file.format) }]
        : [
            ...(await placeFilesOf(found, job)),
            ...(await filesOf(found, { ...picture, ground: marksOf(scene), maps })),
          ];
      throwIfAborted(signal);
      await output.commit(files);
    }
    return found;
  });
  report(answers, job);
}

interface Picture {
  readonly image: RgbImage;
  readonly valid: Mask;
}

/**
 * 8-bit pictures without a place as Pillow gives them, which is how the reference sees them; anything else as the scene shows
 * it. Either way what has no data is not found.
 */
async function pictureOf(scene: Scene, { bands, stretch }: SceneFlags): Promise<Picture> {
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
function marksOf({ place, widthPx, heightPx }: Scene): GroundMarks | undefined {
  const size = { widthPx, heightPx };
  return place ? groundMarks(place, { window: { x: 0, y: 0, ...size }, out: size }) : undefined;
}

async function answerAll(
  job: SceneJob,
  { image, valid }: Picture,
): Promise<Answer<ResultRecord>[]> {
  const { scene, grounder, openSeconds, expressions, flags, signal, terminal } = job;
  const options = grounder.options(methodOptionsOf(flags));
  const bars = stageBars(terminal);
  try {
    const watch = { signal, onProgress: bars.show };
    const groundings = await grounder.groundAll(image, expressions, {
      ...options,
      ...watch,
      valid,
    });
    const { checkpoints, provider = 'none', threads } = grounder;
    const about = { image: scene, checkpoints, options, openSeconds, provider, threads };
    return groundings.map((grounding) => ({
      shown: grounding,
      record: recordOf({ grounding, ...about }),
    }));
  } finally {
    bars.stop();
  }
}

/** Where an answer lies, for a picture with a place. */
function placeJobOf(
  { shown, record }: Answer<ResultRecord>,
  { scene, flags }: SceneJob,
): PlaceJob | null {
  const { place } = scene;
  if (!place) return null;
  const { expression, mask, score, found, maps } = shown;
  const about = {
    expression,
    source: basename(scene.path),
    checkpoint: record.checkpoints.vlm?.label ?? '',
    preset: flags.preset ?? 'rsvg-zeroov',
  };
  const { widthPx, heightPx } = mask;
  const window = { x: 0, y: 0, widthPx, heightPx };
  const { overview, attention, evolved } = maps;
  return {
    place,
    found: found ? [{ mask, window, score }] : [],
    maps: { of: window, byName: { overview, attention, evolved }, evidence: evolved },
    flags,
    about,
  };
}

async function placeFilesOf(
  answers: readonly Answer<ResultRecord>[],
  job: SceneJob,
): Promise<OutputFile[]> {
  const files: OutputFile[] = [];
  for (const [i, answer] of answers.entries()) {
    const placed = placeJobOf(answer, job);
    if (!placed) continue;
    const { expression } = answer.shown;
    const folder = folderOf({ expression, i, of: answers.length });
    for (const { name, bytes } of await placeFiles(placed)) {
      files.push({ name: inFolder(folder, name), bytes });
    }
  }
  return files;
}

function report(
  answers: readonly Answer<ResultRecord>[],
  { flags, scene, terminal }: SceneJob,
): void {
  const placed = scene.place ? placeFileNames(flags) : [];
  const records = answers.map((answer) => answer.record);
  if (flags.json) {
    terminal.print(toJson(records.length === 1 ? records[0] : records));
    return;
  }
  for (const [i, { record }] of answers.entries()) {
    if (i > 0) terminal.print('');
    for (const line of summaryOf(record, { i, of: answers.length, placed, flags, terminal })) {
      terminal.print(line);
    }
  }
}
