/** What was found, where it lies on the Earth: the files that geodata programs open. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resample, shift } from '../geo/affine.ts';
import { type Region, toGeoJson } from '../geo/geojson.ts';
import { writeGeoPackage } from '../geo/geopackage.ts';
import { groundFrame } from '../geo/ground-frame.ts';
import { measure } from '../geo/measure.ts';
import type { Place } from '../geo/place.ts';
import { mapRings, type Polygon } from '../geo/polygon.ts';
import { simplify } from '../geo/simplify.ts';
import { MEDIA_TYPES, stacItem } from '../geo/stac-item.ts';
import { spansOf, traceMask } from '../geo/trace.ts';
import { toWorldFile } from '../geo/world-file.ts';
import { type TileSource, writeCog } from '../geo/write-cog.ts';
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
  /** For the features' properties. */
  readonly about: Pick<Region['properties'], 'expression' | 'source' | 'checkpoint' | 'preset'>;
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

/** Names of the files that a place may add. */
export function placeFileNames({ format = DEFAULT_FORMATS }: PlaceFlags): string[] {
  const maps = format.includes('cog') ? MAPS.map((name) => `maps/${name}.tif`) : [];
  return [...format.map((name) => NAMES[name]), ...maps];
}

/** @throws OUTPUT_WRITE */
export async function placeFiles(job: PlaceJob): Promise<OutputFile[]> {
  const { format = DEFAULT_FORMATS } = job.flags;
  const regions = outlinesOf(job);
  const files: OutputFile[] = [];
  for (const name of format) {
    files.push({ name: NAMES[name], bytes: await WRITERS[name](job, regions) });
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

/** One file alone, by its format. @throws OUTPUT_WRITE */
export function placeFile(job: PlaceJob, format: GeoFormat): Promise<Uint8Array | string> {
  return WRITERS[format](job, outlinesOf(job));
}

type Writer = (job: PlaceJob, regions: readonly Region[]) => Promise<Uint8Array | string>;

const WRITERS: Record<GeoFormat, Writer> = {
  geojson: async ({ place }, regions) => `${toJson(toGeoJson(regions, place))}\n`,
  gpkg: ({ place }, regions) => viaFile((path) => writeGeoPackage({ path, regions, place })),
  cog: ({ place, found }) =>
    viaFile((path) => writeCog({ path, source: maskTiles(found, place), place, nodata: 0 })),
  stac: async (job, regions) => `${toJson(itemOf(job, regions))}\n`,
  pgw: async ({ place, found }) => {
    const { x, y } = found[0]?.window ?? { x: 0, y: 0 };
    return toWorldFile(shift(place.affine, [x, y]));
  },
};

/** Every outline as a feature of its own with `--all`; else the largest of the best mask. Each has its own score. */
function outlinesOf({ place, found, maps, flags, about }: PlaceJob): Region[] {
  const outlines = found.map(({ mask, window, score: whole }) => {
    const traced = traceMask(mask).map((polygon) => moved(polygon, window));
    const scores = traced.map((polygon) => meanInside(polygon, maps) ?? whole);
    return simplified(traced, { place, flags })
      .map((polygon, i) => {
        const area_m2 = measure(polygon, place).areaM2;
        return { polygon, properties: { ...about, score: scores[i]!, area_m2 } };
      })
      .filter(({ properties }) => properties.area_m2 >= (flags.minArea ?? 0));
  });
  if (flags.all) return outlines.flat();
  const best = outlines.find((regions) => regions.length > 0) ?? [];
  return best.toSorted((a, b) => b.properties.area_m2 - a.properties.area_m2).slice(0, 1);
}

/** Whether some outline of a mask is at least so large. */
export function hasOutlineOf(
  leastM2: number,
  { mask, window, place }: Pick<PlacedMask, 'mask' | 'window'> & Pick<PlaceJob, 'place'>,
): boolean {
  return traceMask(mask).some(
    (polygon) => measure(moved(polygon, window), place).areaM2 >= leastM2,
  );
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
  const [first] = polygons;
  if (!flags.simplify || !first) return polygons;
  const { toMetres } = groundFrame(place, first.outer[0]!);
  return simplify(polygons, { toleranceMetres: flags.simplify, toMetres });
}

/** The masks on the whole scene, 1 where something was found. */
function maskTiles(found: readonly PlacedMask[], { widthPx, heightPx }: Place): TileSource {
  return {
    sample: 'uint8',
    widthPx,
    heightPx,
    tilePx: TILE_PX,
    readTile: async (column, row) => {
      const [left, top] = [column * TILE_PX, row * TILE_PX];
      let tile: Uint8Array | null = null;
      for (const { mask, window } of found) {
        const [x, y] = [left - window.x, top - window.y];
        if (x >= mask.widthPx || y >= mask.heightPx || x <= -TILE_PX || y <= -TILE_PX) continue;
        tile ??= new Uint8Array(TILE_PX * TILE_PX);
        for (let i = Math.max(0, -y); i < Math.min(TILE_PX, mask.heightPx - y); i += 1) {
          for (let j = Math.max(0, -x); j < Math.min(TILE_PX, mask.widthPx - x); j += 1) {
            tile[i * TILE_PX + j]! |= mask.data[(y + i) * mask.widthPx + x + j]!;
          }
        }
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
  const folder = await mkdtemp(join(tmpdir(), 'zeroov-'));
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
