/**
 * Grounding in a scene larger than one network input: the method over overlapping tiles.
 *
 * Each stage runs over all tiles before the next begins, and what the tiles say is laid on one grid over the scene and brought
 * to 0..1 there, BEFORE seeds are chosen and grown: an object across a seam is one object, and a tile without the object
 * does not win because its own best cell is a 1. Memory: one tile's networks, and grids of one value a cell.
 */
import { throwIfAborted } from '../errors.ts';
import type { Window } from '../imagery/window.ts';
import type { Mask, RgbImage, Size } from '../tensor/image.ts';
import { type Range, rangeOf } from '../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { evolve } from './evolve.ts';
import { mergeScales, WORKING_GRID } from './focus.ts';
import { associate, toUnitRange } from './interact.ts';
import { relevanceToUnit, weighLayers } from './overview.ts';
import type { MethodOptions } from './presets.ts';
import { type Place, SceneGrid, sampleWindow } from './scene-grid.ts';
import type { SceneOptions } from './scene-options.ts';
import { type Region, regionsOf } from './scene-regions.ts';
import { planTiles, type Tile } from './tiles.ts';
import type { Watch } from './watch.ts';

/** A scene as its tiles are read. */
export interface SceneReader extends Size {
  /** A window at any output size, and which of its pixels have a picture. */
  read(window: Window, out: Size): Promise<{ image: RgbImage; valid: Mask }>;
}

/** What the networks say of a tile's picture. */
export interface Looker {
  /** Attention to the picture by VLM layer, each [h·w], the mean over heads and answer steps. */
  read(
    image: RgbImage,
  ): Promise<{ layers: readonly Float64Array[]; height: number; width: number }>;
  /** Self-attention by resolution, see `Evidence.scales`. */
  focus(image: RgbImage): Promise<ReadonlyMap<number, Float32Tensor>>;
  /** Called once all tiles were read, and once all were focused on. */
  release(stage: 'read' | 'focus'): Promise<void>;
}

export interface SceneGrounding {
  /** Best first: what to find is the first one. Empty where nothing was found. */
  readonly regions: readonly Region[];
  /** Over the whole scene [height, width]; NaN-free, 0 where no tile was looked at. */
  readonly maps: {
    readonly relevance: Float32Tensor;
    readonly attention: Float32Tensor | null;
    readonly evolved: Float32Tensor;
  };
  readonly tiles: { readonly planned: number; readonly looked: number };
}

/** Cells of the coarse look above this share of its range are looked at again. */
const POINTED_AT = 0.5;

/** Grounds one expression in a scene; `looker` knows the expression. @throws CANCELLED and what reading and networks throw */
export async function groundScene(
  looker: Looker,
  scene: SceneReader,
  o: MethodOptions & SceneOptions,
  watch: Watch = {},
): Promise<SceneGrounding> {
  const plans = o.scales.map((scale) => planTiles(scene, { ...o, scale }));
  const finest = plans[o.scales.indexOf(Math.max(...o.scales))]!;
  const run: Run = { looker, scene, o, watch, window: finest[0]!.window };
  const chosen = o.search === 'exhaustive' ? plans : await pointedAt(run, plans);
  const c = await relevanceOver(run, chosen); // [H, W]
  await looker.release('read');
  let map = c;
  let attention: Float32Tensor | null = null;
  for (const stage of o.order.replace('O', '')) {
    if (stage === 'F') {
      map = await attentionOver(run, chosen, map); // [H, W]
      await looker.release('focus');
      attention = map;
    }
    if (stage === 'E') map = evolve(map, c, o); // [H, W]
  }
  const count = (tiles: readonly (readonly Tile[])[]) => tiles.reduce((n, t) => n + t.length, 0);
  return {
    regions: regionsOf(map, { scene, alpha: o.alpha }),
    maps: { relevance: c, attention, evolved: map },
    tiles: { planned: count(plans), looked: count(chosen) },
  };
}

interface Run {
  readonly looker: Looker;
  readonly scene: SceneReader;
  readonly o: MethodOptions & SceneOptions;
  readonly watch: Watch;
  /** A window of the finest scale: its 32 cells a side are the scene's cells. */
  readonly window: Window;
}

/** The tiles that hold a cell which one look at the whole scene points at. */
async function pointedAt(run: Run, plans: readonly (readonly Tile[])[]): Promise<Tile[][]> {
  const { scene, o } = run;
  const scale = Math.min(1, o.tilePx / Math.max(scene.widthPx, scene.heightPx));
  const c = await relevanceOver(run, [planTiles(scene, { ...o, scale })]);
  const [height, width] = c.shape as readonly [h: number, w: number];
  const points = [...c.data.keys()].filter((i) => c.data[i]! > POINTED_AT);
  const holds = ({ window }: Tile) =>
    points.some((i) => {
      const x = (((i % width) + 0.5) * scene.widthPx) / width - window.x;
      const y = ((Math.floor(i / width) + 0.5) * scene.heightPx) / height - window.y;
      return x >= 0 && y >= 0 && x < window.widthPx && y < window.heightPx;
    });
  return plans.map((tiles) => tiles.filter(holds));
}

/** c over the scene: every layer brought to 0..1 over all tiles of a scale, weighed, the scales averaged. [H, W], 0..1 */
async function relevanceOver(
  run: Run,
  plans: readonly (readonly Tile[])[],
): Promise<Float32Tensor> {
  const { looker, o } = run;
  const unit = (seen: Float64Array) => relevanceToUnit(seen, o);
  return averageScales(run, { plans, unit }, async (tiles) => {
    const readings = await overTiles(run, tiles, async (image) => looker.read(image));
    const ranges = o.layerWeights.map((_, l) =>
      join(
        readings.map(({ said: { layers, height, width }, isValid }) => {
          const seen = seenCells({ shape: [height, width], isValid });
          return rangeOf(layers[l]!.filter((_, i) => seen[i]));
        }),
      ),
    );
    return readings.map(({ said, ...tile }) => {
      const relevance = weighLayers(said.layers, o.layerWeights, ranges);
      return { ...tile, map: float32([said.height, said.width], relevance) };
    });
  });
}

/** The interaction of each tile's structure with the map over the scene. [H, W], 0..1 */
async function attentionOver(
  run: Run,
  plans: readonly (readonly Tile[])[],
  map: Float32Tensor,
): Promise<Float32Tensor> {
  const { looker, scene, o } = run;
  const cells = WORKING_GRID;
  const unit = (seen: Float64Array) => toUnitRange(seen, o);
  return averageScales(run, { plans, unit }, async (tiles) => {
    const focused = await overTiles(run, tiles, async (image, { window }) => {
      const structure = mergeScales(await looker.focus(image), o); // [N, N], N = 32²
      const here = sampleWindow(map, { scene, window, cells }); // [32, 32]
      return Float32Array.from(associate(structure, here, o)); // [N]
    });
    return focused.map(({ said, ...tile }) => ({ ...tile, map: float32([cells, cells], said) }));
  });
}

interface Heard<T> {
  readonly window: Window;
  readonly isValid: (place: Place) => boolean;
  readonly said: T;
}

/** Asks about every tile that has a picture at all. */
async function overTiles<T>(
  { scene, watch }: Run,
  tiles: readonly Tile[],
  ask: (image: RgbImage, tile: Tile) => Promise<T>,
): Promise<Heard<T>[]> {
  const heard: Heard<T>[] = [];
  for (const [i, tile] of tiles.entries()) {
    throwIfAborted(watch.signal);
    watch.onProgress?.({ stage: 'tiles', done: i, total: tiles.length });
    const { image, valid } = await scene.read(tile.window, tile.seen);
    if (!valid.data.includes(1)) continue;
    const isValid = ({ x, y }: Place) => valid.data[pixelAt({ x, y }, valid)] === 1;
    heard.push({ window: tile.window, isValid, said: await ask(image, tile) });
  }
  watch.onProgress?.({ stage: 'tiles', done: tiles.length, total: tiles.length });
  return heard;
}

function pixelAt({ x, y }: Place, { widthPx, heightPx }: Size): number {
  const column = Math.min(widthPx - 1, Math.floor(x * widthPx));
  return Math.min(heightPx - 1, Math.floor(y * heightPx)) * widthPx + column;
}

/** The centres of a tile's cells [h·w] that have a picture. */
function seenCells({
  shape,
  isValid,
}: { shape: readonly number[] } & Pick<Laid, 'isValid'>): Uint8Array {
  const [height, width] = shape as readonly [h: number, w: number];
  return Uint8Array.from({ length: height * width }, (_, i) =>
    isValid({ x: ((i % width) + 0.5) / width, y: (Math.floor(i / width) + 0.5) / height }) ? 1 : 0,
  );
}

/** A tile's map with the least of its seen values where nothing was seen, so that what is no picture lends nothing. */
function muted(laid: Laid): Laid {
  const { shape, data } = laid.map;
  const seen = seenCells({ shape, ...laid });
  const { min } = rangeOf(data.filter((_, i) => seen[i]));
  return {
    ...laid,
    map: float32(
      shape,
      data.map((value, i) => (seen[i] ? value : min)),
    ),
  };
}

function join(ranges: readonly Range[]): Range {
  return {
    min: Math.min(...ranges.map(({ min }) => min)),
    max: Math.max(...ranges.map(({ max }) => max)),
  };
}

type Laid = Omit<Heard<unknown>, 'said'> & { readonly map: Float32Tensor };

interface Scales {
  /** The tiles of each scale. */
  readonly plans: readonly (readonly Tile[])[];
  /** Brings the cells that were seen to 0..1. */
  readonly unit: (seen: Float64Array) => Float32Array;
}

/** Lays the maps of each scale's tiles on the scene's grid, brings them to 0..1 there, and averages the scales. */
async function averageScales(
  { scene, window }: Run,
  { plans, unit }: Scales,
  mapsOf: (tiles: readonly Tile[]) => Promise<Laid[]>,
): Promise<Float32Tensor> {
  const grids: Float32Tensor[] = [];
  for (const tiles of plans) {
    const grid = new SceneGrid(scene, { window, cells: WORKING_GRID });
    for (const laid of await mapsOf(tiles)) grid.add(muted(laid));
    grids.push(float32([grid.height, grid.width], withUnseen(grid.values(), unit)));
  }
  const [first, ...rest] = grids as [Float32Tensor, ...Float32Tensor[]];
  const sum = first.data.map((x, i) => rest.reduce((s, { data }) => s + data[i]!, x));
  return float32(
    first.shape,
    sum.map((x) => x / grids.length),
  );
}

/** `unit` of the values that are there; 0 where none is. */
function withUnseen(values: Float64Array, unit: Scales['unit']): Float32Array {
  const seen = unit(values.filter((value) => !Number.isNaN(value)));
  let next = 0;
  return Float32Array.from(values, (value) => (Number.isNaN(value) ? 0 : seen[next++]!));
}
