/** `zeroov ground` over a scene's tiles: an expression and a scene in, what was found and where it lies out. */
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { identify } from '../evaluation/run/checkpoint-identity.ts';
import { encodeMaskPng } from '../imagery/png.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { SceneGrounding, SceneReader } from '../pipeline/ground-scene.ts';
import type { Grounder } from '../pipeline/grounder.ts';
import type { MethodOptions } from '../pipeline/presets.ts';
import type { UsedCheckpoint } from '../pipeline/record-parts.ts';
import { resolveSceneOptions, type SceneOptions } from '../pipeline/scene-options.ts';
import { type Part, partOf, regionOfWhole } from '../pipeline/scene-part.ts';
import { type SceneResult, sceneRecordOf } from '../pipeline/scene-record.ts';
import type { Region } from '../pipeline/scene-regions.ts';
import type { TileMemory } from '../pipeline/tile-memory.ts';
import { VERSION } from '../pipeline/version.ts';
import type { Watch } from '../pipeline/watch.ts';
import type { Size } from '../tensor/image.ts';
import { DETAIL, namesOf } from './ground-files.ts';
import { type GroundFlags, methodOptionsOf } from './ground-flags.ts';
import { sayPlace } from './ground-summary.ts';
import { toJson } from './json.ts';
import { type OutputFile, withOutput } from './output-folder.ts';
import { outputTarget } from './output-target.ts';
import {
  aboutOf,
  isLarge,
  type PlaceJob,
  placeFile,
  placeFileNames,
  placeFiles,
} from './place-files.ts';
import { stageBars } from './progress.ts';
import { type SceneFlags, sceneOptionsOf } from './scene-flags.ts';
import { around, overlayIn, panelIn } from './scene-pictures.ts';
import type { Terminal } from './terminal.ts';
import {
  dropSearchJournal,
  type Searched,
  searchFolder,
  withSearchJournal,
} from './tile-journal.ts';
import { partAsked } from './within.ts';

export interface SceneJob {
  readonly scene: Scene;
  readonly expressions: readonly string[];
  readonly grounder: Grounder;
  readonly flags: GroundFlags & SceneFlags;
  readonly openSeconds: number;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** @throws USAGE for several expressions, and what searching and writing throw */
export async function groundOverTiles(job: SceneJob): Promise<void> {
  const { scene, flags, terminal } = job;
  assertPossible(job);
  const target = outputTarget(flags.output);
  const { folder, file } = target;
  const more = [DETAIL, ...(scene.place ? placeFileNames(flags) : [])];
  const names = namesOf(job.expressions, target, { maps: false, more });
  const record = await withOutput({ path: folder, names }, async (output) => {
    const { record: made, ...found } = await search(job, output && searchFolder(output.path, file));
    if (output) {
      const files = file
        ? [{ name: file.name, bytes: await placeFile(placeJobOf(found, job)!, file.format) }]
        : await filesOf(found, made, job);
      throwIfAborted(job.signal);
      await output.commit(files);
      await dropSearchJournal(searchFolder(output.path, file));
    }
    return made;
  });
  if (flags.json) terminal.print(toJson(record));
  else for (const line of linesOf(record, job)) terminal.print(line);
}

/** What is not done over tiles is refused, not ignored. @throws USAGE */
function assertPossible({ expressions, flags }: SceneJob): void {
  const refuse = (what: string) => {
    const reason = `${what} over tiles; see the scene as one picture with --whole`;
    return new ZeroovError('USAGE', { reason });
  };
  if (expressions.length > 1) throw refuse('several expressions are not looked for');
  if (flags.saveMaps) throw refuse('--save-maps (try --format cog) is not done');
}

interface Found {
  readonly regions: readonly Region[];
  /** Of the window that was searched. */
  readonly maps: SceneGrounding['maps'];
  readonly searched: Window;
  readonly tiles: SceneGrounding['tiles'];
}

type SearchOptions = MethodOptions & SceneOptions;

async function search(
  job: SceneJob,
  journal: string | undefined,
): Promise<Found & { readonly record: SceneResult }> {
  const { scene, grounder, flags, openSeconds } = job;
  const [expression] = job.expressions as readonly [string];
  const { part, area } = await partAsked(scene, flags.within);
  const start = performance.now();
  const method = grounder.options(methodOptionsOf(flags));
  const options = { ...method, ...resolveSceneOptions(sceneOptionsOf(flags)) };
  const look = (memory?: TileMemory) =>
    watched(job, part, (reader, watch) =>
      grounder.groundScene(reader, expression, { ...options, ...watch }, memory),
    );
  const grounding = journal
    ? await withSearchJournal(
        {
          folder: journal,
          searched: await searchedBy(job, { options, area }),
          resume: flags.resume ?? false,
        },
        async ({ memory, before }) => {
          const { terminal } = job;
          if (before > 0) terminal.note(`going on: ${before} tiles were looked at before`);
          return look(memory).catch((error: unknown) => {
            terminal.note('what was looked at is kept: the same command with --resume goes on');
            throw error;
          });
        },
      )
    : await look();
  const inScene = (region: Region) => (part ? regionOfWhole(region, part.window) : region);
  const asked = { place: scene.place, flags };
  const large = grounding.regions.filter((region) => isLarge(inScene(region), asked));
  const { maps } = grounding;
  const redrawn = async (chosen: readonly Region[]) => {
    const refined = await watched(job, part, (reader, watch) =>
      grounder.refineRegions({ scene: reader, maps, regions: chosen }, { ...options, ...watch }),
    );
    return refined.map(inScene).filter((region) => isLarge(region, asked));
  };
  let regions = flags.all ? await redrawn(large) : [];
  // The best of which SAM, where it is asked, leaves enough.
  for (const region of flags.all ? [] : large) {
    regions = await redrawn([region]);
    if (regions.length > 0) break;
  }
  const { checkpoints, provider = 'none', threads } = grounder;
  const record = sceneRecordOf({
    expression,
    grounding: { regions, tiles: grounding.tiles },
    checkpoints,
    options,
    seconds: { open: openSeconds, search: (performance.now() - start) / 1000 },
    image: scene,
    provider,
    threads,
  });
  const searched = part?.window ?? wholeOf(scene);
  return { regions, maps, searched, tiles: grounding.tiles, record };
}

/** What a grounder does with the part of the scene that is searched, with bars of its progress. */
async function watched<T>(
  { scene, signal, terminal }: SceneJob,
  part: Part | null,
  work: (reader: SceneReader, watch: Watch) => Promise<T>,
): Promise<T> {
  const bars = stageBars(terminal);
  try {
    const reader = part ? partOf(scene, part) : scene;
    return await work(reader, { signal, onProgress: bars.show });
  } finally {
    bars.stop();
  }
}

/** Everything that can change what is said of a tile. */
async function searchedBy(
  { scene, expressions, grounder, flags }: SceneJob,
  { options, area }: { options: SearchOptions; area: unknown },
): Promise<Searched> {
  const { vlm, diffusion } = grounder.checkpoints;
  const identity = async (used: UsedCheckpoint | null) => {
    if (!used) return null;
    const { weights, settings } = await identify(used);
    return { weights, settings };
  };
  const { bands = null, stretch = null, nodata = null, provider = null, threads } = flags;
  return {
    zeroov: VERSION,
    image: { sha256: scene.sha256, of: scene.sha256Of },
    expression: expressions[0]!,
    vlm: await identity(vlm),
    diffusion: options.order.includes('F') ? await identity(diffusion) : null,
    options,
    bands,
    stretch,
    nodata,
    within: area,
    provider,
    threads: threads ?? grounder.threads,
  };
}

const wholeOf = ({ widthPx, heightPx }: Size): Window => ({ x: 0, y: 0, widthPx, heightPx });

/** Null for a scene without a place. */
function placeJobOf(
  { regions, maps, searched }: Found,
  { scene, flags, expressions, grounder }: SceneJob,
): PlaceJob | null {
  if (!scene.place) return null;
  const { relevance: overview, attention, evolved } = maps;
  return {
    place: scene.place,
    found: regions,
    maps: { of: searched, byName: { overview, attention, evolved }, evidence: evolved },
    flags,
    about: aboutOf({
      expression: expressions[0]!,
      source: scene.path,
      checkpoint: grounder.checkpoints.vlm?.label ?? '',
      preset: flags.preset ?? 'rsvg-zeroov',
    }),
  };
}

async function filesOf(found: Found, record: SceneResult, job: SceneJob): Promise<OutputFile[]> {
  const { scene, expressions } = job;
  const [expression] = expressions as readonly [string];
  const [best] = found.regions;
  const drawing = { scene, expression, best };
  const { searched: window, maps, tiles } = found;
  const files: OutputFile[] = [];
  if (best) {
    files.push({ name: 'mask.png', bytes: await encodeMaskPng(best.mask) });
    files.push({ name: DETAIL, bytes: await overlayIn(drawing, around(best.box, scene)) });
  }
  files.push({ name: 'overlay.png', bytes: await overlayIn(drawing, wholeOf(scene)) });
  files.push({ name: 'panel.png', bytes: await panelIn(drawing, { window, maps, tiles }) });
  const placed = placeJobOf(found, job);
  if (placed) {
    const own = await placeFiles(placed);
    // A world file places mask.png, which there is only of what was found.
    files.push(...own.filter(({ name }) => best || name !== 'mask.pgw'));
  }
  return [...files, { name: 'result.json', bytes: `${toJson(record)}\n` }];
}

function linesOf(record: SceneResult, { terminal, flags }: SceneJob): string[] {
  const { regions, expression, seconds, tiles } = record;
  const line = (name: string, text: string) => `${terminal.style('bold', name.padEnd(9))}${text}`;
  const word = record.found
    ? terminal.style('green', 'found')
    : terminal.style('yellow', 'not found');
  const total = (seconds.open + seconds.search).toFixed(1);
  return [
    line('answer', `${word}  "${expression}"`),
    ...regions
      .slice(0, 10)
      .map(({ box, areaPx, score, refinement }) =>
        line(
          'region',
          `score ${score.toFixed(2)}, box ${box.join(', ')} px, ${areaPx} px${sayRefined(refinement)}`,
        ),
      ),
    ...(regions.length > 10 ? [line('', `and ${regions.length - 10} more`)] : []),
    line('place', sayPlace(record)),
    line('seconds', `${total}, ${tiles.looked} of ${tiles.planned} tiles looked at`),
    ...(misses(tiles) ? [line('search', misses(tiles))] : []),
    line('files', flags.output ?? 'none; give -o FOLDER to write mask, pictures and record'),
  ];
}

function sayRefined(refinement: SceneResult['regions'][number]['refinement']): string {
  if (!refinement) return '';
  const { by, predictedIou, before } = refinement;
  const estimate =
    predictedIou === null ? '' : `, IoU ${predictedIou.toFixed(2)} by its own estimate`;
  return `; by SAM from ${by}${estimate}; before: ${before.areaPx} px`;
}

/** What a search that did not look at every tile can have missed. */
function misses({ planned, looked, coarse }: SceneResult['tiles']): string {
  if (!coarse || looked === planned || coarse.shrink <= 1) return '';
  const from = `the first look, at ${coarse.looked} tiles, was ${coarse.shrink.toFixed(1)} times smaller`;
  return `${from}: small things can be missed, a smaller --shrink or --search exhaustive sees more`;
}
