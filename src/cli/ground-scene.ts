/** `zeroov ground` over a scene's tiles: an expression and a scene in, what was found and where it lies out. */
import { basename } from 'node:path';
import { readJson } from '../checkpoint/json-file.ts';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { identify } from '../evaluation/run/checkpoint-identity.ts';
import { AREA_SCHEMA, areaFromGeoJson } from '../geo/area-from-geojson.ts';
import { groundMarks } from '../imagery/ground-marks.ts';
import { encodeMaskPng } from '../imagery/png.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { SceneGrounding } from '../pipeline/ground-scene.ts';
import type { Grounder } from '../pipeline/grounder.ts';
import type { MethodOptions } from '../pipeline/presets.ts';
import type { UsedCheckpoint } from '../pipeline/record-parts.ts';
import { resolveSceneOptions, type SceneOptions } from '../pipeline/scene-options.ts';
import { type Part, partOf, regionOfWhole } from '../pipeline/scene-part.ts';
import { type SceneResult, sceneRecordOf } from '../pipeline/scene-record.ts';
import type { Region } from '../pipeline/scene-regions.ts';
import type { TileMemory } from '../pipeline/tile-memory.ts';
import { VERSION } from '../pipeline/version.ts';
import type { Box, Mask, Size } from '../tensor/image.ts';
import { type GroundFlags, methodOptionsOf } from './ground-flags.ts';
import { toJson } from './json.ts';
import { type OutputFile, type OutputFolder, withOutput } from './output-folder.ts';
import { outputTarget } from './output-target.ts';
import { numbers } from './parse.ts';
import { overlayOf, panelOf } from './pictures.ts';
import {
  hasOutlineOf,
  type PlaceJob,
  placeFile,
  placeFileNames,
  placeFiles,
} from './place-files.ts';
import { stageBars } from './progress.ts';
import { type SceneFlags, sceneOptionsOf } from './scene-flags.ts';
import type { Terminal } from './terminal.ts';
import { dropSearchJournal, type Searched, withSearchJournal } from './tile-journal.ts';

const FILES = ['mask.png', 'overlay.png', 'detail.png', 'panel.png', 'result.json'] as const;
/** Longest side of the pictures, and of the one that a panel is made of. */
const PICTURE_PX = 2048;
const PANEL_PX = 1024;

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
  const { folder, file } = outputTarget(flags.output);
  const names = file ? [file.name] : [...FILES, ...(scene.place ? placeFileNames(flags) : [])];
  const record = await withOutput({ path: folder, names }, async (output) => {
    const { record: made, ...found } = await search(job, output);
    if (output) {
      const files = file
        ? [{ name: file.name, bytes: await placeFile(placeJobOf(found, job)!, file.format) }]
        : await filesOf(found, made, job);
      throwIfAborted(job.signal);
      await output.commit(files);
      await dropSearchJournal(output.path);
    }
    return made;
  });
  if (flags.json) terminal.print(toJson(record));
  else for (const line of linesOf(record, job)) terminal.print(line);
}

/** What is not done over tiles is refused, not ignored. @throws USAGE */
function assertPossible({ expressions, flags, grounder }: SceneJob): void {
  const refuse = (what: string) => {
    const reason = `${what} over tiles; see the scene as one picture with --whole`;
    return new ZeroovError('USAGE', { reason });
  };
  if (expressions.length > 1) throw refuse('several expressions are not looked for');
  if (grounder.options(methodOptionsOf(flags)).refine !== 'none')
    throw refuse('SAM does not refine');
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
  output: OutputFolder | undefined,
): Promise<Found & { readonly record: SceneResult }> {
  const { scene, grounder, flags, openSeconds } = job;
  const [expression] = job.expressions as readonly [string];
  const { part, area } = await partAsked(scene, flags.within);
  const start = performance.now();
  const method = grounder.options(methodOptionsOf(flags));
  const options = { ...method, ...resolveSceneOptions(sceneOptionsOf(flags)) };
  const look = (memory?: TileMemory) => searchTiles(job, { part, options, memory });
  const grounding = output
    ? await withSearchJournal(
        {
          output: output.path,
          searched: await searchedBy(job, { options, area }),
          resume: flags.resume ?? false,
        },
        async ({ memory, before }) => {
          if (before > 0) job.terminal.note(`going on: ${before} tiles were looked at before`);
          return look(memory);
        },
      )
    : await look();
  const found = part
    ? grounding.regions.map((region) => regionOfWhole(region, part.window))
    : [...grounding.regions];
  const large = found.filter((region) => isLarge(region, job));
  const regions = flags.all ? large : large.slice(0, 1);
  const { checkpoints, provider = 'none', threads } = grounder;
  const record = sceneRecordOf({
    expression,
    grounding: { regions, tiles: grounding.tiles },
    checkpoints,
    options,
    place: placeOf(scene),
    seconds: { open: openSeconds, search: (performance.now() - start) / 1000 },
    image: scene,
    provider,
    threads,
  });
  const searched = part?.window ?? wholeOf(scene);
  return { regions, maps: grounding.maps, searched, tiles: grounding.tiles, record };
}

interface Search {
  readonly part: Part | null;
  readonly options: SearchOptions;
  readonly memory: TileMemory | undefined;
}

async function searchTiles(
  { scene, expressions, grounder, signal, terminal }: SceneJob,
  { part, options, memory }: Search,
): Promise<SceneGrounding> {
  const bars = stageBars(terminal);
  try {
    const watch = { signal, onProgress: bars.show };
    const reader = part ? partOf(scene, part) : scene;
    return await grounder.groundScene(reader, expressions[0]!, { ...options, ...watch }, memory);
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

/** Whether some outline of the region is as large as `--min-area` wants it; without a place there is no such wish. */
function isLarge({ mask, window }: Region, { scene: { place }, flags }: SceneJob): boolean {
  const { minArea } = flags;
  return !place || minArea === undefined || hasOutlineOf(minArea, { mask, window, place });
}

const wholeOf = ({ widthPx, heightPx }: Size): Window => ({ x: 0, y: 0, widthPx, heightPx });

function placeOf({ place }: Scene): SceneResult['place'] {
  return place && { epsg: place.crs.epsg, crs: place.crs.name, affine: [...place.affine] };
}

/** The box or polygon of `--within`, and what it says. @throws OPTION_INVALID for what does not lie in the scene */
async function partAsked(
  scene: Scene,
  within: string | undefined,
): Promise<{ readonly part: Part | null; readonly area: unknown }> {
  if (within === undefined) return { part: null, area: null };
  const refuse = (expected: string) =>
    new ZeroovError('OPTION_INVALID', { option: '--within', expected, got: within });
  if (!/\.(geo)?json$/i.test(within)) {
    const [x1, y1, x2, y2, ...more] = numbers('--within')(within);
    if (y2 === undefined || more.length > 0) throw refuse('x1,y1,x2,y2 or a .geojson file');
    const box = [x1!, y1!, x2!, y2] as const;
    return { part: { window: insideOf(scene, box, refuse) }, area: box };
  }
  if (!scene.place)
    throw refuse(`a box in pixels, since the picture has no place (${scene.placeProblem})`);
  const document = await readJson({ file: within, schema: AREA_SCHEMA });
  const { bounds, contains } = areaFromGeoJson(document, scene.place);
  const window = insideOf(scene, bounds, refuse);
  return { part: { window, contains: (x, y) => contains([x, y]) }, area: document };
}

function insideOf(
  scene: Scene,
  [x1, y1, x2, y2]: Box,
  refuse: (expected: string) => ZeroovError,
): Window {
  const clip = (value: number, side: number) => Math.min(side, Math.max(0, value));
  const [x, y] = [Math.floor(clip(x1, scene.widthPx)), Math.floor(clip(y1, scene.heightPx))];
  const widthPx = Math.ceil(clip(x2, scene.widthPx)) - x;
  const heightPx = Math.ceil(clip(y2, scene.heightPx)) - y;
  if (widthPx > 0 && heightPx > 0) return { x, y, widthPx, heightPx };
  throw refuse(`an area within the scene's ${scene.widthPx} × ${scene.heightPx} px`);
}

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
    about: {
      expression: expressions[0]!,
      source: basename(scene.path),
      checkpoint: grounder.checkpoints.vlm?.label ?? '',
      preset: flags.preset ?? 'rsvg-zeroov',
    },
  };
}

async function filesOf(found: Found, record: SceneResult, job: SceneJob): Promise<OutputFile[]> {
  const { scene, expressions } = job;
  const [expression] = expressions as readonly [string];
  const [best] = found.regions;
  const drawing = { scene, expression, best };
  const files: OutputFile[] = [];
  if (best) {
    files.push({ name: 'mask.png', bytes: await encodeMaskPng(best.mask) });
    files.push({ name: 'detail.png', bytes: await overlay(drawing, around(best.box, scene)) });
  }
  files.push({ name: 'overlay.png', bytes: await overlay(drawing, wholeOf(scene)) });
  files.push({ name: 'panel.png', bytes: await panel(drawing, found) });
  const placed = placeJobOf(found, job);
  if (placed) {
    const own = await placeFiles(placed);
    // A world file places mask.png, which there is only of what was found.
    files.push(...own.filter(({ name }) => best || name !== 'mask.pgw'));
  }
  return [...files, { name: 'result.json', bytes: `${toJson(record)}\n` }];
}

/** The box with as much again on every side, inside the scene. */
function around([x1, y1, x2, y2]: Box, scene: Scene): Window {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const x = Math.max(0, x1 - dx);
  const y = Math.max(0, y1 - dy);
  return {
    x,
    y,
    widthPx: Math.min(scene.widthPx, x2 + dx) - x,
    heightPx: Math.min(scene.heightPx, y2 + dy) - y,
  };
}

interface Drawing {
  readonly scene: Scene;
  readonly expression: string;
  readonly best: Region | undefined;
}

/** A window of the scene with the best region's mask and box. PNG bytes. */
async function overlay(drawing: Drawing, window: Window): Promise<Uint8Array> {
  const { image, ground, shown } = await view(drawing, { window, mostPx: PICTURE_PX });
  return overlayOf({ expression: drawing.expression, ...shown }, { image, ground });
}

/** The window that was searched, stage by stage. PNG bytes. */
async function panel(
  drawing: Drawing,
  { searched: window, maps, tiles }: Found,
): Promise<Uint8Array> {
  const { image, ground, shown } = await view(drawing, { window, mostPx: PANEL_PX });
  const { relevance: overview, attention, evolved } = maps;
  const caption = `${tiles.looked} of ${tiles.planned} tiles looked at`;
  return panelOf(
    {
      expression: drawing.expression,
      maps: { overview, structure: null, attention, evolved },
      refinement: null,
      ...shown,
    },
    { image, size: window, caption, ground },
  );
}

/** A window of the scene, its longer side `mostPx` at most, and what of the best region lies in it, in its pixels. */
async function view(
  { scene, best }: Drawing,
  { window, mostPx }: { window: Window; mostPx: number },
) {
  const scale = Math.min(1, mostPx / Math.max(window.widthPx, window.heightPx));
  const out = {
    widthPx: Math.max(1, Math.round(window.widthPx * scale)),
    heightPx: Math.max(1, Math.round(window.heightPx * scale)),
  };
  const { image } = await scene.read(window, out);
  const ground = scene.place ? groundMarks(scene.place, { window, out }) : undefined;
  const mask = { ...out, data: new Uint8Array(out.widthPx * out.heightPx) };
  if (best) sampleMask(mask, best, window);
  const [sx, sy] = [out.widthPx / window.widthPx, out.heightPx / window.heightPx];
  const [x1, y1, x2, y2] = best?.box ?? [0, 0, 0, 0];
  const [left, top] = [(x1 - window.x) * sx, (y1 - window.y) * sy];
  const box: Box = [left, top, (x2 - window.x) * sx, (y2 - window.y) * sy];
  const shown = {
    mask,
    box: best ? box : null,
    found: best !== undefined,
    score: best?.score ?? null,
  };
  return { image, ground, shown };
}

/** Writes a region's mask as a window shows it: a pixel is inside when the region is at its centre. */
function sampleMask(
  { widthPx, heightPx, data }: Mask,
  { window: own, mask }: Region,
  window: Window,
): void {
  for (let y = 0; y < heightPx; y += 1) {
    const row = Math.floor(window.y + ((y + 0.5) * window.heightPx) / heightPx) - own.y;
    if (row < 0 || row >= own.heightPx) continue;
    for (let x = 0; x < widthPx; x += 1) {
      const column = Math.floor(window.x + ((x + 0.5) * window.widthPx) / widthPx) - own.x;
      if (column < 0 || column >= own.widthPx) continue;
      data[y * widthPx + x] = mask.data[row * own.widthPx + column]!;
    }
  }
}

function linesOf(record: SceneResult, { terminal, flags, scene }: SceneJob): string[] {
  const { regions, expression, seconds, tiles, place } = record;
  const line = (name: string, text: string) => `${terminal.style('bold', name.padEnd(9))}${text}`;
  const word = record.found
    ? terminal.style('green', 'found')
    : terminal.style('yellow', 'not found');
  const total = (seconds.open + seconds.search).toFixed(1);
  return [
    line('answer', `${word}  "${expression}"`),
    ...regions
      .slice(0, 10)
      .map(({ box, areaPx, score }) =>
        line('region', `score ${score.toFixed(2)}, box ${box.join(', ')} px, ${areaPx} px`),
      ),
    ...(regions.length > 10 ? [line('', `and ${regions.length - 10} more`)] : []),
    line(
      'place',
      place ? `${place.crs} (EPSG:${place.epsg ?? 'none'})` : `none: ${scene.placeProblem}`,
    ),
    line('seconds', `${total}, ${tiles.looked} of ${tiles.planned} tiles looked at`),
    line('files', flags.output ?? 'none; give -o FOLDER to write mask, pictures and record'),
  ];
}
