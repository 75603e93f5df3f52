/**
 * Is one object found in a mosaic of 4 × 4 scenes, and does it lie where it is? Tiled against whole, over mosaics of synthetic
 * scenes that each hold one object; only one object is of the category that is asked for.
 *
 *   npx tsx bench/mosaic.ts [--mosaics 50] [--order O-E] [--searches exhaustive,coarse-to-fine,coarse-to-fine/4,whole]
 *     [--seed 985000000] [--tile 256]
 *
 * `coarse-to-fine/4` is that search with `--shrink 4`. It prints, for every search of the same method and for what SAM makes of
 * its answer (`--refine box`):
 * - found: the best region's box has an IoU of at least 0.5 with the target's; mean IoU of boxes and of masks; the same for
 *   targets that a tile's edge cuts and for those that none cuts; tiles looked at.
 * - edges: how far the box's edges and its centre are from the target's, in pixels. Without SAM a mask is cut from 32 × 32 cells
 *   a tile, so this is the network's accuracy and not better than a cell; `cell` says how large one is.
 * - one tile: found, with the same IoU, where a tile around the target is all that is looked at: what the network can without a search.
 * - seams: how far the box's edges are from those that one tile around the target alone gives, for targets it was found of in
 *   both: what being cut costs, beside what the network says differently of another cutout.
 * - placed: the largest distance between a corner of the mask's outlines and the same corner in GeoJSON, brought back to
 *   pixels. This is what "within one pixel" can mean.
 *
 * Searches share what the networks said of a tile, so every tile is read once a mosaic: 36 readings at 4 × 4 with the defaults.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { oneOf } from '../src/cli/parse.ts';
import { apply, invert } from '../src/geo/affine.ts';
import { type Region as Outline, toGeoJson } from '../src/geo/geojson.ts';
import { mapRings } from '../src/geo/polygon.ts';
import { traceMask } from '../src/geo/trace.ts';
import { openScene, type Scene } from '../src/imagery/scene.ts';
import type { Window } from '../src/imagery/window.ts';
import { createGrounder } from '../src/pipeline/grounder.ts';
import { ORDERS } from '../src/pipeline/presets.ts';
import { SEARCHES } from '../src/pipeline/scene-options.ts';
import { partOf, regionOfWhole } from '../src/pipeline/scene-part.ts';
import type { Region } from '../src/pipeline/scene-regions.ts';
import { rememberTiles } from '../src/pipeline/tile-memory.ts';
import { planTiles } from '../src/pipeline/tiles.ts';
import { seededRandom } from '../src/synthetic/random.ts';
import { makeScene, type SceneObject, type Scene as Synthetic } from '../src/synthetic/scene.ts';
import type { Box } from '../src/tensor/image.ts';
import { machine, median, memory } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    mosaics: { type: 'string', default: '50' },
    order: { type: 'string', default: 'O-E' },
    searches: { type: 'string', default: 'exhaustive,coarse-to-fine,coarse-to-fine/4,whole' },
    seed: { type: 'string', default: '985000000' },
    tile: { type: 'string', default: '256' },
  },
});
const order = ORDERS.find((name) => name === flags.order);
if (!order) throw new RangeError(`--order: one of ${ORDERS.join(', ')}`);
const demo = (name: string) =>
  fileURLToPath(new URL(`../checkpoints/demo/${name}`, import.meta.url));

/** A scene's side, and how many of them lie side by side. */
const SCENE_PX = 256;
const ACROSS = 4;
const SIDE = SCENE_PX * ACROSS;
const tilePx = Number(flags.tile);
const OVERLAP = 0.25;
/** UTM 32 N, 0.5 m a pixel: the centre of the top-left pixel. */
const WORLD = [0.5, 0, 0, -0.5, 400_000.25, 5_600_000 - 0.25];

interface Mosaic {
  readonly path: string;
  readonly expression: string;
  /** In the mosaic. */
  readonly box: Box;
  /** [SIDE²] */
  readonly mask: Uint8Array;
}

/** Sixteen scenes of one object: one that `text` is true of, fifteen of other categories. */
async function makeMosaic(seed: number, folder: string): Promise<Mosaic> {
  const random = seededRandom(seed);
  const next = () => makeScene({ seed: 900_000_000 + random.int(0, 99_999_999), stage: 'a' });
  let target: Synthetic;
  let said: Synthetic['expressions'][number] | undefined;
  do {
    target = next();
    said = target.expressions.find(({ kind }) => kind === 'category');
  } while (!said);
  const object = target.objects[0]!;
  const place = random.int(0, ACROSS ** 2 - 1);
  const data = new Uint8Array(SIDE * SIDE * 3);
  const mask = new Uint8Array(SIDE * SIDE);
  for (let cell = 0; cell < ACROSS ** 2; cell += 1) {
    let scene = target;
    while (cell !== place && scene.objects[0]!.category === object.category) scene = next();
    const at = { x: (cell % ACROSS) * SCENE_PX, y: Math.floor(cell / ACROSS) * SCENE_PX };
    for (let y = 0; y < SCENE_PX; y += 1) {
      const to = (at.y + y) * SIDE + at.x;
      data.set(scene.image.data.subarray(y * SCENE_PX * 3, (y + 1) * SCENE_PX * 3), to * 3);
      if (cell !== place) continue;
      mask.set(object.mask.subarray(y * SCENE_PX, (y + 1) * SCENE_PX), to);
    }
  }
  const path = join(folder, `${seed}.png`);
  const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
  await sharp(data, { raw }).png().toFile(path);
  await writeFile(join(folder, `${seed}.pgw`), WORLD.join('\n'));
  return { path, expression: said.text, box: inMosaic(object, place), mask };
}

function inMosaic({ box: [x1, y1, x2, y2] }: SceneObject, cell: number): Box {
  const [x, y] = [(cell % ACROSS) * SCENE_PX, Math.floor(cell / ACROSS) * SCENE_PX];
  return [x1 + x, y1 + y, x2 + x, y2 + y];
}

/** Whether some tile of the plan holds a part of the box and not all of it. */
function isCut([x1, y1, x2, y2]: Box): boolean {
  const size = { widthPx: SIDE, heightPx: SIDE };
  return planTiles(size, { tilePx, overlap: OVERLAP, scale: 1 }).some(({ window }) => {
    const { x, y, widthPx, heightPx } = window;
    const meets = x1 < x + widthPx && x2 > x && y1 < y + heightPx && y2 > y;
    const holds = x1 >= x && x2 <= x + widthPx && y1 >= y && y2 <= y + heightPx;
    return meets && !holds;
  });
}

function boxIou(a: Box, b: Box): number {
  const side = (k: 0 | 1) => Math.max(0, Math.min(a[k + 2]!, b[k + 2]!) - Math.max(a[k]!, b[k]!));
  const area = (x: Box) => (x[2] - x[0]) * (x[3] - x[1]);
  const both = side(0) * side(1);
  return both / (area(a) + area(b) - both);
}

function maskIou({ window, mask }: Region, truth: Uint8Array): number {
  let both = 0;
  let own = 0;
  for (const [i, pixel] of mask.data.entries()) {
    const x = window.x + (i % window.widthPx);
    const y = window.y + Math.floor(i / window.widthPx);
    own += pixel;
    both += pixel && truth[y * SIDE + x] ? 1 : 0;
  }
  return both / (own + truth.reduce((sum, pixel) => sum + pixel, 0) - both);
}

/** The largest distance in pixels that a corner of the region's outlines moves on its way through GeoJSON. */
function placementError({ window, mask }: Region, { place }: Scene): number {
  const properties = {
    expression: '',
    score: 1,
    area_m2: 0,
    source: '',
    checkpoint: '',
    preset: '',
  };
  const outlines: Outline[] = traceMask(mask).map((polygon) => ({
    polygon: mapRings(polygon, (ring) => ring.map(([x, y]) => [x + window.x, y + window.y])),
    properties,
  }));
  const back = invert(place!.affine);
  let worst = 0;
  for (const [i, { geometry }] of toGeoJson(outlines, place!).features.entries()) {
    const rings = geometry.type === 'Polygon' ? geometry.coordinates : geometry.coordinates.flat();
    const pixels = rings.flat().map((at) => apply(back, place!.crs.fromLonLat(at)));
    const { outer, holes } = outlines[i]!.polygon;
    for (const corner of [outer, ...holes].flat()) {
      const nearest = Math.min(
        ...pixels.map((p) => Math.hypot(p[0] - corner[0], p[1] - corner[1])),
      );
      worst = Math.max(worst, nearest);
    }
  }
  return worst;
}

interface Outcome {
  readonly cut: boolean;
  readonly box: number;
  readonly mask: number;
  /** Of the four edges, px. */
  readonly edges: readonly number[];
  /** Of the box's centre, px; null where it is not found. */
  readonly centre: number | null;
  readonly seams: readonly number[] | null;
  readonly placed: number;
  readonly looked: number;
}

const edgesApart = (a: Box, b: Box) => a.map((edge, i) => Math.abs(edge - b[i]!));
const centresApart = (a: Box, b: Box) =>
  Math.hypot(a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]) / 2;

const grounder = await createGrounder({
  vlm: demo('vlm'),
  sam: demo('sam'),
  ...(order.includes('F') ? { diffusion: demo('sd') } : {}),
  provider: 'cpu',
  keepLoaded: true,
});
const folder = await mkdtemp(join(tmpdir(), 'zeroov-mosaic-'));
const searches = flags.searches.split(',');
const outcomes = new Map<string, Outcome[]>();
const inOneTile: number[] = [];
const count = Number(flags.mosaics);
const started = performance.now();

/** One tile around the target alone: what no seam has a part in. */
function around([x1, y1, x2, y2]: Box): Window {
  const start = (low: number, high: number) =>
    Math.round(Math.min(SIDE - tilePx, Math.max(0, (low + high - tilePx) / 2)));
  return { x: start(x1, x2), y: start(y1, y2), widthPx: tilePx, heightPx: tilePx };
}

async function searchAll(mosaic: Mosaic, scene: Scene): Promise<string> {
  const remembered = rememberTiles();
  const { expression, box, mask } = mosaic;
  const base = { order, overlap: OVERLAP } as const;
  const alone = { window: around(box) };
  const { regions: inOne } = await grounder.groundScene(partOf(scene, alone), expression, {
    ...base,
    tilePx,
    search: 'exhaustive',
  });
  const single = inOne[0] && regionOfWhole(inOne[0], alone.window);
  inOneTile.push(single && boxIou(single.box, box) >= 0.5 ? 1 : 0);
  const line: string[] = [];
  const add = (name: string, best: Region | undefined, looked: number) => {
    const iou = best ? boxIou(best.box, box) : 0;
    const inBoth = best && single && iou >= 0.5 && boxIou(single.box, box) >= 0.5;
    const outcome: Outcome = {
      cut: isCut(box),
      box: iou,
      mask: best ? maskIou(best, mask) : 0,
      edges: best && iou >= 0.5 ? edgesApart(best.box, box) : [],
      centre: best && iou >= 0.5 ? centresApart(best.box, box) : null,
      seams: inBoth ? edgesApart(best.box, single.box) : null,
      placed: best ? placementError(best, scene) : 0,
      looked,
    };
    outcomes.set(name, [...(outcomes.get(name) ?? []), outcome]);
    line.push(`${name} ${iou.toFixed(2)}`);
  };
  for (const name of searches) {
    const [search, shrink] = name.split('/');
    const options =
      search === 'whole'
        ? ({ tilePx: SIDE, search: 'exhaustive' } as const)
        : {
            tilePx,
            search: oneOf('--searches', SEARCHES)(search!),
            ...(shrink ? { shrink: Number(shrink) } : {}),
          };
    // The interaction of a tile depends on the map over the scene; what the VLM read does not.
    const shared = order?.includes('F') ? rememberTiles() : remembered;
    const o = { ...base, ...options };
    const { regions, maps, tiles } = await grounder.groundScene(scene, expression, o, shared);
    const looked = tiles.looked + (tiles.coarse?.looked ?? 0);
    add(name, regions[0], looked);
    const chosen = { scene, maps, regions: regions.slice(0, 1) };
    const [refined] = await grounder.refineRegions(chosen, { ...o, refine: 'box' });
    add(`${name} + SAM`, refined, looked);
  }
  return line.join(', ');
}

try {
  for (let i = 0; i < count; i += 1) {
    const mosaic = await makeMosaic(Number(flags.seed) + i, folder);
    const scene = await openScene(mosaic.path, { epsg: 32632 });
    const line = await searchAll(mosaic, scene).finally(() => scene.close());
    await rm(mosaic.path);
    const left = ((performance.now() - started) / (i + 1)) * (count - i - 1);
    console.error(
      `${i + 1} of ${count}, some ${(left / 60_000).toFixed(1)} min left: "${mosaic.expression}" box IoU ${line}`,
    );
  }
} finally {
  await grounder.dispose();
  await rm(folder, { recursive: true, force: true });
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? Number.NaN : values.reduce((sum, x) => sum + x, 0) / values.length;
const percent = (value: number) => (100 * value).toFixed(1).padStart(6);
const hits = (of: readonly Outcome[]) => mean(of.map(({ box }) => (box >= 0.5 ? 1 : 0)));
const within = (values: readonly number[]) =>
  `${(100 * mean(values.map((d) => (d <= 1 ? 1 : 0)))).toFixed(0)} % within 1 px`;
const px = (values: readonly number[]) =>
  values.length === 0
    ? 'none'
    : `median ${median(values).toFixed(1)}, most ${Math.max(...values).toFixed(1)} px (n = ${values.length / 4})`;
console.log(machine());
console.log(
  `${count} mosaics of ${ACROSS} × ${ACROSS} scenes of ${SCENE_PX} px from seed ${flags.seed}, order ${order}, tiles of ${tilePx} px that overlap by ${OVERLAP}; ${((performance.now() - started) / 1000 / count).toFixed(1)} s a mosaic, peak memory ${memory().peak.toFixed(2)} GB`,
);
console.log(`cell of the scene's grid: ${tilePx / 32} px; of the whole's: ${SIDE / 32} px`);
console.log(
  `${'search'.padEnd(26)} found (%)   box, mask mIoU (%)   found of cut, uncut targets (%)   tiles looked at`,
);
for (const [name, of] of outcomes) {
  const [cut, uncut] = [of.filter((o) => o.cut), of.filter((o) => !o.cut)];
  console.log(
    `${name.padEnd(26)} ${percent(hits(of))}      ${percent(mean(of.map((o) => o.box)))} ${percent(mean(of.map((o) => o.mask)))}        ` +
      `${percent(hits(cut))} (${cut.length}), ${percent(hits(uncut))} (${uncut.length})        ${mean(of.map((o) => o.looked)).toFixed(1)}`,
  );
}
console.log(`found by one tile around the target alone: ${percent(mean(inOneTile)).trim()} %`);
for (const [name, of] of outcomes) {
  const edges = of.flatMap((o) => o.edges);
  console.log(`${name}: box edges from the target's: ${px(edges)}, ${within(edges)}`);
  const centres = of.flatMap(({ centre }) => centre ?? []);
  if (centres.length > 0) {
    console.log(
      `${name}: box centre from the target's: median ${median(centres).toFixed(2)} px, ${within(centres)}`,
    );
  }
  console.log(`${name}: from those of one tile around it: ${px(of.flatMap((o) => o.seams ?? []))}`);
  console.log(
    `${name}: corners through GeoJSON and back: ${Math.max(...of.map((o) => o.placed)).toFixed(4)} px at most`,
  );
}
