/**
 * A software rasteriser on typed arrays: a shape is a signed distance in pixels (negative inside), its coverage of a
 * pixel is that distance at the pixel's centre, clamped to half a pixel either side. Anti-aliased, and a pixel belongs to
 * an object where the coverage of one of its parts is at least one half: masks are exact by that definition.
 *
 * The distance formulas are the well-known closed forms for disk, rounded rectangle, segment and polygon.
 */

export type Rgb = readonly [r: number, g: number, b: number];
export type Point = readonly [x: number, y: number];

/** Shapes in pixels, x right, y down, origin at the image's top-left corner; angles in radians. */
export type Shape =
  | { kind: 'disk'; centre: Point; radius: number }
  | { kind: 'ring'; centre: Point; radius: number; width: number }
  | { kind: 'rect'; centre: Point; half: Point; angle: number; round: number }
  | { kind: 'capsule'; from: Point; to: Point; radius: number }
  | { kind: 'polygon'; points: readonly Point[] };

export interface Canvas {
  readonly widthPx: number;
  readonly heightPx: number;
  /** RGB, HWC, 0..255. */
  readonly data: Uint8Array;
  /** HW: 0 = ground, i + 1 = object i. */
  readonly owner: Uint8Array;
}

export function newCanvas(sizePx: number): Canvas {
  return {
    widthPx: sizePx,
    heightPx: sizePx,
    data: new Uint8Array(sizePx * sizePx * 3),
    owner: new Uint8Array(sizePx * sizePx),
  };
}

export interface Paint {
  readonly colour: Rgb;
  /** 0..1, 1 covers what lies below. */
  readonly opacity?: number;
  /** Object index + 1; left out, the pixels' owner stays. */
  readonly owner?: number;
}

/** Paints one shape over the canvas. Parts outside the canvas are dropped. */
export function paint(
  canvas: Canvas,
  shape: Shape,
  { colour, opacity = 1, owner = 0 }: Paint,
): void {
  const [left, top, right, bottom] = bounds(shape);
  const distance = distanceTo(shape);
  const x0 = Math.max(0, Math.floor(left - 1));
  const x1 = Math.min(canvas.widthPx, Math.ceil(right + 1));
  const y0 = Math.max(0, Math.floor(top - 1));
  const y1 = Math.min(canvas.heightPx, Math.ceil(bottom + 1));
  const { data } = canvas;
  for (let y = y0; y < y1; y += 1) {
    for (let x = x0; x < x1; x += 1) {
      const coverage = 0.5 - distance(x + 0.5, y + 0.5);
      if (coverage <= 0) continue;
      const alpha = coverage >= 1 ? opacity : coverage * opacity;
      const pixel = y * canvas.widthPx + x;
      const i = pixel * 3;
      data[i] = data[i]! + (colour[0] - data[i]!) * alpha + 0.5;
      data[i + 1] = data[i + 1]! + (colour[1] - data[i + 1]!) * alpha + 0.5;
      data[i + 2] = data[i + 2]! + (colour[2] - data[i + 2]!) * alpha + 0.5;
      if (owner > 0 && coverage >= 0.5) canvas.owner[pixel] = owner;
    }
  }
}

type Bounds = readonly [left: number, top: number, right: number, bottom: number];

/** Axis-aligned bounds in pixels, far edge exclusive; generous for rotated rectangles. */
function bounds(shape: Shape): Bounds {
  switch (shape.kind) {
    case 'disk':
      return around(shape.centre, shape.radius);
    case 'ring':
      return around(shape.centre, shape.radius + shape.width);
    case 'rect': {
      const c = Math.abs(Math.cos(shape.angle));
      const s = Math.abs(Math.sin(shape.angle));
      const [hw, hh] = shape.half;
      const [x, y] = shape.centre;
      const reachX = hw * c + hh * s;
      const reachY = hw * s + hh * c;
      return [x - reachX, y - reachY, x + reachX, y + reachY];
    }
    case 'capsule':
      return pointBounds([shape.from, shape.to], shape.radius);
    case 'polygon':
      return pointBounds(shape.points, 0);
  }
}

function around([x, y]: Point, reach: number): Bounds {
  return [x - reach, y - reach, x + reach, y + reach];
}

function pointBounds(points: readonly Point[], reach: number): Bounds {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [
    Math.min(...xs) - reach,
    Math.min(...ys) - reach,
    Math.max(...xs) + reach,
    Math.max(...ys) + reach,
  ];
}

/** The signed distance of a shape as a function of a point, px. */
export function distanceTo(shape: Shape): (x: number, y: number) => number {
  switch (shape.kind) {
    case 'disk': {
      const [cx, cy] = shape.centre;
      return (x, y) => Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) - shape.radius;
    }
    case 'ring': {
      const [cx, cy] = shape.centre;
      const half = shape.width / 2;
      return (x, y) =>
        Math.abs(Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) - shape.radius) - half;
    }
    case 'rect':
      return rectDistance(shape);
    case 'capsule':
      return capsuleDistance(shape);
    case 'polygon':
      return polygonDistance(shape.points);
  }
}

function rectDistance(shape: Extract<Shape, { kind: 'rect' }>): (x: number, y: number) => number {
  const [cx, cy] = shape.centre;
  const c = Math.cos(shape.angle);
  const s = Math.sin(shape.angle);
  const hw = shape.half[0] - shape.round;
  const hh = shape.half[1] - shape.round;
  return (x, y) => {
    const dx = Math.abs((x - cx) * c + (y - cy) * s) - hw;
    const dy = Math.abs((y - cy) * c - (x - cx) * s) - hh;
    const outX = dx > 0 ? dx : 0;
    const outY = dy > 0 ? dy : 0;
    const inside = dx > dy ? dx : dy;
    return Math.sqrt(outX * outX + outY * outY) + (inside < 0 ? inside : 0) - shape.round;
  };
}

function capsuleDistance(
  shape: Extract<Shape, { kind: 'capsule' }>,
): (x: number, y: number) => number {
  const [ax, ay] = shape.from;
  const vx = shape.to[0] - ax;
  const vy = shape.to[1] - ay;
  const lengthSquared = vx * vx + vy * vy || 1;
  return (x, y) => {
    const along = ((x - ax) * vx + (y - ay) * vy) / lengthSquared;
    const t = along < 0 ? 0 : along > 1 ? 1 : along;
    const dx = x - ax - t * vx;
    const dy = y - ay - t * vy;
    return Math.sqrt(dx * dx + dy * dy) - shape.radius;
  };
}

/** Distance to the nearest edge, negative where a ray crosses an odd number of edges. */
function polygonDistance(points: readonly Point[]): (x: number, y: number) => number {
  const edges = Float64Array.from(
    points.flatMap(([ax, ay], i) => {
      const [bx, by] = points.at(i - 1)!;
      const [ex, ey] = [bx - ax, by - ay];
      return [ax, ay, by, ex, ey, ex * ex + ey * ey || 1];
    }),
  );
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY;
    let inside = false;
    for (let i = 0; i < edges.length; i += 6) {
      const ax = edges[i]!;
      const ay = edges[i + 1]!;
      const by = edges[i + 2]!;
      const ex = edges[i + 3]!;
      const ey = edges[i + 4]!;
      const along = ((x - ax) * ex + (y - ay) * ey) / edges[i + 5]!;
      const t = along < 0 ? 0 : along > 1 ? 1 : along;
      const dx = x - ax - t * ex;
      const dy = y - ay - t * ey;
      const squared = dx * dx + dy * dy;
      if (squared < nearest) nearest = squared;
      if (ay > y !== by > y && x < (ex * (y - ay)) / (by - ay) + ax) inside = !inside;
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
  };
}
