import fc from 'fast-check';
import reference from 'simplify-js';
import { describe, expect, it } from 'vitest';
import type { Mask } from '../tensor/image.ts';
import { anyMask, maskOf } from './masks.fixture.ts';
import { isInside, type Point, type Polygon, type Ring, ringsOf, signedArea } from './polygon.ts';
import { simplify } from './simplify.ts';
import { traceMask } from './trace.ts';

/** Pixels of 2 m by 1 m. */
const toMetres = ([x, y]: Point): Point => [2 * x, y];
const thinned = (mask: Mask, toleranceMetres: number) =>
  simplify(traceMask(mask), { toleranceMetres, toMetres });

type Segment = readonly [Point, Point];
const segmentsOf = (ring: Ring): Segment[] => ring.map((point, i) => [ring.at(i - 1)!, point]);
const side = ([a, b]: Segment, [x, y]: Point) =>
  Math.sign((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]));

/** Crossing or touching anywhere but at common ends; integer coordinates, so the signs are exact. */
function meet(p: Segment, q: Segment): boolean {
  const common = p.some((a) => q.some((b) => String(a) === String(b)));
  const apart = side(p, q[0]) * side(p, q[1]) > 0 || side(q, p[0]) * side(q, p[1]) > 0;
  if (!common && !apart) return side(p, q[0]) !== 0 || side(p, q[1]) !== 0 || overlap(p, q);
  // With a common end, only lying on each other counts.
  return common && side(p, q[0]) === 0 && side(p, q[1]) === 0 && overlap(p, q);
}

/** Of segments on one line: whether they share more than a point. */
function overlap(p: Segment, q: Segment): boolean {
  const axis = p[0][0] === p[1][0] ? 1 : 0;
  const ends = [p, q].map((segment) => segment.map((point) => point[axis]).sort((a, b) => a - b));
  return Math.max(ends[0]![0]!, ends[1]![0]!) < Math.min(ends[0]![1]!, ends[1]![1]!);
}

/** Points beside a corner in eight directions, where lines that cross in it would show. */
const around = ([x, y]: Point): Point[] =>
  Array.from({ length: 8 }, (_, i) => {
    const angle = 0.1 + (i * Math.PI) / 4;
    return [x + 0.02 * Math.cos(angle), y + 0.02 * Math.sin(angle)];
  });

/** What is wrong with the topology of polygons, as words; nothing where all is well. */
function faults(polygons: readonly Polygon[]): string[] {
  const found: string[] = [];
  const segments = polygons.flatMap(ringsOf).flatMap(segmentsOf);
  segments.forEach((p, i) => {
    for (const q of segments.slice(i + 1)) if (meet(p, q)) found.push(`${p} meets ${q}`);
  });
  for (const { outer, holes } of polygons) {
    if (!(signedArea(outer) < 0)) found.push(`outer ${outer} runs the wrong way`);
    for (const hole of holes) {
      if (!(signedArea(hole) > 0)) found.push(`hole ${hole} runs the wrong way`);
    }
  }
  for (const point of polygons.flatMap(ringsOf).flat().flatMap(around)) {
    let regions = 0;
    for (const { outer, holes } of polygons) {
      const inHoles = holes.filter((hole) => isInside(point, hole)).length;
      const inside = isInside(point, outer) ? 1 : 0;
      if (inHoles > inside) found.push(`${point} is in ${inHoles} holes`);
      regions += inside - inHoles;
    }
    if (regions > 1) found.push(`${point} is in ${regions} regions`);
  }
  return found;
}

/** A disc of radius 20 px with its staircase. */
const disc: Mask = maskOf(
  Array.from({ length: 44 }, (_, y) =>
    Array.from({ length: 44 }, (_, x) => (Math.hypot(x - 21.5, y - 21.5) < 20 ? '#' : '.')).join(
      '',
    ),
  ),
);

describe('simplify', () => {
  it('leaves every corner at tolerance 0', () => {
    expect(thinned(disc, 0)).toEqual(traceMask(disc));
  });

  it('is Douglas–Peucker where nothing is in the way', () => {
    const [{ outer } = { outer: [] }] = traceMask(disc);
    const closed = [...outer, outer[0]!].map(([x, y]) => ({ x: 2 * x, y }));
    const expected = reference(closed, 3, true).slice(0, -1);
    expect(thinned(disc, 3)[0]?.outer.map(([x, y]) => ({ x: 2 * x, y }))).toEqual(expected);
  });

  it('measures in metres, not in pixels', () => {
    // A notch of 1 px in a column 10 px wide: 2 m across columns, 1 m across rows.
    const sideways = maskOf(['##########', '#########.', '##########']);
    expect(thinned(sideways, 1.5)[0]?.outer.length).toBeGreaterThan(4);
    const downwards = maskOf(['####.#####', '##########', '##########']);
    expect(thinned(downwards, 1.5)[0]?.outer).toHaveLength(4);
  });

  it('does not cut a bump away from the hole inside it', () => {
    const bump = maskOf([
      '.........###.........',
      '.........#.#.........',
      '.........###.........',
      '#####################',
      '#####################',
    ]);
    const [polygon] = thinned(bump, 100);
    expect(faults([polygon!])).toEqual([]);
    expect(polygon?.holes).toHaveLength(1);
  });

  it('keeps the way in which a region touches itself and others', () => {
    const touching = maskOf(['.##..', '#.#..', '###..', '...##', '...##']);
    const polygons = thinned(touching, 100);
    expect(faults(polygons)).toEqual([]);
    expect(polygons.map(({ outer }) => outer.some((point) => String(point) === '3,3'))).toEqual([
      true,
      true,
    ]);
  });

  it('keeps the topology of any mask at any tolerance, and every corner within it', () => {
    fc.assert(
      fc.property(anyMask, fc.double({ min: 0, max: 12, noNaN: true }), (mask, tolerance) => {
        const before = traceMask(mask);
        const after = simplify(before, { toleranceMetres: tolerance, toMetres });
        expect(faults(after)).toEqual([]);
        expect(after.map(({ holes }) => holes.length)).toEqual(
          before.map(({ holes }) => holes.length),
        );
        const rings = after.flatMap(ringsOf);
        before.flatMap(ringsOf).forEach((ring, k) => {
          const line = segmentsOf(rings[k]!.map(toMetres));
          const off = ring
            .map(toMetres)
            .map((corner) => Math.min(...line.map((segment) => distance(corner, segment))));
          expect(Math.max(...off)).toBeLessThanOrEqual(tolerance + 1e-9);
        });
      }),
      { numRuns: 200 },
    );
  });
});

function distance([x, y]: Point, [[x1, y1], [x2, y2]]: Segment): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const t = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
