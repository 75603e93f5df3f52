import { describe, expect, it } from 'vitest';
import { epsgGeoKeys } from '../geo/geo-keys.ts';
import { isPlaced } from '../geo/no-georef.ts';
import { placeFromGeoTiff } from '../geo/place.ts';
import { Canvas } from './canvas.ts';
import { groundMarks, paintGroundMarks, resizeMarks, scaleBar } from './ground-marks.ts';

const SIZE = { widthPx: 400, heightPx: 300 };
const WHOLE = { x: 0, y: 0, ...SIZE };

/** UTM 17 N near its central meridian, where north is the grid's: `angle` turns the raster clockwise on the map. */
function placeAt(angle: number) {
  const [cos, sin] = [Math.cos(angle) * 0.5, Math.sin(angle) * 0.5];
  const place = placeFromGeoTiff(
    {
      ...epsgGeoKeys(32617, 'projected'),
      modelTransformation: [
        cos,
        -sin,
        0,
        500_000,
        -sin,
        -cos,
        0,
        3_285_000,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        1,
      ],
    },
    SIZE,
  );
  if (!isPlaced(place)) expect.unreachable(place.noGeoref);
  return place;
}

describe('groundMarks', () => {
  it('says metres a pixel of what is shown', () => {
    const out = { widthPx: 100, heightPx: 75 };
    const { metresPerPixel, north } = groundMarks(placeAt(0), { window: WHOLE, out });
    // 0.5 m on the map, 0.9996 of what it is on the ground, and four scene pixels to one.
    expect(metresPerPixel).toBeCloseTo((0.5 / 0.9996) * 4, 3);
    expect(north[0]).toBeCloseTo(0, 3);
    expect(north[1]).toBeCloseTo(-1, 6);
    expect(resizeMarks({ metresPerPixel, north }, { from: out, to: SIZE }).metresPerPixel).toBe(
      metresPerPixel / 4,
    );
  });

  it('turns north with the raster, the other way round', () => {
    const angle = Math.PI / 6;
    const { north } = groundMarks(placeAt(angle), { window: WHOLE, out: SIZE });
    expect(north[0]).toBeCloseTo(-Math.sin(angle), 3);
    expect(north[1]).toBeCloseTo(-Math.cos(angle), 3);
  });
});

describe('scaleBar', () => {
  it.each([
    [0.15, 96, 10, '10 m'],
    [0.1, 50, 5, '5 m'],
    [0.05, 10, 0.5, '50 cm'],
    [30, 100, 2000, '2 km'],
    [1, 99.9, 50, '50 m'],
  ])('of %d m pixels in %d px is %d m', (metresPerPixel, room, metres, label) => {
    const bar = scaleBar(metresPerPixel, room);
    expect(bar.metres).toBeCloseTo(metres, 9);
    expect(bar.label).toBe(label);
    expect(bar.widthPx).toBeCloseTo(metres / metresPerPixel, 9);
    expect(bar.widthPx).toBeLessThanOrEqual(room * 1.001);
  });
});

describe('paintGroundMarks', () => {
  const grey = () => Canvas.filled(SIZE, [120, 120, 120]);
  const marks = { metresPerPixel: 0.5, north: [0, -1] } as const;
  const changed = (canvas: Canvas) => {
    const rows = new Set<number>();
    const columns = new Set<number>();
    for (let i = 0; i < canvas.data.length; i += 3) {
      if (canvas.data[i] === 120) continue;
      rows.add(Math.floor(i / 3 / SIZE.widthPx));
      columns.add((i / 3) % SIZE.widthPx);
    }
    return { rows: [...rows], columns: [...columns] };
  };

  it('draws in both bottom corners and nowhere else, with a bar of the length it says', () => {
    const canvas = grey();
    const heightPx = paintGroundMarks(canvas, marks, { sizePx: 12 });
    const { rows, columns } = changed(canvas);
    expect(Math.min(...rows)).toBeGreaterThan(SIZE.heightPx - heightPx);
    expect(columns.some((x) => x > 130 && x < 350)).toBe(false);
    // A quarter of 400 px is 50 m at 0.5 m: a white line of 100 px.
    const white = Array.from({ length: SIZE.heightPx }, (_, y) => {
      const row = canvas.data.subarray(y * SIZE.widthPx * 3, y * SIZE.widthPx * 3 + 130 * 3);
      return row.filter((value, i) => i % 3 === 0 && value > 240).length;
    });
    expect(Math.max(...white)).toBe(100);
  });

  it('draws in the top corners when told to', () => {
    const canvas = grey();
    const heightPx = paintGroundMarks(canvas, marks, { sizePx: 12, edge: 'top' });
    expect(Math.max(...changed(canvas).rows)).toBeLessThan(heightPx);
  });

  it('points where north is', () => {
    const [up, right] = [grey(), grey()];
    paintGroundMarks(up, marks, { sizePx: 12 });
    paintGroundMarks(right, { ...marks, north: [1, 0] }, { sizePx: 12 });
    expect(up.data).not.toEqual(right.data);
  });

  it('draws nothing where there is no room', () => {
    const small = Canvas.filled({ widthPx: 60, heightPx: 60 }, [120, 120, 120]);
    expect(paintGroundMarks(small, marks, { sizePx: 12 })).toBe(0);
    expect(small.data.every((value) => value === 120)).toBe(true);
  });
});
