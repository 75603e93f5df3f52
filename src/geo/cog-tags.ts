import { resample } from './affine.ts';
import type { CogLevel } from './cog-level.ts';
import { asPixelIsArea, epsgGeoKeys } from './geo-keys.ts';
import type { Place } from './place.ts';
import type { TiffTag } from './tiff-directory.ts';

export interface LevelTags {
  readonly level: CogLevel;
  /** Full picture or one of its overviews. */
  readonly isOverview: boolean;
  readonly sample: 'uint8' | 'float32';
  readonly tilePx: number;
  readonly nodata: number | undefined;
  /** Where the level's data lies in the file. */
  readonly dataAt: number;
  readonly offsets: 'long' | 'long8';
}

/** Deflate with zlib's header, and the predictors "none" and "floating point". */
const [DEFLATE, NO_PREDICTOR, FLOAT_PREDICTOR] = [8, 1, 3];
const [UNSIGNED, FLOAT] = [1, 3];

/** The tags of one level's directory. */
export function levelTags(of: LevelTags): TiffTag[] {
  const { level, sample, tilePx, nodata } = of;
  const isFloat = sample === 'float32';
  return [
    [254, 'long', [of.isOverview ? 1 : 0]],
    [256, 'long', [level.size.widthPx]],
    [257, 'long', [level.size.heightPx]],
    [258, 'short', [isFloat ? 32 : 8]],
    [259, 'short', [DEFLATE!]],
    [262, 'short', [1]], // smallest value is black
    [277, 'short', [1]], // one band
    [284, 'short', [1]],
    [317, 'short', [isFloat ? FLOAT_PREDICTOR! : NO_PREDICTOR!]],
    [322, 'short', [tilePx]],
    [323, 'short', [tilePx]],
    [324, of.offsets, level.offsets.map((offset) => of.dataAt + offset)],
    [325, 'long', level.byteCounts],
    [339, 'short', [isFloat ? FLOAT! : UNSIGNED!]],
    ...(nodata === undefined ? [] : [[42113, 'ascii', `${nodata}`.toLowerCase()] as const]),
  ];
}

/** The tags that place a raster which covers the same ground as `place`, by pixel corners. */
export function placeTags(place: Place, raster: CogLevel['size']): TiffTag[] {
  const [a, b, c, d, e, f] = resample(place.affine, place, raster);
  const isNorthUp = b === 0 && d === 0 && a > 0 && e < 0;
  const placement: TiffTag[] = isNorthUp
    ? [
        [33550, 'double', [a, -e, 0]],
        [33922, 'double', [0, 0, 0, c, f, 0]],
      ]
    : [[34264, 'double', [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1]]];
  const { geoKeyDirectory, geoDoubleParams, geoAsciiParams } = place.geoKeys
    ? asPixelIsArea(place.geoKeys)
    : epsgGeoKeys(place.crs.epsg!, place.crs.kind);
  const keys: TiffTag[] = [[34735, 'short', geoKeyDirectory!]];
  if (geoDoubleParams?.length) keys.push([34736, 'double', geoDoubleParams]);
  if (geoAsciiParams) keys.push([34737, 'ascii', geoAsciiParams]);
  return [...placement, ...keys];
}
