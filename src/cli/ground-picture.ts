/** `zeroov ground` on a picture that the networks see at once. */
import { basename } from 'node:path';
import { throwIfAborted } from '../errors.ts';
import { openImage } from '../imagery/open.ts';
import type { Scene } from '../imagery/scene.ts';
import { type ResultRecord, recordOf } from '../pipeline/record.ts';
import type { RgbImage } from '../tensor/image.ts';
import { type Answer, filesOf, folderOf, inFolder, namesOf } from './ground-files.ts';
import { methodOptionsOf } from './ground-flags.ts';
import type { SceneJob } from './ground-scene.ts';
import { summaryOf } from './ground-summary.ts';
import { toJson } from './json.ts';
import { type OutputFile, withOutput } from './output-folder.ts';
import { placeFileNames, placeFiles } from './place-files.ts';
import { stageBars } from './progress.ts';
import type { SceneFlags } from './scene-flags.ts';

/** Every expression, with one look at the picture. */
export async function groundPicture(job: SceneJob): Promise<void> {
  const { expressions, flags, scene, signal } = job;
  const maps = flags.saveMaps === true;
  const image = await pictureOf(scene, flags);
  const placed = scene.place ? placeFileNames(flags) : [];
  const names = namesOf(expressions, { maps, more: placed });
  const answers = await withOutput({ path: flags.output, names }, async (output) => {
    const found = await answerAll(job, image);
    if (output) {
      const files = [
        ...(await placeFilesOf(found, job)),
        ...(await filesOf(found, { image, maps })),
      ];
      throwIfAborted(signal);
      await output.commit(files);
    }
    return found;
  });
  report(answers, job);
}

/** 8-bit pictures as Pillow gives them, which is how the reference sees them; anything else as the scene shows it. */
async function pictureOf(scene: Scene, { bands, stretch }: SceneFlags): Promise<RgbImage> {
  const plain = scene.sampleType === 'uint8' && bands === undefined && stretch === undefined;
  if (plain) return (await openImage(scene.path)).image;
  const { widthPx, heightPx } = scene;
  return (await scene.read({ x: 0, y: 0, widthPx, heightPx }, { widthPx, heightPx })).image;
}

async function answerAll(job: SceneJob, image: RgbImage): Promise<Answer<ResultRecord>[]> {
  const { scene, grounder, openSeconds, expressions, flags, signal, terminal } = job;
  const options = grounder.options(methodOptionsOf(flags));
  const bars = stageBars(terminal);
  try {
    const watch = { signal, onProgress: bars.show };
    const groundings = await grounder.groundAll(image, expressions, { ...options, ...watch });
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

/** Where it lies, for a picture with a place. */
async function placeFilesOf(
  answers: readonly Answer<ResultRecord>[],
  { scene, flags }: SceneJob,
): Promise<OutputFile[]> {
  const { place } = scene;
  if (!place) return [];
  const files: OutputFile[] = [];
  for (const [i, { shown, record }] of answers.entries()) {
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
    const folder = folderOf({ expression, i, of: answers.length });
    const own = await placeFiles({
      place,
      found: found ? [{ mask, window, score }] : [],
      maps: { overview, attention, evolved },
      flags,
      about,
    });
    for (const { name, bytes } of own) files.push({ name: inFolder(folder, name), bytes });
  }
  return files;
}

function report(answers: readonly Answer<ResultRecord>[], { flags, terminal }: SceneJob): void {
  const records = answers.map((answer) => answer.record);
  if (flags.json) {
    terminal.print(toJson(records.length === 1 ? records[0] : records));
    return;
  }
  for (const [i, { record }] of answers.entries()) {
    if (i > 0) terminal.print('');
    for (const line of summaryOf(record, { i, of: answers.length, flags, terminal })) {
      terminal.print(line);
    }
  }
}
