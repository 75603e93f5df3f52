import type { Size } from '../tensor/image.ts';
import { type NoGeoref, noGeoref } from './no-georef.ts';
import type { Point } from './polygon.ts';

/**
 * Pixels → map: x = a·column + b·row + c, y = d·column + e·row + f. Columns and rows are counted from the outer corner of
 * the top-left pixel, so [0.5, 0.5] is that pixel's centre. The order is that of the Python package affine.
 */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The TIFF tags that place a raster, as stored. */
export interface PlacementTags {
  /** ModelTiepointTag 33922: [column, row, 0, x, y, z], once or several times. */
  readonly modelTiepoint?: readonly number[];
  /** ModelPixelScaleTag 33550: [x, y, z] of one pixel, y counted downwards. */
  readonly modelPixelScale?: readonly number[];
  /** ModelTransformationTag 34264: a 4 × 4 matrix, row by row. */
  readonly modelTransformation?: readonly number[];
}

/** GTRasterTypeGeoKey: whether [0, 0] of the tags is the top-left pixel's corner (area) or its centre (point). */
export type RasterType = 'area' | 'point';

export function apply([a, b, c, d, e, f]: Affine, [column, row]: Point): Point {
  return [a * column + b * row + c, d * column + e * row + f];
}

/** Map → pixels. `affine` comes from a function of this file, so it has an inverse. */
export function invert([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * e - b * d;
  const [ia, ib, id, ie] = [e / determinant, -b / determinant, -d / determinant, a / determinant];
  return [ia, ib, -(ia * c + ib * f), id, ie, -(id * c + ie * f)];
}

/** The same ground under another number of pixels: a map of 32 × 32 that covers the picture, an overview. */
export function resample(affine: Affine, from: Size, to: Size): Affine {
  const [a, b, c, d, e, f] = affine;
  const [sx, sy] = [from.widthPx / to.widthPx, from.heightPx / to.heightPx];
  return [a * sx, b * sy, c, d * sx, e * sy, f];
}

/** The same ground from another top-left corner, e.g. that of a window. */
export function shift(affine: Affine, [column, row]: Point): Affine {
  const [a, b, , d, e] = affine;
  const [c, f] = apply(affine, [column, row]);
  return [a, b, c, d, e, f];
}

/**
 * The affine that GeoTIFF tags state, with pixel corners as the frame: PixelIsPoint is shifted by half a pixel. As
 * in GDAL, tie point and scale win over a matrix, and the scale's sign is always that of a north-up raster.
 */
export function affineFromTags(tags: PlacementTags, rasterType: RasterType): Affine | NoGeoref {
  const stated = statedAffine(tags);
  if ('noGeoref' in stated) return stated;
  return checked(rasterType === 'point' ? shift(stated, [-0.5, -0.5]) : stated);
}

function statedAffine(tags: PlacementTags): Affine | NoGeoref {
  const { modelTransformation: m, modelTiepoint: tie, modelPixelScale: scale } = tags;
  if (scale && scale.length >= 2 && tie && tie.length >= 6) {
    const [column, row, , x, y] = tie as readonly [number, number, number, number, number];
    const [sx, sy] = [scale[0]!, Math.abs(scale[1]!)];
    return [sx, 0, x - column * sx, 0, -sy, y + row * sy];
  }
  if (m && m.length >= 8) return [m[0]!, m[1]!, m[3]!, m[4]!, m[5]!, m[7]!];
  if (tie && tie.length > 6) {
    return noGeoref('it has ground control points only; warp it first, e.g. with gdalwarp');
  }
  return noGeoref('it has no tie point with pixel scale and no transformation');
}

/** An affine that can be used and inverted, or what is wrong with it. */
export function checked(affine: Affine): Affine | NoGeoref {
  if (!affine.every(Number.isFinite))
    return noGeoref('its placement has numbers that are not finite');
  const [a, b, , d, e] = affine;
  const determinant = a * e - b * d;
  const size = Math.hypot(a, d) * Math.hypot(b, e);
  // Axes closer than 1e-9 rad to each other, or without length, lose the way back.
  if (!(Math.abs(determinant) > 1e-9 * size) || !Number.isFinite(size)) {
    return noGeoref(`its placement is singular (${affine.slice(0, 2)} / ${affine.slice(3, 5)})`);
  }
  return affine;
}
