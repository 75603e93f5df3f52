/** `zeroov ground` on a picture that the networks see at once. */
import { throwIfAborted } from '../errors.ts';
import { type ResultRecord, recordOf } from '../pipeline/record.ts';
import { type Answer, namesOf } from './ground-files.ts';
import { methodOptionsOf } from './ground-flags.ts';
import type { SceneJob } from './ground-scene.ts';
import { summaryOf } from './ground-summary.ts';
import { toJson } from './json.ts';
import { withOutput } from './output-folder.ts';
import { outputTarget } from './output-target.ts';
import { aboutOf, type PlaceJob, placeFileNames } from './place-files.ts';
import { answerFiles, ifLarge, type Picture, pictureOf } from './placed-picture.ts';
import { stageBars } from './progress.ts';

/** Every expression, with one look at the picture. */
export async function groundPicture(job: SceneJob): Promise<void> {
  const { expressions, flags, scene, signal } = job;
  const maps = flags.saveMaps === true;
  const picture = await pictureOf(scene, flags);
  const target = outputTarget(flags.output);
  const { folder, file } = target;
  const more = scene.place ? placeFileNames(flags) : [];
  const names = namesOf(expressions, target, { maps, more });
  const answers = await withOutput({ path: folder, names }, async (output) => {
    const found = await answerAll(job, picture);
    if (output) {
      const placed = (answer: Answer<ResultRecord>) => placeJobOf(answer, job);
      const shown = { file, scene, picture, maps, placeJobOf: placed };
      const files = await answerFiles(found, shown);
      throwIfAborted(signal);
      await output.commit(files);
    }
    return found;
  });
  report(answers, job);
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
    return groundings.map((whole) => {
      const grounding = ifLarge(whole, { place: scene.place, flags });
      return { shown: grounding, record: recordOf({ grounding, ...about }) };
    });
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
  const about = aboutOf({
    expression,
    source: scene.path,
    checkpoint: record.checkpoints.vlm?.label ?? '',
    preset: flags.preset ?? 'rsvg-zeroov',
  });
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
