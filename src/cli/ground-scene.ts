/** `zeroov ground` over a scene's tiles: an expression and a scene in, what was found and where it lies out. */
import { basename } from 'node:path';
import { readJson } from '../checkpoint/json-file.ts';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { AREA_SCHEMA, areaFromGeoJson } from '../geo/area-from-geojson.ts';
import { drawOverlay } from '../imagery/draw-overlay.ts';
import { encodeMaskPng } from '../imagery/png.ts';
import type { Scene } from '../imagery/scene.ts';
import type { Window } from '../imagery/window.ts';
import type { SceneGrounding } from '../pipeline/ground-scene.ts';
import type { Grounder } from '../pipeline/grounder.ts';
import { resolveSceneOptions } from '../pipeline/scene-options.ts';
import { type Part, partOf, regionOfWhole } from '../pipeline/scene-part.ts';
import { type SceneResult, sceneRecordOf } from '../pipeline/scene-record.ts';
import type { Region } from '../pipeline/scene-regions.ts';
import type { Box } from '../tensor/image.ts';
import { type GroundFlags, methodOptionsOf } from './ground-flags.ts';
import { toJson } from './json.ts';
import { type OutputFile, withOutput } from './output-folder.ts';
import { numbers } from './parse.ts';
import { placeFileNames, placeFiles } from './place-files.ts';
import { stageBars } from './progress.ts';
import { type SceneFlags, sceneOptionsOf } from './scene-flags.ts';
import type { Terminal } from './terminal.ts';

const FILES = ['mask.png', 'overlay.png', 'detail.png', 'result.json'] as const;
/** Longest side of the pictures. */
const PICTURE_PX = 2048;

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
  const names = [...FILES, ...(scene.place ? placeFileNames(flags) : [])];
  const record = await withOutput({ path: flags.output, names }, async (output) => {
    const { record: made, ...found } = await search(job);
    if (output) {
      const files = await filesOf(found, made, job);
      throwIfAborted(job.signal);
      await output.commit(files);
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
  /** Of the whole scene; null where only a part was searched. */
  readonly maps: SceneGrounding['maps'] | null;
}

async function search(job: SceneJob): Promise<Found & { readonly record: SceneResult }> {
  const { scene, grounder, flags, signal, openSeconds } = job;
  const [expression] = job.expressions as readonly [string];
  const part = await partAsked(scene, flags.within);
  const start = performance.now();
  const method = grounder.options(methodOptionsOf(flags));
  const options = { ...method, ...resolveSceneOptions(sceneOptionsOf(flags)) };
  const bars = stageBars(job.terminal);
  let grounding: SceneGrounding;
  try {
    const watch = { signal, onProgress: bars.show };
    const reader = part ? partOf(scene, part) : scene;
    grounding = await grounder.groundScene(reader, expression, { ...options, ...watch });
  } finally {
    bars.stop();
  }
  const found = part
    ? grounding.regions.map((region) => regionOfWhole(region, part.window))
    : [...grounding.regions];
  const regions = flags.all ? found : found.slice(0, 1);
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
  return { regions, maps: part ? null : grounding.maps, record };
}

function placeOf({ place }: Scene): SceneResult['place'] {
  return place && { epsg: place.crs.epsg, crs: place.crs.name, affine: [...place.affine] };
}

/** The box or polygon of `--within`. @throws OPTION_INVALID for what does not lie in the scene */
async function partAsked(scene: Scene, within: string | undefined): Promise<Part | null> {
  if (within === undefined) return null;
  const refuse = (expected: string) =>
    new ZeroovError('OPTION_INVALID', { option: '--within', expected, got: within });
  if (!/\.(geo)?json$/i.test(within)) {
    const [x1, y1, x2, y2, ...more] = numbers('--within')(within);
    if (y2 === undefined || more.length > 0) throw refuse('x1,y1,x2,y2 or a .geojson file');
    return { window: insideOf(scene, [x1!, y1!, x2!, y2], refuse) };
  }
  if (!scene.place)
    throw refuse(`a box in pixels, since the picture has no place (${scene.placeProblem})`);
  const document = await readJson({ file: within, schema: AREA_SCHEMA });
  const { bounds, contains } = areaFromGeoJson(document, scene.place);
  return {
    window: insideOf(scene, bounds, refuse),
    contains: (x, y) => contains([x, y]),
  };
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

async function filesOf(
  { regions, maps }: Found,
  record: SceneResult,
  { scene, flags, expressions, grounder }: SceneJob,
): Promise<OutputFile[]> {
  const [best] = regions;
  const files: OutputFile[] = [];
  if (best) {
    files.push({ name: 'mask.png', bytes: await encodeMaskPng(best.mask) });
    files.push({
      name: 'detail.png',
      bytes: await drawRegion(scene, best, around(best.box, scene)),
    });
    const whole = { x: 0, y: 0, widthPx: scene.widthPx, heightPx: scene.heightPx };
    files.push({ name: 'overlay.png', bytes: await drawRegion(scene, best, whole) });
  }
  if (scene.place) {
    const { vlm } = grounder.checkpoints;
    const about = {
      expression: expressions[0]!,
      source: basename(scene.path),
      checkpoint: vlm?.label ?? '',
      preset: flags.preset ?? 'rsvg-zeroov',
    };
    const { relevance: overview = null, ...others } = maps ?? {};
    const named = { overview, ...others };
    const job = { place: scene.place, found: regions, maps: named, flags, about };
    files.push(...(await placeFiles(job)));
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

/** A window of the scene with the region's mask and box, PICTURE_PX at most. PNG bytes. */
async function drawRegion(scene: Scene, region: Region, window: Window): Promise<Uint8Array> {
  const scale = Math.min(1, PICTURE_PX / Math.max(window.widthPx, window.heightPx));
  const widthPx = Math.max(1, Math.round(window.widthPx * scale));
  const heightPx = Math.max(1, Math.round(window.heightPx * scale));
  const { image } = await scene.read(window, { widthPx, heightPx });
  const data = new Uint8Array(widthPx * heightPx);
  const { window: own, mask } = region;
  for (let y = 0; y < heightPx; y += 1) {
    const row = Math.floor(window.y + ((y + 0.5) * window.heightPx) / heightPx) - own.y;
    if (row < 0 || row >= own.heightPx) continue;
    for (let x = 0; x < widthPx; x += 1) {
      const column = Math.floor(window.x + ((x + 0.5) * window.widthPx) / widthPx) - own.x;
      if (column < 0 || column >= own.widthPx) continue;
      data[y * widthPx + x] = mask.data[row * own.widthPx + column]!;
    }
  }
  const [sx, sy] = [widthPx / window.widthPx, heightPx / window.heightPx];
  const [x1, y1, x2, y2] = region.box;
  const box: Box = [
    (x1 - window.x) * sx,
    (y1 - window.y) * sy,
    (x2 - window.x) * sx,
    (y2 - window.y) * sy,
  ];
  const label = `score ${region.score.toFixed(2)}`;
  return drawOverlay({ image, mask: { widthPx, heightPx, data }, box, label });
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
