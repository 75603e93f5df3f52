import type { Random } from './random.ts';
import { type Canvas, type Point, paint, type Rgb } from './raster.ts';

/** The ground of a scene, in units of the image's side (0..1, x right, y down). */
export interface Ground {
  readonly base: LandName;
  readonly water: Water;
  readonly road: readonly [from: Point, to: Point] | null;
  readonly fields: readonly { centre: Point; half: Point; angle: number; colour: Rgb }[];
}

/** `distance`: negative in the water, in units of the image's side. A river also has a course, for its bridges. */
export type Water =
  | { kind: 'none' }
  | { kind: 'open' }
  | { kind: 'sea'; normal: Point; offset: number; wave: number }
  | { kind: 'river'; normal: Point; offset: number; width: number; wave: number };

const LAND = {
  grass: [98, 128, 72],
  soil: [148, 120, 88],
  sand: [204, 186, 144],
  concrete: [166, 165, 160],
} as const satisfies Record<string, Rgb>;
export type LandName = keyof typeof LAND;

const WATER: Rgb = [52, 92, 118];
const ROAD: Rgb = [98, 98, 102];
const CROPS: readonly Rgb[] = [
  [120, 140, 74],
  [172, 154, 92],
  [86, 112, 62],
  [140, 112, 80],
];

export function drawGround(random: Random): Ground {
  const water = drawWater(random);
  const base = random.pick(Object.keys(LAND) as LandName[]);
  const fields = water.kind === 'open' || base === 'concrete' ? 0 : random.int(0, 2);
  return {
    base,
    water,
    road: water.kind === 'none' && random.chance(0.5) ? drawRoad(random) : null,
    fields: Array.from({ length: fields }, () => ({
      centre: [random.next(), random.next()] as const,
      half: [random.between(0.1, 0.25), random.between(0.1, 0.25)] as const,
      angle: random.between(0, Math.PI),
      colour: random.pick(CROPS),
    })),
  };
}

function drawWater(random: Random): Water {
  const angle = random.between(0, 2 * Math.PI);
  const normal: Point = [Math.cos(angle), Math.sin(angle)];
  const dice = random.next();
  const wave = random.between(0, 6);
  if (dice < 0.4) return { kind: 'none' };
  if (dice < 0.5) return { kind: 'open' };
  if (dice < 0.8) return { kind: 'sea', normal, offset: random.between(-0.08, 0.12), wave };
  const offset = random.between(-0.2, 0.2);
  return { kind: 'river', normal, offset, width: random.between(0.14, 0.22), wave };
}

function drawRoad(random: Random): readonly [Point, Point] {
  const across = random.chance(0.5);
  const a = random.between(0.05, 0.95);
  const b = random.between(0.05, 0.95);
  return across
    ? [
        [-0.1, a],
        [1.1, b],
      ]
    : [
        [a, -0.1],
        [b, 1.1],
      ];
}

/** Signed distance to the water's edge as a function of a point, negative in the water, units of the image's side. */
export function distanceToWater(water: Water): (x: number, y: number) => number {
  if (water.kind === 'none') return () => 1;
  if (water.kind === 'open') return () => -1;
  const [nx, ny] = water.normal;
  const { offset, wave } = water;
  const half = water.kind === 'river' ? water.width / 2 : null;
  return (x, y) => {
    const across = (x - 0.5) * nx + (y - 0.5) * ny - offset;
    const along = (y - 0.5) * nx - (x - 0.5) * ny;
    const bent = across + 0.02 * Math.sin(along * 9 + wave);
    return half === null ? bent : Math.abs(bent) - half;
  };
}

const LATTICE = 17;

/** Paints the ground over the whole canvas: textured land, fields, a road, water with a pale shore. */
export function paintGround(canvas: Canvas, ground: Ground, random: Random): void {
  const { widthPx, heightPx } = canvas;
  fillLand(canvas, LAND[ground.base]);
  for (const field of ground.fields) {
    const centre: Point = [field.centre[0] * widthPx, field.centre[1] * heightPx];
    const half: Point = [field.half[0] * widthPx, field.half[1] * heightPx];
    const shape = { kind: 'rect', centre, half, angle: field.angle, round: 0 } as const;
    paint(canvas, shape, { colour: field.colour, opacity: 0.8 });
  }
  if (ground.road) paintRoad(canvas, ground.road);
  if (ground.water.kind !== 'none') paintWater(canvas, ground.water);
  addTexture(canvas, random);
}

function fillLand(canvas: Canvas, [r, g, b]: Rgb): void {
  const { data } = canvas;
  for (let i = 0; i < data.length; i += 3) {
    data[i] = r;
    data[i + 1] = g;
    data[i + 2] = b;
  }
}

function paintRoad(canvas: Canvas, [a, b]: readonly [Point, Point]): void {
  const w = canvas.widthPx;
  const from: Point = [a[0] * w, a[1] * w];
  const to: Point = [b[0] * w, b[1] * w];
  paint(canvas, { kind: 'capsule', from, to, radius: 0.035 * w }, { colour: ROAD });
  const line = { kind: 'capsule', from, to, radius: 0.004 * w } as const;
  paint(canvas, line, { colour: [210, 205, 180], opacity: 0.7 });
}

const SHORE = 0.012;

function paintWater(canvas: Canvas, water: Water): void {
  const w = canvas.widthPx;
  const distanceTo = distanceToWater(water);
  for (let y = 0; y < canvas.heightPx; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const distance = distanceTo((x + 0.5) / w, (y + 0.5) / w) * w;
      const wet = Math.min(1, Math.max(0, 0.5 - distance));
      const i = (y * w + x) * 3;
      if (wet > 0) blend(canvas.data, i, WATER, wet);
      if (Math.abs(distance) < SHORE * w) blend(canvas.data, i, [214, 204, 176], 0.35);
    }
  }
}

function blend(data: Uint8Array, i: number, colour: Rgb, alpha: number): void {
  for (let k = 0; k < 3; k += 1) data[i + k] = data[i + k]! + (colour[k]! - data[i + k]!) * alpha;
}

/** Two octaves of lattice noise (±14 grey levels) and a white-noise grain (±5). */
function addTexture(canvas: Canvas, random: Random): void {
  const { widthPx, heightPx, data } = canvas;
  const coarse = drawLattice({ side: 8, reach: 9, widthPx, random });
  const fine = drawLattice({ side: LATTICE, reach: 5, widthPx, random });
  for (let y = 0, i = 0; y < heightPx; y += 1) {
    const v = y / heightPx;
    const [a, b, under] = rowsAt(coarse, v);
    const [c, d, below] = rowsAt(fine, v);
    for (let x = 0; x < widthPx; x += 1, i += 3) {
      const grain = random.next() * 10 - 5;
      const value =
        a[x]! * (1 - under) + b[x]! * under + (c[x]! * (1 - below) + d[x]! * below) + grain;
      for (let k = i; k < i + 3; k += 1) {
        const lit = data[k]! + value;
        data[k] = lit < 0 ? 0 : lit > 255 ? 255 : lit;
      }
    }
  }
}

interface LatticeChoice {
  readonly side: number;
  readonly reach: number;
  readonly widthPx: number;
  readonly random: Random;
}

/** A side × side lattice of numbers within ±reach, its rows interpolated at the columns x / widthPx: [side][widthPx]. */
function drawLattice({ side, reach, widthPx, random }: LatticeChoice): Float64Array[] {
  const values = Float32Array.from({ length: side * side }, () => random.between(-reach, reach));
  return Array.from({ length: side }, (_, row) =>
    Float64Array.from({ length: widthPx }, (_, x) => {
      const at = (x / widthPx) * (side - 1);
      const col = Math.floor(at);
      const i = row * side + col;
      return values[i]! * (1 - (at - col)) + values[i + 1]! * (at - col);
    }),
  );
}

/** The rows above and below v in [0, 1), and the lower one's share. */
function rowsAt(
  rows: readonly Float64Array[],
  v: number,
): readonly [Float64Array, Float64Array, number] {
  const at = v * (rows.length - 1);
  const row = Math.floor(at);
  return [rows[row]!, rows[row + 1]!, at - row];
}

/** Whether a disk of this radius lies on land (`land`) or in water (`water`) with its middle three quarters. */
export function stands(water: Water, on: 'land' | 'water', at: Point, radius: number): boolean {
  const distance = distanceToWater(water)(...at);
  return on === 'land' ? distance > radius * 0.8 : distance < -radius * 0.55;
}

/** A point on a river's course and the angle of its crossing, or null where the course leaves the image. */
export function crossing(water: Water, random: Random): { at: Point; angle: number } | null {
  if (water.kind !== 'river') return null;
  const [nx, ny] = water.normal;
  const along = random.between(-0.4, 0.4);
  const across = water.offset - 0.02 * Math.sin(along * 9 + water.wave);
  const at: Point = [0.5 + across * nx - along * ny, 0.5 + across * ny + along * nx];
  const inside = at.every((v) => v > 0.12 && v < 0.88);
  return inside ? { at, angle: Math.atan2(ny, nx) } : null;
}
