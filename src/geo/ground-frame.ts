import { apply, invert } from './affine.ts';
import { type Place, toLonLat } from './place.ts';
import type { Point } from './polygon.ts';

/** WGS 84: semi-major axis in metres and flattening. */
export const WGS84 = { a: 6378137, f: 1 / 298.257223563 } as const;

/** Pixels as metres on the ground around one point, as if the Earth were flat there. */
export interface GroundFrame {
  /** Ground sample distance: the sides of one pixel in metres. */
  readonly columnMetres: number;
  readonly rowMetres: number;
  readonly pixelAreaM2: number;
  /** [column, row] → metres in a plane; distances are true, directions are not north and east. */
  toMetres(pixel: Point): Point;
}

/**
 * The frame around a pixel corner: the first fundamental form of [column, row] → Earth-centred coordinates on the WGS 84
 * ellipsoid, by central differences over one pixel. It holds at the poles and for sheared rasters.
 */
export function groundFrame(place: Place, [column, row]: Point): GroundFrame {
  const along = (dx: number, dy: number) => {
    const from = earthCentred(toLonLat(place, [column - dx, row - dy]));
    const to = earthCentred(toLonLat(place, [column + dx, row + dy]));
    return to.map((value, i) => value - from[i]!);
  };
  const [u, v] = [along(0.5, 0), along(0, 0.5)];
  const dot = (p: readonly number[], q: readonly number[]) =>
    p.reduce((sum, value, i) => sum + value * q[i]!, 0);
  const columnMetres = Math.sqrt(dot(u, u));
  const shear = dot(u, v) / columnMetres;
  const rowMetres = Math.sqrt(dot(v, v));
  const height = Math.sqrt(rowMetres ** 2 - shear ** 2);
  return {
    columnMetres,
    rowMetres,
    pixelAreaM2: columnMetres * height,
    toMetres: ([x, y]) => [columnMetres * x + shear * y, height * y],
  };
}

/** Where north is on the screen at a pixel corner: [columns, rows] of length 1, rows downwards. */
export function northOnScreen(place: Place, pixel: Point): Point {
  const [longitude, latitude] = toLonLat(place, pixel);
  const { rowMetres } = groundFrame(place, pixel);
  // One pixel's worth of latitude towards the equator: a step north could go over the pole.
  const step = Math.min(rowMetres / 111_320, 1) * (latitude > 0 ? -1 : 1);
  const [x, y] = apply(invert(place.affine), place.crs.fromLonLat([longitude, latitude + step]));
  const [dx, dy] = [(x - pixel[0]) * Math.sign(step), (y - pixel[1]) * Math.sign(step)];
  const length = Math.hypot(dx, dy);
  return [dx / length, dy / length];
}

/** [longitude, latitude] in degrees on the ellipsoid → x, y, z in metres. */
function earthCentred([longitude, latitude]: Point): readonly [x: number, y: number, z: number] {
  const [lambda, phi] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180];
  const e2 = WGS84.f * (2 - WGS84.f);
  const n = WGS84.a / Math.sqrt(1 - e2 * Math.sin(phi) ** 2);
  return [
    n * Math.cos(phi) * Math.cos(lambda),
    n * Math.cos(phi) * Math.sin(lambda),
    n * (1 - e2) * Math.sin(phi),
  ];
}
