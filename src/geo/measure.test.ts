import { describe, expect, it } from 'vitest';
import { groundFrame, northOnScreen } from './ground-frame.ts';
import { measure } from './measure.ts';
import { PLACES } from './places.fixture.ts';
import type { Polygon } from './polygon.ts';

/** All of a scene of 14 × 14 pixels but a hole of 3 × 3. */
const REGION: Polygon = {
  outer: [
    [0, 0],
    [0, 14],
    [14, 14],
    [14, 0],
  ],
  holes: [
    [
      [3, 3],
      [6, 3],
      [6, 6],
      [3, 6],
    ],
  ],
};

/** The same by GeographicLib (pyproj 3.7.2, Geod(ellps="WGS84").polygon_area_perimeter), 2000 points a side. */
const AREAS_M2: Readonly<Record<string, number>> = {
  'UTM, north up': 18710.736929,
  'rotated by 30°': 18709.91578,
  'a datum of its own, by grid': 116893.044593,
  'degrees across the antimeridian': 542713302368.8,
  'Web Mercator beyond 180°': 125772094448.4,
  'the north pole in a pixel': 1979318740409,
  'the south pole at a corner': 1967640380430,
};

describe('measure', () => {
  it.each(Object.entries(AREAS_M2))('area within 0.1 %%: %s', (name, expected) => {
    const { areaM2 } = measure(REGION, PLACES[name]!);
    expect(Math.abs(areaM2 / expected - 1)).toBeLessThan(1e-3);
  });

  it('is exact to 1e-7 where lines do not bend', () => {
    const { areaM2 } = measure(REGION, PLACES['UTM, north up']!);
    expect(Math.abs(areaM2 / AREAS_M2['UTM, north up']! - 1)).toBeLessThan(1e-7);
  });

  it('sums to the whole ellipsoid', () => {
    const world = { ...REGION, holes: [] };
    const { areaM2, lonLatBounds } = measure(world, PLACES['degrees round the world']!);
    // 4π times the square of the authalic radius of WGS 84, 6371007.1809 m.
    expect(areaM2 / (4 * Math.PI * 6371007.1809 ** 2)).toBeCloseTo(1, 9);
    expect(lonLatBounds).toEqual([-180, -90, 180, 90]);
  });

  it('gives bounds on the map, south-up rasters too', () => {
    const { mapBounds } = measure(REGION, PLACES['south up']!);
    expect(mapBounds).toEqual([297463, 9050677, 297463 + 140, 9050677 + 140]);
  });

  it('reaches the pole when the region does', () => {
    const { lonLatBounds } = measure(REGION, PLACES['the north pole in a pixel']!);
    expect([lonLatBounds[0], lonLatBounds[2], lonLatBounds[3]]).toEqual([-180, 180, 90]);
  });
});

describe('groundFrame', () => {
  it('has the scale of UTM beside its meridian and of Web Mercator at 58° N', () => {
    const utm = groundFrame(PLACES['UTM, north up']!, [7, 7]);
    // The scale factor of UTM 0.96 · 10⁵ m from its meridian: 0.9996 · (1 + 0.096² / (2 · 6.36²)).
    expect(utm.columnMetres).toBeCloseTo(10 / 0.999714, 4);
    const web = groundFrame(PLACES['Web Mercator beyond 180°']!, [7, 7]);
    expect(web.columnMetres / 50000).toBeCloseTo(Math.cos((58.8 * Math.PI) / 180), 2);
  });

  it('measures along both axes and across them, sheared rasters too', () => {
    const frame = groundFrame(PLACES['rotated by 30°']!, [7, 7]);
    const [x, y] = frame.toMetres([3, 4]);
    // Pixels of 10 m: 3 and 4 of them are 50 m apart.
    expect(Math.hypot(x, y)).toBeCloseTo(50, 1);
    expect(frame.pixelAreaM2).toBeCloseTo(100, 0);
  });

  it('holds at a pole', () => {
    const frame = groundFrame(PLACES['metres around the north pole']!, [7, 7]);
    // UPS has scale 0.994 there.
    expect(frame.columnMetres).toBeCloseTo(1 / 0.994, 6);
    expect(frame.rowMetres).toBeCloseTo(1 / 0.994, 6);
  });
});

describe('northOnScreen', () => {
  it.each([
    ['UTM, north up', [7, 7], [0, -1]],
    ['south up', [7, 7], [0, 1]],
    // The map's north is [sin 30°, -cos 30°] of the screen.
    ['rotated by 30°', [7, 7], [0.5, -0.866]],
    ['the north pole at a corner', [10, 7], [-1, 0]],
    ['the south pole at a corner', [10, 7], [1, 0]],
  ] as const)('%s', (name, pixel, [x, y]) => {
    const north = northOnScreen(PLACES[name]!, pixel);
    // Grid north and true north differ by less than a degree in these scenes.
    expect(Math.hypot(north[0] - x, north[1] - y)).toBeLessThan(0.015);
  });
});
