/**
 * Grounding in a scene larger than one network input: the method over overlapping tiles.
 *
 * Each stage runs over all tiles before the next begins, and what the tiles say is laid on one grid over the scene and brought
 * to 0..1 there, BEFORE seeds are chosen and grown: an object across a seam is one object, and a tile without the object
 * does not win because its own best cell is a 1, nor because what little attention it draws falls on one cell (`byMass`).
 * Memory: one tile's networks, grids of one value a cell, and what a `TileMemory` holds of the tiles' maps; every tile is
 * asked once, and its maps are recalled once all ranges are known.
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
import { rememberTiles, type TileMemory, type TileSaying } from './tile-memory.ts';
import { planTiles, type Tile } from './tiles.ts';
import { isValidAt, muted, seenCells, validPixels, validPlaces } from './validity.ts';
import type { Stage, Watch } from './watch.ts';

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
  readonly tiles: {
    readonly planned: number;
    readonly looked: number;
    /** The look from afar: its tiles, and how many times smaller than a tile's its pixels were. Null where there was none. */
    readonly coarse: { readonly looked: number; readonly shrink: number } | null;
  };
}

/** Cells of the look from afar above this share of its range are looked at again. */
const POINTED_AT = 0.5;

/**
 * Grounds one expression in a scene; `looker` knows the expression. What `tiles` remembers is not asked again, so it must
 * be of the same scene, expression, checkpoints and options.
 *
 * @throws REGION_TOO_LARGE, CANCELLED and what reading and networks throw
 */
export async function groundScene(
  looker: Looker,
  scene: SceneReader,
  o: MethodOptions & SceneOptions,
  watch: Watch = {},
  memory: TileMemory = rememberTiles(),
): Promise<SceneGrounding> {
  const plans = o.scales.map((scale) => planTiles(scene, { ...o, scale }));
  const finest = plans[o.scales.indexOf(Math.max(...o.scales))]!;
  const run: Run = { looker, scene, o, watch, memory, window: finest[0]!.window };
  const coarse = o.search === 'exhaustive' ? null : planCoarse(scene, o);
  const chosen = coarse ? await pointedAt(run, plans, coarse.tiles) : plans;
  const c = await relevanceOver(run, { stage: 'tiles', plans: chosen }); // [H, W]
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
  const validIn = (window: Window) => validPixels(scene, window);
  return {
    regions: await regionsOf(map, { scene, alpha: o.alpha, validIn }),
    maps: { relevance: c, attention, evolved: map },
    tiles: {
      planned: count(plans),
      looked: count(chosen),
      coarse: coarse && { looked: coarse.tiles.length, shrink: coarse.shrink },
    },
  };
}

interface Run {
  readonly looker: Looker;
  readonly scene: SceneReader;
  readonly o: MethodOptions & SceneOptions;
  readonly watch: Watch;
  readonly memory: TileMemory;
  /** A window of the finest scale: its 32 cells a side are the scene's cells. */
  readonly window: Window;
}

/** The whole scene in one tile, or in as many as show it no more than `shrink` times smaller. */
function planCoarse(scene: Size, o: SceneOptions): { tiles: readonly Tile[]; shrink: number } {
  const finest = Math.max(...o.scales);
  const inOne = o.tilePx / Math.max(scene.widthPx, scene.heightPx);
  const scale = Math.min(finest, Math.max(inOne, finest / o.shrink));
  return { tiles: planTiles(scene, { ...o, scale }), shrink: finest / scale };
}

/** The tiles that hold a cell which the look from afar points at. */
async function pointedAt(
  run: Run,
  plans: readonly (readonly Tile[])[],
  coarse: readonly Tile[],
): Promise<Tile[][]> {
  const { scene } = run;
  const c = await relevanceOver(run, { stage: 'coarse', plans: [coarse] });
  const [height, width] = c.shape as readonly [h: number, w: number];
  const points = [...c.data.keys()].filter((i) => c.data[i]! > POINTED_AT);
  // What has data in few places can lie beside every cell of that look, which then knows nothing.
  if (points.length === 0) return plans.map((tiles) => [...tiles]);
  const holds = ({ window }: Tile) =>
    points.some((i) => {
      const x = (((i % width) + 0.5) * scene.widthPx) / width - window.x;
      const y = ((Math.floor(i / width) + 0.5) * scene.heightPx) / height - window.y;
      return x >= 0 && y >= 0 && x < window.widthPx && y < window.heightPx;
    });
  return plans.map((tiles) => tiles.filter(holds));
}

/**
 * c over the scene: every layer of a tile by its mass (`byMass`), brought to 0..1 over all tiles of a scale, weighed, the scales
 * averaged. [H, W], 0..1
 */
async function relevanceOver(
  run: Run,
  { stage, plans }: { stage: Stage; plans: readonly (readonly Tile[])[] },
): Promise<Float32Tensor> {
  const { looker, o } = run;
  const unit = (seen: Float64Array) => relevanceToUnit(seen, o);
  const ask = (image: RgbImage) => looker.read(image);
  return averageScales(run, { plans, unit }, async function* (tiles) {
    const ranges: Range[] = o.layerWeights.map(() => ({ min: Infinity, max: -Infinity }));
    for await (const { said } of overTiles(run, { stage, tiles, ask })) {
      const seen = seenCells(said, said.valid);
      for (const [l, layer] of byMass(said).entries()) {
        ranges[l] = join(ranges[l]!, rangeOf(layer.filter((_, i) => seen[i])));
      }
    }
    for await (const heard of overTiles(run, { stage, tiles })) {
      yield { ...heard, map: weighLayers(byMass(heard.said), o.layerWeights, ranges) };
    }
  });
}

/**
 * A tile's layers [h·w] for comparison with other tiles': each shifted by its min, divided by its max and multiplied by its
 * mass, which is the share, 0..1, of a row of attention that falls on cells with a picture.
 *
 * Ours, for scenes; the paper has one picture. A VLM answers with a box whether the object is there or not, and its attention
 * then peaks somewhere. But a row is shared out between picture and text: a picture without the object draws less of it.
 * So a tile's map says where in the tile, its mass how much the tile counts; a flat map points nowhere and counts as none.
 * Over a single tile it is a shift and a factor, which the scene's range takes out again.
 */
function byMass(said: TileSaying): Float64Array[] {
  const seen = seenCells(said, said.valid);
  return said.layers.map((layer) => {
    const drawn = layer.filter((_, i) => seen[i]);
    const mass = drawn.reduce((sum, share) => sum + share, 0);
    const { min, max } = rangeOf(drawn);
    return layer.map((share) => ((share - min) * mass) / (max || 1));
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
  const ask = async (image: RgbImage, { window }: Tile) => {
    const structure = mergeScales(await looker.focus(image), o); // [N, N], N = 32²
    const here = sampleWindow(map, { scene, window, cells }); // [32, 32]
    const layers = [Float64Array.from(associate(structure, here, o))]; // [N]
    return { layers, height: cells, width: cells };
  };
  return averageScales(run, { plans, unit }, async function* (tiles) {
    for await (const heard of overTiles(run, { stage: 'focus', tiles, ask })) {
      yield { ...heard, map: Float32Array.from(heard.said.layers[0]!) };
    }
  });
}

interface Pass {
  readonly stage: Stage;
  readonly tiles: readonly Tile[];
  /** Not needed for tiles that are all remembered. */
  readonly ask?: (image: RgbImage, tile: Tile) => Promise<Omit<TileSaying, 'valid'>>;
}

interface Heard {
  readonly window: Window;
  readonly said: TileSaying;
}

/** Every tile with a picture and what is said of it: remembered, or asked now and remembered. */
async function* overTiles(
  { scene, watch, memory }: Run,
  { stage, tiles, ask }: Pass,
): AsyncGenerator<Heard> {
  const show = (done: number) => {
    if (ask) watch.onProgress?.({ stage, done, total: tiles.length });
  };
  for (const [i, tile] of tiles.entries()) {
    throwIfAborted(watch.signal);
    show(i);
    const key = keyOf(stage, tile);
    let said = await memory.recall(key);
    if (said === undefined) {
      const { image, valid } = await scene.read(tile.window, tile.seen);
      said = valid.data.includes(1)
        ? { ...(await ask!(image, tile)), valid: validPlaces(valid) }
        : null;
      await memory.keep(key, said);
    }
    // Of a tile whose every cell lies beside its few pixels nothing is known.
    if (said && seenCells(said, said.valid).includes(1)) yield { window: tile.window, said };
  }
  show(tiles.length);
}

/** The coarse look and the tiles see the same where window and size are the same. */
function keyOf(stage: Stage, { window: w, seen }: Tile): string {
  const asked = stage === 'focus' ? 'focus' : 'read';
  return `${asked} ${w.x},${w.y},${w.widthPx},${w.heightPx} at ${seen.widthPx}x${seen.heightPx}`;
}

function join(a: Range, b: Range): Range {
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) };
}

interface Laid extends Heard {
  /** [h·w] of the tile. */
  readonly map: Float32Array;
}

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
  mapsOf: (tiles: readonly Tile[]) => AsyncIterable<Laid>,
): Promise<Float32Tensor> {
  const grids: Float32Tensor[] = [];
  for (const tiles of plans) {
    const grid = new SceneGrid(scene, { window, cells: WORKING_GRID });
    for await (const { window: at, said, map } of mapsOf(tiles)) {
      const { height, width, valid } = said;
      const isValid = (place: Place) => isValidAt(valid, place);
      grid.add({ window: at, map: muted(float32([height, width], map), valid), isValid });
    }
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
