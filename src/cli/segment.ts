/** `zeroov segment`: SAM alone, prompted by boxes and points. */
import { Command, Option } from 'commander';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { openScene, type Scene } from '../imagery/scene.ts';
import type { Prompt, PromptPoint } from '../models/sam/sam.ts';
import { createGrounder, type Grounder } from '../pipeline/grounder.ts';
import { describeMask, inside } from '../pipeline/mask.ts';
import { type SegmentRecord, segmentRecordOf } from '../pipeline/segment-record.ts';
import { PROVIDER_CHOICES, type ProviderChoice } from '../runtime/runtime.ts';
import type { Box } from '../tensor/image.ts';
import type { Context } from './context.ts';
import { demoSet } from './demo-set.ts';
import { type Answer, namesOf } from './ground-files.ts';
import { sayPlace } from './ground-summary.ts';
import { toJson } from './json.ts';
import { withOutput } from './output-folder.ts';
import { assertTarget, outputTarget } from './output-target.ts';
import { numbers, oneOf, whole } from './parse.ts';
import { aboutOf, type PlaceJob, placeFileNames } from './place-files.ts';
import { answerFiles, ifLarge, type Picture, pictureOf } from './placed-picture.ts';
import { offerIfMissing } from './pull.ts';
import {
  addPictureFlags,
  addPlaceFlags,
  assertPlaced,
  type PictureFlags,
  type PlaceFlags,
} from './scene-flags.ts';
import { type GlobalOptions, openTerminal, type Terminal } from './terminal.ts';

const HELP = `
Coordinates are pixels of the picture, origin at its top-left corner. Every --box makes a mask of its own, in OUT/1-…,
OUT/2-…; points go with the one box, or alone make one mask. ",+" marks a point inside (the default), ",-" one outside.
The picture is seen as a whole.

Examples:
  $ zeroov segment harbour.png --box 120,80,260,190 -o out
  $ zeroov segment harbour.png --point 180,130 --point 300,130,- --json
  $ zeroov segment harbour.png --box 10,10,90,80 --box 200,40,260,90 --sam facebook/sam-vit-base -o out
  $ zeroov segment city.tif --bands 4,3,2 --point 1800,950 --format geojson,gpkg -o out
  $ zeroov segment city.tif --box 1700,900,1900,1010 -o stadium.gpkg
`;

const NO_MAPS = { overview: null, structure: null, attention: null, evolved: null } as const;

interface Flags extends GlobalOptions, PictureFlags, PlaceFlags {
  readonly box?: Box[];
  readonly point?: PromptPoint[];
  readonly sam?: string;
  readonly output?: string;
  readonly provider?: ProviderChoice;
  readonly threads?: number;
}

export function segmentCommand({ signal }: Context): Command {
  const threads = whole('--threads', { min: 1, max: 1024 });
  const command = new Command('segment')
    .description('outline what lies in a box or under points, with SAM; no expression needed')
    .argument('<image>', 'PNG, JPEG, WebP, TIFF, GeoTIFF or COG')
    .addOption(new Option('--box <x1,y1,x2,y2>', 'may be repeated').argParser(each(parseBox)))
    .addOption(new Option('--point <x,y[,+|-]>', 'may be repeated').argParser(each(parsePoint)))
    .option('--sam <checkpoint>', 'SAM: folder or hub id (default: the demo set)')
    .option(
      '-o, --output <path>',
      'a folder for result.json, mask.png, overlay.png, panel.png and where it lies; or one .geojson, .gpkg or .tif',
    )
    .option('--json', 'print what result.json holds, an array for several boxes')
    .option(
      '--provider <name>',
      `where networks run (default: auto)\n${PROVIDER_CHOICES.join(', ')}`,
      oneOf('--provider', PROVIDER_CHOICES),
    )
    .option('--threads <n>', "of one network (default: the machine's cores)", threads)
    .addHelpText('after', HELP);
  command.optionsGroup('GeoTIFF, COG, pictures with a place:');
  return addPlaceFlags(addPictureFlags(command)).action(
    async (image: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<Flags>();
      await run({ image, flags, signal, terminal: openTerminal(flags) });
    },
  );
}

interface Job {
  readonly image: string;
  readonly flags: Flags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

async function run(job: Job): Promise<void> {
  const { flags } = job;
  const asked = promptsOf(flags);
  const started = performance.now();
  const { bands, stretch, epsg, nodata: noData } = flags;
  const scene = await openScene(job.image, { bands, stretch, epsg, noData });
  try {
    if (!scene.place) assertPlaced(flags, scene.placeProblem!);
    const expressions = asked.map(({ name }) => name);
    assertTarget({ expressions, flags, placeProblem: scene.placeProblem });
    await segmentScene(job, { asked, scene, started });
  } finally {
    await scene.close();
  }
}

interface Asking {
  readonly asked: readonly Asked[];
  readonly scene: Scene;
  /** When the picture began to be opened, ms. */
  readonly started: number;
}

async function segmentScene(job: Job, { asked, scene, started }: Asking): Promise<void> {
  const { flags, signal, terminal } = job;
  const picture = await pictureOf(scene, flags);
  const sam = flags.sam ?? demoSam(terminal);
  await offerIfMissing(terminal, { id: sam, signal });
  throwIfAborted(signal);
  const { provider, threads } = flags;
  const grounder = await createGrounder({ sam, provider, threads });
  const expressions = asked.map(({ name }) => name);
  const target = outputTarget(flags.output);
  const { folder, file } = target;
  const more = scene.place ? placeFileNames(flags) : [];
  const names = namesOf(expressions, target, { maps: false, more });
  try {
    const records = await withOutput({ path: folder, names }, async (output) => {
      const openSeconds = (performance.now() - started) / 1000;
      const about = { asked, scene, picture, flags, openSeconds, signal };
      const answers = await segmentAll(grounder, about);
      if (output) {
        const placed = (answer: Answer<SegmentRecord>) => placeJobOf(answer, { scene, flags });
        const shown = { file, scene, picture, maps: false, placeJobOf: placed };
        const files = await answerFiles(answers, shown);
        throwIfAborted(signal);
        await output.commit(files);
      }
      return answers.map(({ record }) => record);
    });
    report(records, job);
  } finally {
    await grounder.dispose();
  }
}

/** Where an answer lies, for a picture with a place. */
function placeJobOf(
  { shown, record }: Answer<SegmentRecord>,
  { scene, flags }: { readonly scene: Scene; readonly flags: Flags },
): PlaceJob | null {
  const { place } = scene;
  if (!place) return null;
  const { expression, mask, score, found } = shown;
  const { widthPx, heightPx } = mask;
  const window = { x: 0, y: 0, widthPx, heightPx };
  const checkpoint = record.checkpoint.label;
  return {
    place,
    found: found ? [{ mask, window, score }] : [],
    maps: { of: window, byName: {}, evidence: null },
    flags: { ...flags, all: true }, // every part of a prompt's mask is meant
    about: aboutOf({ expression, source: scene.path, checkpoint, preset: 'segment' }),
  };
}

interface Asked {
  /** What labels and folders call it, e.g. `box 10,20,30,40`. */
  readonly name: string;
  readonly prompt: Prompt;
}

/** A prompt for each box; points join the only one. @throws USAGE */
function promptsOf({ box: boxes = [], point: points = [] }: Flags): Asked[] {
  if (boxes.length === 0 && points.length === 0) {
    throw new ZeroovError('USAGE', { reason: 'nothing to outline: give --box or --point' });
  }
  if (boxes.length > 1 && points.length > 0) {
    const reason = `points belong to one box, got ${boxes.length}: run once for each`;
    throw new ZeroovError('USAGE', { reason });
  }
  const named = points.length > 0 ? `points ${points.map(sayPoint).join(' ')}` : '';
  if (boxes.length === 0) return [{ name: named, prompt: { points } }];
  return boxes.map((box) => {
    const name = [`box ${box.join(',')}`, named].filter(Boolean).join(' ');
    return { name, prompt: points.length > 0 ? { box, points } : { box } };
  });
}

function sayPoint({ x, y, positive }: PromptPoint): string {
  return `${x},${y}${positive ? '' : ',-'}`;
}

interface SegmentJob {
  readonly asked: readonly Asked[];
  readonly scene: Scene;
  readonly picture: Picture;
  readonly flags: Flags;
  readonly openSeconds: number;
  readonly signal: AbortSignal;
}

async function segmentAll(
  grounder: Grounder,
  { asked, scene, picture, flags, openSeconds, signal }: SegmentJob,
): Promise<Answer<SegmentRecord>[]> {
  const start = performance.now();
  const prompts = asked.map(({ prompt }) => prompt);
  const segmentations = await grounder.segment(picture.image, prompts, { signal });
  const { checkpoints, provider = 'none', threads } = grounder;
  const about = {
    image: scene,
    checkpoint: checkpoints.sam!,
    seconds: { open: openSeconds, segment: (performance.now() - start) / 1000 },
    provider,
    threads,
  };
  return segmentations.map((segmentation, i) => {
    const { name, prompt } = asked[i]!;
    const whole = inside(describeMask(segmentation.mask), picture.valid);
    const drawn = ifLarge(whole, { place: scene.place, flags });
    const score = segmentation.predictedIou;
    const shown = { expression: name, maps: NO_MAPS, refinement: null, ...drawn, score };
    const left = { ...segmentation, mask: drawn.mask };
    return { shown, record: segmentRecordOf({ ...about, prompt, segmentation: left }) };
  });
}

function report(records: readonly SegmentRecord[], { flags, terminal }: Job): void {
  if (flags.json) {
    terminal.print(toJson(records.length === 1 ? records[0] : records));
    return;
  }
  for (const { found, box, areaPx, predictedIou, seconds } of records) {
    const where = found ? `box ${box!.join(', ')}, ${areaPx} px` : 'an empty mask';
    const estimate = `IoU ${predictedIou.toFixed(2)} by its own estimate`;
    terminal.print(`${where}, ${estimate}, ${seconds.segment.toFixed(1)} s`);
  }
  terminal.print(`place    ${sayPlace(records[0]!)}`);
  const files = flags.output ?? 'none; give -o FOLDER to write mask, pictures and record';
  terminal.print(`files    ${files}`);
}

/** @throws OPTION_INVALID where there is no demo set */
function demoSam(terminal: Terminal): string {
  const demo = demoSet();
  if (!demo) {
    const expected =
      'a folder or hub id, e.g. facebook/sam-vit-base, since this copy has no demo set';
    throw new ZeroovError('OPTION_INVALID', { option: '--sam', expected, got: 'none' });
  }
  terminal.note(
    'using the demo SAM, which knows synthetic scenes only; for real imagery give --sam facebook/sam-vit-huge',
  );
  return demo.sam;
}

/** Repeated options gather in a list. */
function each<T>(parse: (text: string) => T): (text: string, before?: T[]) => T[] {
  return (text, before = []) => [...before, parse(text)];
}

function parseBox(text: string): Box {
  const [x1, y1, x2, y2, ...more] = numbers('--box')(text);
  if (y2 !== undefined && more.length === 0) return [x1!, y1!, x2!, y2];
  const expected = 'four numbers x1,y1,x2,y2';
  throw new ZeroovError('OPTION_INVALID', { option: '--box', expected, got: JSON.stringify(text) });
}

function parsePoint(text: string): PromptPoint {
  const [, place = '', sign = '+'] = /^([^,]*,[^,]*)(?:,([+-]))?$/.exec(text) ?? [];
  try {
    const [x, y] = numbers('--point')(place);
    return { x: x!, y: y!, positive: sign === '+' };
  } catch (cause) {
    const expected = 'two numbers x,y and + or -, e.g. 180,130,-';
    const got = JSON.stringify(text);
    throw new ZeroovError('OPTION_INVALID', { option: '--point', expected, got }, { cause });
  }
}
