import type { Box, RgbImage } from '../tensor/image.ts';
import { CATEGORY_NAMES, type CategoryName, categorySpec } from './categories.ts';
import type { ColourName } from './colours.ts';
import { type Expression, sayExpressions } from './expressions.ts';
import { crossing, drawGround, type Ground, paintGround, stands } from './ground.ts';
import { drawTint, type Placement, paintObject } from './objects.ts';
import { type Random, seededRandom } from './random.ts';
import { type Canvas, newCanvas, type Point } from './raster.ts';
import { STAGES, type Stage, type StageName } from './stages.ts';

export type SizeClass = 'small' | 'medium' | 'large';

export interface SceneObject {
  readonly id: number;
  readonly category: CategoryName;
  readonly colour: ColourName;
  readonly sizeClass: SizeClass;
  /** [H W], 0 or 1, of the visible pixels. */
  readonly mask: Uint8Array;
  /** Tight box of the mask. */
  readonly box: Box;
  /** The box's centre, px. */
  readonly centre: Point;
  /** Pixels in the mask. */
  readonly areaPx: number;
}

export interface Scene {
  readonly seed: number;
  readonly image: RgbImage;
  readonly objects: readonly SceneObject[];
  readonly expressions: readonly Expression[];
}

export interface SceneOptions {
  readonly seed: number;
  /** Side of the square image, px; default 256. */
  readonly sizePx?: number;
  /** A stage's name or a stage of one's own; default `d`. */
  readonly stage?: StageName | Stage;
}

const EDGE_SHARE = 0.12;
const TRIES = 60;
/** A salt that separates the pixels' noise from the layout, so that one seed is one layout at every size. */
const PIXEL_SALT = 0x5eed0001;
const WORDS_SALT = 0x5eed0002;

/**
 * An overhead scene with its objects' exact masks and with expressions that are true of exactly one of them.
 *
 * The layout depends on the seed and the stage, never on `sizePx`; image values 0..255, RGB. The same options give the
 * same bytes everywhere.
 */
export function makeScene(options: SceneOptions): Scene {
  const sizePx = options.sizePx ?? 256;
  const choice = options.stage ?? 'd';
  const stage: Stage = typeof choice === 'string' ? STAGES[choice] : choice;
  const layout = drawLayout(stage, seededRandom(options.seed));
  const canvas = newCanvas(sizePx);
  paintGround(canvas, layout.ground, seededRandom(options.seed + PIXEL_SALT));
  for (const [i, { placement }] of layout.placements.entries()) {
    paintObject(canvas, placement, i + 1);
  }
  const objects = describe(canvas, layout.placements);
  const random = seededRandom(options.seed + WORDS_SALT);
  return {
    seed: options.seed,
    image: { widthPx: sizePx, heightPx: sizePx, data: canvas.data },
    objects,
    expressions: sayExpressions({ objects, sizePx, kinds: stage.kinds, random }),
  };
}

interface Placed {
  readonly placement: Placement;
  readonly sizeClass: SizeClass;
}

interface Layout {
  readonly ground: Ground;
  readonly placements: readonly Placed[];
}

/** Draws grounds until one holds the stage's least number of objects. */
function drawLayout(stage: Stage, random: Random): Layout {
  for (;;) {
    const ground = drawGround(random);
    const count = random.int(stage.objects[0], stage.objects[1]);
    const placements: Placed[] = [];
    for (let i = 0; i < TRIES && placements.length < count; i += 1) {
      const placed = drawObject({ stage, ground, placements, random });
      if (placed) placements.push(placed);
    }
    if (placements.length >= stage.objects[0]) return { ground, placements };
  }
}

interface Drawing {
  readonly stage: Stage;
  readonly ground: Ground;
  readonly placements: readonly Placed[];
  readonly random: Random;
}

/** One object that stands where its category may, apart from the others; null when this draw does not fit. */
function drawObject({ stage, ground, placements, random }: Drawing): Placed | null {
  const repeats = placements.length > 0 && random.chance(stage.repeat);
  const category = repeats
    ? random.pick(placements).placement.category
    : random.pick(CATEGORY_NAMES);
  const spec = categorySpec(category);
  const sizeClass = random.pick(['small', 'medium', 'large'] as const);
  const radius = random.between(...stage.radius[sizeClass]);
  const over = spec.habitat === 'crossing' ? crossing(ground.water, random) : null;
  const at = over?.at ?? drawPoint(radius, random);
  if (spec.habitat === 'crossing' ? !over : !stands(ground.water, spec.habitat, at, radius)) {
    return null;
  }
  const clear = placements.every(({ placement: p }) => {
    const distance = Math.hypot(p.at[0] - at[0], p.at[1] - at[1]);
    return distance > (p.radius + radius) * 0.98 + 0.01;
  });
  if (!clear) return null;
  const colour = random.pick(spec.colours);
  const angle = over ? over.angle : random.between(0, 2 * Math.PI);
  const tint = drawTint(colour, random);
  const placement = { category, colour, at, radius, angle, variant: random.next(), tint };
  return { placement, sizeClass };
}

/** A point that keeps an object inside the image, or, sometimes, lets an edge cut it. */
function drawPoint(radius: number, random: Random): Point {
  const margin = random.chance(EDGE_SHARE) ? radius * 0.55 : radius;
  return [random.between(margin, 1 - margin), random.between(margin, 1 - margin)];
}

/** Reads every object's mask, box and area off the owner map, in one pass. */
function describe({ owner, widthPx: sizePx }: Canvas, placed: readonly Placed[]): SceneObject[] {
  const masks = placed.map(() => new Uint8Array(owner.length));
  const boxes = placed.map(() => [sizePx, sizePx, 0, 0] as [number, number, number, number]);
  const areas = placed.map(() => 0);
  for (let i = 0; i < owner.length; i += 1) {
    const id = owner[i]! - 1;
    if (id < 0) continue;
    masks[id]![i] = 1;
    areas[id]! += 1;
    const x = i % sizePx;
    const y = (i - x) / sizePx;
    const box = boxes[id]!;
    if (x < box[0]) box[0] = x;
    if (x >= box[2]) box[2] = x + 1;
    if (y < box[1]) box[1] = y;
    if (y >= box[3]) box[3] = y + 1;
  }
  return placed.map(({ placement: { category, colour }, sizeClass }, id) => {
    const [left, top, right, bottom] = boxes[id]!;
    const centre: Point = [(left + right) / 2, (top + bottom) / 2];
    const box: Box = [left, top, right, bottom];
    return { id, category, colour, sizeClass, mask: masks[id]!, box, centre, areaPx: areas[id]! };
  });
}
