/** What was found, where it lies on the Earth: the files that geodata programs open. */
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { resample, shift } from '../geo/affine.ts';
import { type Region, toGeoJson } from '../geo/geojson.ts';
import { writeGeoPackage } from '../geo/geopackage.ts';
import { groundFrame } from '../geo/ground-frame.ts';
import { measure } from '../geo/measure.ts';
import type { Place } from '../geo/place.ts';
import { boundsOf, mapRings, type Point, type Polygon } from '../geo/polygon.ts';
import { simplify } from '../geo/simplify.ts';
import { MEDIA_TYPES, stacItem } from '../geo/stac-item.ts';
import { type Span, spansOf, traceMask } from '../geo/trace.ts';
import { toWorldFile } from '../geo/world-file.ts';
import { type TileSource, writeCog } from '../geo/write-cog.ts';
import { temporaryFolder } from '../imagery/temporary-folder.ts';
import type { Window } from '../imagery/window.ts';
import { blend, tapOf } from '../pipeline/scene-grid.ts';
import type { Mask } from '../tensor/image.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { toJson } from './json.ts';
import type { OutputFile } from './output-folder.ts';
import type { GeoFormat, PlaceFlags } from './scene-flags.ts';

/** Something found: its mask, where that lies in the scene, and how strong the evidence is. */
export interface PlacedMask {
  readonly mask: Mask;
  readonly window: Window;
  readonly score: number | null;
}

export interface PlaceJob {
  readonly place: Place;
  /** Best first. */
  readonly found: readonly PlacedMask[];
  /** By name: [h, w] of any grid over the window `maps.of` of the scene. */
  readonly maps: {
    readonly of: Window;
    readonly byName: Readonly<Record<string, Float32Tensor | null>>;
    /** What masks were cut from, and scores are means of; null where there is none. */
    readonly evidence: Float32Tensor | null;
  };
  readonly flags: PlaceFlags;
  readonly about: About;
}

/** For the features' properties. */
type About = Pick<Region['properties'], 'expression' | 'source' | 'checkpoint' | 'preset'>;

/** What is passed on with an answer says no path of this machine: a folder of checkpoints is its last two names, like an id. */
export function aboutOf(about: About): About {
  const names = about.checkpoint.split(/[/\\]/).filter(Boolean);
  return { ...about, source: basename(about.source), checkpoint: names.slice(-2).join('/') };
}

const TILE_PX = 256;
const NAMES: Record<GeoFormat, string> = {
  geojson: 'result.geojson',
  gpkg: 'result.gpkg',
  cog: 'mask.tif',
  stac: 'item.json',
  pgw: 'mask.pgw',
};
const ASSETS = {
  geojson: { type: MEDIA_TYPES.geoJson, title: 'outlines' },
  gpkg: { type: MEDIA_TYPES.geoPackage, title: 'outlines, with a style' },
  cog: { type: MEDIA_TYPES.cog, title: 'mask' },
} as const;

/** What is written for a picture with a place unless asked otherwise. */
export const DEFAULT_FORMATS: readonly GeoFormat[] = ['geojson', 'pgw'];
/** The stage maps that are written beside mask.tif. */
const MAPS = ['overview', 'attention', 'evolved'] as const;

/** Every name of these files: those that a run does not write are not left from one before it. */
export const PLACE_FILES: readonly string[] = [
  ...Object.values(NAMES),
  ...MAPS.map((name) => `maps/${name}.tif`),
];

/** Names of the files that a place adds. */
export function placeFileNames({ format = DEFAULT_FORMATS }: PlaceFlags): string[] {
  const maps = format.includes('cog') ? MAPS.map((name) => `maps/${name}.tif`) : [];
  return [...format.map((name) => NAMES[name]), ...maps];
}

/** @throws OUTPUT_WRITE, TEMPORARY_FOLDER */
export async function placeFiles(job: PlaceJob): Promise<OutputFile[]> {
  const { format = DEFAULT_FORMATS } = job.flags;
  const outlines = outlinesOf(job);
  const files: OutputFile[] = [];
  for (const name of format) {
    files.push({ name: NAMES[name], bytes: await WRITERS[name](job, outlines) });
  }
  if (!format.includes('cog')) return files;
  const { of, byName } = job.maps;
  const [{ widthPx, heightPx }, affine] = [of, shift(job.place.affine, [of.x, of.y])];
  const ground = { ...job.place, widthPx, heightPx, affine };
  for (const [name, map] of Object.entries(byName)) {
    if (map) files.push({ name: `maps/${name}.tif`, bytes: await mapCog(map, ground) });
  }
  return files;
}

/** One file alone, by its format. @throws OUTPUT_WRITE, TEMPORARY_FOLDER */
export function placeFile(job: PlaceJob, format: GeoFormat): Promise<Uint8Array | string> {
  return WRITERS[format](job, outlinesOf(job));
}

/** A part of a mask, and what files say of it. */
interface Outline extends Region {
  /** As the mask has it, in pixel corners of the scene; `polygon` may be simplified. */
  readonly traced: Polygon;
}

type Writer = (job: PlaceJob, outlines: readonly Outline[]) => Promise<Uint8Array | string>;

const WRITERS: Record<GeoFormat, Writer> = {
  geojson: async ({ place }, outlines) => `${toJson(toGeoJson(outlines, place))}\n`,
  gpkg: ({ place }, regions) => viaFile((path) => writeGeoPackage({ path, regions, place })),
  cog: ({ place }, outlines) =>
    viaFile((path) => writeCog({ path, source: maskTiles(outlines, place), place, nodata: 0 })),
  stac: async (job, outlines) => `${toJson(itemOf(job, outlines))}\n`,
  pgw: async ({ place, found }) => {
    const { x, y } = found[0]?.window ?? { x: 0, y: 0 };
    return toWorldFile(shift(place.affine, [x, y]));
  },
};

/** Every outline as a feature of its own with `--all`; else the largest of the best mask. Each has its own score. */
function outlinesOf({ place, found, maps, flags, about }: PlaceJob): Outline[] {
  const masks = found
    .map((one) => ({ score: one.score, parts: largeParts(one, { place, flags }) }))
    .filter(({ parts }) => parts.length > 0);
  const chosen = flags.all
    ? masks
    : masks.slice(0, 1).map(({ score, parts }) => ({ score, parts: [largest(parts)] }));
  return chosen.flatMap(({ score: whole, parts }) => {
    const traced = parts.map(({ polygon }) => polygon);
    return simplified(traced, { place, flags }).map((polygon, i) => {
      const score = meanInside(traced[i]!, maps) ?? whole;
      const area_m2 = measure(polygon, place).areaM2;
      return { traced: traced[i]!, polygon, properties: { ...about, score, area_m2 } };
    });
  });
}

interface PartOfMask {
  readonly polygon: Polygon;
  readonly areaM2: number;
}

/** The parts of a mask that are as large as `--min-area` wants them. */
function largeParts(
  { mask, window }: Pick<PlacedMask, 'mask' | 'window'>,
  { place, flags }: Pick<PlaceJob, 'place' | 'flags'>,
): PartOfMask[] {
  return traceMask(mask)
    .map((outline) => {
      const polygon = moved(outline, window);
      return { polygon, areaM2: measure(polygon, place).areaM2 };
    })
    .filter(({ areaM2 }) => areaM2 >= (flags.minArea ?? 0));
}

const largest = (parts: readonly PartOfMask[]): PartOfMask =>
  parts.reduce((best, part) => (part.areaM2 > best.areaM2 ? part : best));

/** Whether some part of a mask is as large as `--min-area` wants it; without a place there is no such wish. */
export function isLarge(
  mask: Pick<PlacedMask, 'mask' | 'window'>,
  { place, flags }: { readonly place: Place | null; readonly flags: PlaceFlags },
): boolean {
  if (!place || flags.minArea === undefined) return true;
  return largeParts(mask, { place, flags }).length > 0;
}

/** The mean over an outline's pixels of the map that masks are cut from. */
function meanInside(
  polygon: Polygon,
  { of, evidence }: Pick<PlaceJob['maps'], 'of' | 'evidence'>,
): number | null {
  if (!evidence) return null;
  const [height, width] = evidence.shape as readonly [h: number, w: number];
  let [sum, count] = [0, 0];
  for (const { row, from, to } of spansOf(polygon)) {
    const y = tapOf((row + 0.5 - of.y) / of.heightPx, height);
    for (let column = from; column < to; column += 1) {
      sum += blend(evidence, { x: tapOf((column + 0.5 - of.x) / of.widthPx, width), y });
    }
    count += to - from;
  }
  return sum / count;
}

function moved(polygon: Polygon, { x, y }: Window): Polygon {
  return mapRings(polygon, (ring) => ring.map(([column, row]) => [column + x, row + y] as const));
}

function simplified(
  polygons: readonly Polygon[],
  { place, flags }: Pick<PlaceJob, 'place' | 'flags'>,
): readonly Polygon[] {
  if (!flags.simplify || polygons.length === 0) return polygons;
  const [x1, y1, x2, y2] = boundsOf(polygons.flatMap(({ outer }) => outer));
  const corners = [x1, (x1 + x2) / 2, x2].flatMap((x) =>
    [y1, (y1 + y2) / 2, y2].map((y): Point => [x, y]),
  );
  // Where pixels are largest: no corner moves further than asked anywhere. At a pole they have no width.
  const { toMetres } = corners
    .map((corner) => groundFrame(place, corner))
    .filter(({ pixelAreaM2 }) => pixelAreaM2 > 0)
    .reduce((best, frame) => (best.pixelAreaM2 >= frame.pixelAreaM2 ? best : frame));
  return simplify(polygons, { toleranceMetres: flags.simplify, toMetres });
}

/** The outlines on the whole scene, 1 inside. */
function maskTiles(outlines: readonly Outline[], { widthPx, heightPx }: Place): TileSource {
  const byTileRow = new Map<number, Span[]>();
  for (const span of outlines.flatMap(({ traced }) => spansOf(traced))) {
    const row = Math.floor(span.row / TILE_PX);
    const known = byTileRow.get(row);
    if (known) known.push(span);
    else byTileRow.set(row, [span]);
  }
  return {
    sample: 'uint8',
    widthPx,
    heightPx,
    tilePx: TILE_PX,
    readTile: async (column, row) => {
      const left = column * TILE_PX;
      const inTile = ({ from, to }: Span) => from < left + TILE_PX && to > left;
      const spans = byTileRow.get(row)?.filter(inTile) ?? [];
      if (spans.length === 0) return null;
      const tile = new Uint8Array(TILE_PX * TILE_PX);
      for (const { row: y, from, to } of spans) {
        const start = (y % TILE_PX) * TILE_PX;
        tile.fill(1, start + Math.max(0, from - left), start + Math.min(TILE_PX, to - left));
      }
      return tile;
    },
  };
}

/** A map of a place as a COG of its own grid. */
function mapCog({ shape, data }: Float32Tensor, place: Place): Promise<Uint8Array> {
  const [heightPx, widthPx] = shape as readonly [h: number, w: number];
  const source: TileSource = {
    sample: 'float32',
    widthPx,
    heightPx,
    tilePx: TILE_PX,
    readTile: async (column, row) => {
      const tile = new Float32Array(TILE_PX * TILE_PX);
      const [left, top] = [column * TILE_PX, row * TILE_PX];
      for (let i = 0; i < Math.min(TILE_PX, heightPx - top); i += 1) {
        const start = (top + i) * widthPx;
        tile.set(
          data.subarray(start + left, start + Math.min(widthPx, left + TILE_PX)),
          i * TILE_PX,
        );
      }
      return tile;
    },
  };
  const affine = resample(place.affine, place, { widthPx, heightPx });
  const ground = { ...place, widthPx, heightPx, affine };
  return viaFile((path) => writeCog({ path, source, place: ground }));
}

/** What a writer that wants a file of its own makes. */
async function viaFile(write: (path: string) => Promise<void>): Promise<Uint8Array> {
  const folder = temporaryFolder('zeroov-');
  try {
    const path = join(folder, 'file');
    await write(path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function itemOf({ place, flags, about }: PlaceJob, regions: readonly Region[]) {
  const { format = DEFAULT_FORMATS } = flags;
  const assets = Object.entries(ASSETS).flatMap(([name, asset]) =>
    format.includes(name as GeoFormat)
      ? [[name, { href: `./${NAMES[name as GeoFormat]}`, roles: ['data'], ...asset }] as const]
      : [],
  );
  const [best] = regions;
  return stacItem({
    id: `${about.source}: ${about.expression}`,
    place,
    acquired: 'unknown',
    created: new Date(),
    properties: { ...about, ...best?.properties },
    assets: Object.fromEntries(assets),
  });
}
