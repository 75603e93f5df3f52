import type { Mask } from '../tensor/image.ts';
import { type Point, type Polygon, ringsOf } from './polygon.ts';

/** Headings; one further is a quarter turn to the right as seen on the screen. */
const [EAST, SOUTH, NORTH] = [0, 1, 3] as const;
/** By heading east, south, west, north: the step, and the pixels ahead of a corner, from the corner. */
const STEP_X = [1, 0, -1, 0] as const;
const STEP_Y = [0, 1, 0, -1] as const;
const AHEAD_LEFT: readonly Point[] = [
  [0, -1],
  [0, 0],
  [-1, 0],
  [-1, -1],
];
const AHEAD_RIGHT: readonly Point[] = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
];

/** At a corner [x, y], about to leave it. */
interface Walk {
  readonly x: number;
  readonly y: number;
  readonly heading: number;
}

interface OpenPolygon {
  outer: Point[];
  readonly holes: Point[][];
}

/**
 * The outlines of a mask's regions, exactly: filling them gives the mask back.
 *
 * Pixels that share a side are one region, pixels that share only a corner are two (4-connectivity, the default of
 * gdal_polygonize). Points are pixel corners [column, row], origin at the outer corner of the top-left pixel, rows
 * downwards, only where the line turns. As seen on the screen outer rings run counter-clockwise and holes clockwise. No
 * ring touches itself: where a region meets itself at a corner, the ring is cut there and the part that closes is a hole.
 * Order: by the first pixel of each region, row by row. Time and memory grow with the pixels (4 bytes a pixel) and corners.
 */
export function traceMask(mask: Mask): Polygon[] {
  return new Tracer(mask).trace();
}

/**
 * Follows the cracks between foreground and background with the foreground at the left hand. A crack is named by the pixel
 * at its right and runs along that pixel's left side; each belongs to one ring, so the first one met in reading order
 * starts its ring.
 */
class Tracer {
  private readonly polygons: OpenPolygon[] = [];
  /** [H, W + 1]: the polygon of each vertical crack counted from 1, 0 where not traced yet. */
  private readonly owner: Int32Array;
  private readonly stride: number;

  constructor(private readonly mask: Mask) {
    this.stride = mask.widthPx + 1;
    this.owner = new Int32Array(this.stride * mask.heightPx);
  }

  trace(): Polygon[] {
    const { widthPx, heightPx, data } = this.mask;
    for (let y = 0; y < heightPx; y += 1) {
      let left = 0;
      let polygon = 0;
      for (let x = 0; x <= widthPx; x += 1) {
        const right = x < widthPx ? data[y * widthPx + x]! : 0;
        if ((right !== 0) !== (left !== 0)) polygon = this.cross(x, y, { inside: left, polygon });
        left = right;
      }
    }
    return this.polygons;
  }

  /** Walks over a vertical crack while reading a row; says in which polygon the walk goes on. */
  private cross(x: number, y: number, from: { inside: number; polygon: number }): number {
    const owner = this.owner[y * this.stride + x]!;
    if (owner !== 0) return owner;
    if (from.inside !== 0) {
      this.holeFrom(x, y, from.polygon);
      return from.polygon;
    }
    const polygon: OpenPolygon = { outer: [], holes: [] };
    const number = this.polygons.push(polygon);
    polygon.outer = this.follow({ x, y, heading: SOUTH, polygon: number });
    return number;
  }

  /** Nothing of a hole lies above its first crack, so its ring turns east at that crack's upper end. */
  private holeFrom(x: number, y: number, polygon: number): void {
    const ring = this.follow({ x, y, heading: EAST, polygon });
    this.polygons[polygon - 1]!.holes.push(ring);
  }

  /** The ring from a corner on; loops that close on the way go to the polygon's holes. */
  private follow(start: Walk & { readonly polygon: number }): Point[] {
    let { x, y, heading } = start;
    const points: Point[] = [[x, y]];
    /** Corners where the region may meet itself → their place in `points`. */
    const meetings = new Map<number, number>();
    for (;;) {
      if (heading === SOUTH) this.owner[y * this.stride + x] = start.polygon;
      if (heading === NORTH) this.owner[(y - 1) * this.stride + x] = start.polygon;
      x += STEP_X[heading]!;
      y += STEP_Y[heading]!;
      if (x === start.x && y === start.y) return points;
      const next = this.turn({ x, y, heading });
      if (next === heading) continue;
      if (this.isDiagonal({ x, y, heading })) {
        const loop = closeLoop({ points, meetings, key: y * this.stride + x });
        if (loop) this.polygons[start.polygon - 1]!.holes.push(loop);
      }
      points.push([x, y]);
      heading = next;
    }
  }

  /** Left where the pixel ahead at the left is background, so that pixels that share only a corner stay apart. */
  private turn(walk: Walk): number {
    if (!this.isForeground(walk, AHEAD_LEFT)) return (walk.heading + 3) % 4;
    return this.isForeground(walk, AHEAD_RIGHT) ? (walk.heading + 1) % 4 : walk.heading;
  }

  /** Foreground behind at the left and ahead at the right, background at the other two: the pixels share a corner. */
  private isDiagonal(walk: Walk): boolean {
    return !this.isForeground(walk, AHEAD_LEFT) && this.isForeground(walk, AHEAD_RIGHT);
  }

  private isForeground({ x, y, heading }: Walk, side: readonly Point[]): boolean {
    const { widthPx, heightPx, data } = this.mask;
    const [dx, dy] = side[heading]!;
    const [column, row] = [x + dx, y + dy];
    if (column < 0 || row < 0 || column >= widthPx || row >= heightPx) return false;
    return data[row * widthPx + column] !== 0;
  }
}

/** At a corner that was passed before: takes the loop that starts there out of `points` and returns it. */
function closeLoop(options: {
  points: Point[];
  meetings: Map<number, number>;
  key: number;
}): Point[] | undefined {
  const { points, meetings, key } = options;
  const start = meetings.get(key);
  if (start === undefined) {
    meetings.set(key, points.length);
    return undefined;
  }
  // Corners inside the loop are passed no more: a region meets itself at most once in a corner.
  return points.splice(start);
}

/** Pixels from..to of a row. */
export interface Span {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** The pixels inside an outline of `traceMask`: the way back, row by row. */
export function spansOf(polygon: Polygon): Span[] {
  const crossings = new Map<number, number[]>();
  for (const ring of ringsOf(polygon)) {
    let [px, py] = ring[ring.length - 1]!;
    for (const [x, y] of ring) {
      for (let row = Math.min(y, py); x === px && row < Math.max(y, py); row += 1) {
        const known = crossings.get(row);
        if (known) known.push(x);
        else crossings.set(row, [x]);
      }
      [px, py] = [x, y];
    }
  }
  const spans: Span[] = [];
  for (const [row, columns] of crossings) {
    columns.sort((a, b) => a - b);
    for (let i = 0; i < columns.length; i += 2) {
      spans.push({ row, from: columns[i]!, to: columns[i + 1]! });
    }
  }
  return spans;
}
