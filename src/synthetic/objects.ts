import type { CategoryName } from './categories.ts';
import { COLOURS, type ColourName, shade } from './colours.ts';
import type { Random } from './random.ts';
import { type Canvas, type Point, paint, type Rgb, type Shape } from './raster.ts';

/** Where and how one object stands; lengths in units of the image's side, angle in radians. */
export interface Placement {
  readonly category: CategoryName;
  readonly colour: ColourName;
  readonly at: Point;
  /** Half of the object's longest extent. */
  readonly radius: number;
  readonly angle: number;
  /** Chooses among the category's details; painting at any size uses the same ones. */
  readonly variant: number;
  readonly tint: Rgb;
}

/** One painted part in the object's own frame: the object spans −1..1 along x, its front at +x. */
interface Part {
  readonly shape: Shape;
  readonly colour: Rgb;
  /** Details do not extend the mask: they lie inside the parts before them. */
  readonly detail?: boolean;
}

const LINE: Rgb = [235, 235, 228];
const GRASS: Rgb = [84, 140, 66];
const DIRT: Rgb = [168, 118, 74];

const disk = (x: number, y: number, radius: number): Shape => ({
  kind: 'disk',
  centre: [x, y],
  radius,
});
const ring = (radius: number, width: number): Shape => ({
  kind: 'ring',
  centre: [0, 0],
  radius,
  width,
});
const rect = (centre: Point, half: Point, round = 0): Shape => ({
  kind: 'rect',
  centre,
  half,
  angle: 0,
  round,
});
const capsule = (from: Point, to: Point, radius: number): Shape => ({
  kind: 'capsule',
  from,
  to,
  radius,
});
const polygon = (...points: Point[]): Shape => ({ kind: 'polygon', points });
const detail = (shape: Shape, colour: Rgb): Part => ({ shape, colour, detail: true });

const PARTS: Record<CategoryName, (colour: Rgb, variant: number) => Part[]> = {
  'storage tank': (c) => [
    { shape: disk(0, 0, 1), colour: shade(c, 0.72) },
    detail(disk(0, 0, 0.84), c),
    detail(ring(0.5, 0.08), shade(c, 0.8)),
    detail(disk(0, 0, 0.1), shade(c, 0.55)),
  ],
  building: (c, variant) =>
    variant < 0.5
      ? [
          { shape: rect([0, 0], [1, 0.62]), colour: shade(c, 0.7) },
          detail(rect([0, -0.28], [0.94, 0.28]), shade(c, 1.12)),
          detail(rect([0, 0.29], [0.94, 0.27]), shade(c, 0.9)),
        ]
      : [
          { shape: rect([0, 0.38], [1, 0.4]), colour: c },
          { shape: rect([-0.6, -0.25], [0.4, 0.7]), colour: shade(c, 0.86) },
          detail(rect([0.45, 0.38], [0.16, 0.16]), shade(c, 0.6)),
        ],
  ship: (c) => [
    {
      shape: polygon(
        [1, 0],
        [0.55, 0.3],
        [-0.9, 0.3],
        [-1, 0.16],
        [-1, -0.16],
        [-0.9, -0.3],
        [0.55, -0.3],
      ),
      colour: c,
    },
    detail(rect([-0.6, 0], [0.2, 0.2]), shade(c, c[0] + c[1] + c[2] > 600 ? 0.6 : 1.6)),
    detail(rect([0.15, 0], [0.4, 0.1]), shade(c, 0.7)),
  ],
  airplane: (c) => [
    {
      shape: polygon([0.3, 0.06], [-0.2, 0.95], [-0.42, 0.95], [-0.2, 0.06]),
      colour: shade(c, 0.88),
    },
    {
      shape: polygon([0.3, -0.06], [-0.2, -0.95], [-0.42, -0.95], [-0.2, -0.06]),
      colour: shade(c, 0.88),
    },
    {
      shape: polygon([-0.66, 0], [-0.82, 0.42], [-0.98, 0.42], [-0.92, 0]),
      colour: shade(c, 0.88),
    },
    {
      shape: polygon([-0.66, 0], [-0.82, -0.42], [-0.98, -0.42], [-0.92, 0]),
      colour: shade(c, 0.88),
    },
    { shape: capsule([-0.86, 0], [0.86, 0], 0.14), colour: c },
    detail(disk(0.84, 0, 0.07), [60, 70, 84]),
  ],
  vehicle: (c) => [
    { shape: rect([0, 0], [1, 0.5], 0.16), colour: c },
    detail(rect([0.34, 0], [0.16, 0.4], 0.05), [44, 54, 66]),
    detail(rect([-0.66, 0], [0.1, 0.36], 0.05), [44, 54, 66]),
  ],
  'tennis court': (c) => [
    { shape: rect([0, 0], [1, 0.6]), colour: shade(c, 0.72) },
    detail(rect([0, 0], [0.76, 0.42]), LINE),
    detail(rect([0, 0], [0.7, 0.36]), c),
    detail(rect([0, 0], [0.035, 0.46]), LINE),
    detail(rect([0, 0], [0.4, 0.03]), LINE),
  ],
  'baseball field': (c) => [
    { shape: polygon(...sector()), colour: c },
    detail(diamond(-0.3, [0.56, 0.36]), DIRT),
    detail(diamond(-0.3, [0.32, 0.2]), GRASS),
    detail(disk(-0.3, 0, 0.08), DIRT),
  ],
  'swimming pool': (c, variant) => {
    const half: Point = variant < 0.5 ? [1, 0.6] : [0.95, 0.8];
    const round = variant < 0.5 ? 0.1 : 0.5;
    return [
      { shape: rect([0, 0], half, round), colour: [226, 220, 204] },
      detail(rect([0, 0], [half[0] - 0.16, half[1] - 0.16], round), shade(c, 1.1)),
      detail(rect([0, 0.1], [half[0] - 0.4, 0.04]), shade(c, 1.75)),
    ];
  },
  'track field': (c) => [
    { shape: capsule([-0.45, 0], [0.45, 0], 0.55), colour: c },
    detail(capsule([-0.45, 0], [0.45, 0], 0.44), shade(c, 1.4)),
    detail(capsule([-0.45, 0], [0.45, 0], 0.4), c),
    detail(capsule([-0.45, 0], [0.45, 0], 0.28), GRASS),
  ],
  bridge: (c) => [
    { shape: rect([0, 0], [1, 0.3]), colour: shade(c, 0.62) },
    detail(rect([0, 0], [1, 0.21]), c),
    detail(rect([0, 0], [0.9, 0.02]), shade(c, c[0] > 200 ? 0.6 : 1.7)),
  ],
  windmill: (c) => [
    ...[0, 1, 2].map((i) => blade(c, (i * 2 * Math.PI) / 3)),
    { shape: disk(0, 0, 0.22), colour: shade(c, 0.8) },
  ],
  'tree group': (c, variant) =>
    [0, 1, 2, 3, 4, 5].map((i) => {
      const turn = i * 1.05 + variant * 6;
      const reach = i === 0 ? 0 : 0.55 + 0.08 * ((i * 7) % 3);
      const at: Point = [Math.cos(turn) * reach, Math.sin(turn) * reach * 0.9];
      return { shape: disk(at[0], at[1], 0.36), colour: shade(c, 0.6 + 0.09 * ((i * 5) % 4)) };
    }),
  'solar field': (c) => [
    { shape: rect([0, 0], [1, 0.72]), colour: shade(c, 0.55) },
    ...[-0.48, 0, 0.48].flatMap((y) =>
      [-0.66, 0, 0.66].map((x) => detail(rect([x, y], [0.27, 0.17]), shade(c, 1.15))),
    ),
    detail(rect([0, 0.24], [1, 0.03]), LINE),
    detail(rect([0, -0.24], [1, 0.03]), LINE),
  ],
};

function sector(): Point[] {
  const arc = Array.from({ length: 9 }, (_, i): Point => {
    const turn = -Math.PI / 4 + (i * Math.PI) / 16;
    return [-0.9 + 1.85 * Math.cos(turn), 1.25 * Math.sin(turn)];
  });
  return [[-0.95, 0], ...arc];
}

function diamond(x: number, [along, across]: Point): Shape {
  return polygon([x - along, 0], [x, across], [x + along, 0], [x, -across]);
}

function blade(colour: Rgb, turn: number): Part {
  const at = (along: number, across: number): Point => [
    along * Math.cos(turn) - across * Math.sin(turn),
    along * Math.sin(turn) + across * Math.cos(turn),
  ];
  return {
    shape: polygon(at(0, 0.1), at(0.4, 0.2), at(1, 0.06), at(1, -0.06), at(0, -0.1)),
    colour,
  };
}

/** The object's own colour: the named one, each channel varied by at most 12. */
export function drawTint(colour: ColourName, random: Random): Rgb {
  const [r, g, b] = COLOURS[colour];
  return [r + random.int(-12, 12), g + random.int(-12, 12), b + random.int(-12, 12)];
}

/** Paints one object with its shadow; its mask's pixels are owned by `owner` afterwards. */
export function paintObject(canvas: Canvas, placement: Placement, owner: number): void {
  const parts = PARTS[placement.category](placement.tint, placement.variant);
  const shadow = placement.radius * canvas.widthPx * 0.12;
  for (const part of parts.filter((p) => !p.detail)) {
    const shape = place(part.shape, { placement, sizePx: canvas.widthPx, shift: shadow });
    paint(canvas, shape, { colour: [20, 22, 26], opacity: 0.4 });
  }
  for (const part of parts) {
    const shape = place(part.shape, { placement, sizePx: canvas.widthPx, shift: 0 });
    paint(canvas, shape, { colour: part.colour, owner: part.detail ? 0 : owner });
  }
}

/** From the object's frame to pixels: turned, scaled, moved (a shadow falls right and down). */
function place(shape: Shape, to: { placement: Placement; sizePx: number; shift: number }): Shape {
  const { at, radius, angle } = to.placement;
  const scale = radius * to.sizePx;
  const c = Math.cos(angle) * scale;
  const s = Math.sin(angle) * scale;
  const move = ([x, y]: Point): Point => [
    at[0] * to.sizePx + x * c - y * s + to.shift,
    at[1] * to.sizePx + x * s + y * c + to.shift,
  ];
  switch (shape.kind) {
    case 'disk':
      return { ...shape, centre: move(shape.centre), radius: shape.radius * scale };
    case 'ring':
      return {
        ...shape,
        centre: move(shape.centre),
        radius: shape.radius * scale,
        width: shape.width * scale,
      };
    case 'rect':
      return {
        ...shape,
        centre: move(shape.centre),
        half: [shape.half[0] * scale, shape.half[1] * scale],
        angle: shape.angle + angle,
        round: shape.round * scale,
      };
    case 'capsule':
      return { ...shape, from: move(shape.from), to: move(shape.to), radius: shape.radius * scale };
    case 'polygon':
      return { ...shape, points: shape.points.map(move) };
  }
}
