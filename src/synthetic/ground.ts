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

/** Signed distance to the water's edge at a point, negative in the water, units of the image's side. */
export function waterDistance(water: Water, [x, y]: Point): number {
  if (water.kind === 'none') return 1;
  if (water.kind === 'open') return -1;
  const [nx, ny] = water.normal;
  const along = (y - 0.5) * nx - (x - 0.5) * ny;
  const across = (x - 0.5) * nx + (y - 0.5) * ny - water.offset;
  const bent = across + 0.02 * Math.sin(along * 9 + water.wave);
  return water.kind === 'sea' ? bent : Math.abs(bent) - water.width / 2;
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

function paintWater(canvas: Canvas, water: Water): void {
  const w = canvas.widthPx;
  for (let y = 0; y < canvas.heightPx; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const distance = waterDistance(water, [(x + 0.5) / w, (y + 0.5) / w]) * w;
      const wet = Math.min(1, Math.max(0, 0.5 - distance));
      const shore = Math.abs(distance) < 0.012 * w ? 0.35 : 0;
      blend(canvas.data, (y * w + x) * 3, WATER, wet);
      blend(canvas.data, (y * w + x) * 3, [214, 204, 176], shore);
    }
  }
}

function blend(data: Uint8Array, i: number, colour: Rgb, alpha: number): void {
  if (alpha === 0) return;
  for (let k = 0; k < 3; k += 1) data[i + k] = data[i + k]! + (colour[k]! - data[i + k]!) * alpha;
}

/** Two octaves of lattice noise (±14 grey levels) and a white-noise grain (±5). */
function addTexture(canvas: Canvas, random: Random): void {
  const coarse = Float32Array.from({ length: 8 * 8 }, () => random.between(-9, 9));
  const fine = Float32Array.from({ length: LATTICE * LATTICE }, () => random.between(-5, 5));
  const { widthPx, heightPx, data } = canvas;
  for (let y = 0; y < heightPx; y += 1) {
    const v = y / heightPx;
    for (let x = 0; x < widthPx; x += 1) {
      const u = x / widthPx;
      const grain = random.next() * 10 - 5;
      const value =
        lattice(coarse, { side: 8, u, v }) + lattice(fine, { side: LATTICE, u, v }) + grain;
      const i = (y * widthPx + x) * 3;
      for (let k = 0; k < 3; k += 1) data[i + k] = Math.min(255, Math.max(0, data[i + k]! + value));
    }
  }
}

/** Bilinear value of a side × side lattice at (u, v) in [0, 1). */
function lattice(values: Float32Array, at: { side: number; u: number; v: number }): number {
  const x = at.u * (at.side - 1);
  const y = at.v * (at.side - 1);
  const col = Math.floor(x);
  const row = Math.floor(y);
  const fx = x - col;
  const fy = y - row;
  const i = row * at.side + col;
  const top = values[i]! * (1 - fx) + values[i + 1]! * fx;
  const bottom = values[i + at.side]! * (1 - fx) + values[i + at.side + 1]! * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Whether a disk of this radius lies on land (`land`) or in water (`water`) with its middle three quarters. */
export function stands(water: Water, on: 'land' | 'water', at: Point, radius: number): boolean {
  const distance = waterDistance(water, at);
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
