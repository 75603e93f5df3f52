import type { Size } from '../tensor/image.ts';
import { type Affine, affineFromTags, apply, invert, type PlacementTags } from './affine.ts';
import { type Crs, crsFromEpsg, crsFromGeoKeys } from './crs.ts';
import { type GeoKeyTags, KEY, numberOf, readGeoKeys } from './geo-keys.ts';
import { isPlaced, type NoGeoref, noGeoref } from './no-georef.ts';
import type { Point } from './polygon.ts';
import { affineFromWorldFile } from './world-file.ts';

/** Where a picture lies on the Earth. What is here came back from a walk to WGS 84 and back within 0.01 px. */
export interface Place extends Size {
  /** Pixel corners → map units. */
  readonly affine: Affine;
  readonly crs: Crs;
  /** As the scene has them, to be copied into what is written beside it. */
  readonly geoKeys?: GeoKeyTags;
}

/** The tags of a GeoTIFF that say where it is, as plain arrays: they cross a process boundary. */
export interface GeoTiffTags extends PlacementTags, GeoKeyTags {}

/** How far a pixel may come back from where it started. */
const TOLERANCE_PX = 0.01;

/**
 * The place of a GeoTIFF, or why it has none. Never throws for what the tags say.
 *
 * @param epsg counts where the tags name no coordinate system that can be used
 */
export function placeFromGeoTiff(tags: GeoTiffTags, size: Size, epsg?: number): Place | NoGeoref {
  const keys = readGeoKeys(tags);
  const isPoint = isPlaced(keys) && numberOf(keys, KEY.rasterType) === 2;
  const affine = affineFromTags(tags, isPoint ? 'point' : 'area');
  if (!isPlaced(affine)) return isPlaced(keys) ? affine : keys;
  const centre = centreOf(affine, size);
  const crs = isPlaced(keys)
    ? crsFromGeoKeys(keys, centre)
    : noGeoref(`${keys.noGeoref}: nothing names its coordinate system; give its EPSG code`);
  const { geoKeyDirectory, geoDoubleParams, geoAsciiParams } = tags;
  const geoKeys = { geoKeyDirectory, geoDoubleParams, geoAsciiParams };
  if (isPlaced(crs)) return proven({ ...sides(size), affine, crs, geoKeys });
  return epsg === undefined ? crs : placeByCode({ affine, epsg, size });
}

/** The place of a picture with a world file, whose coordinate system has to be named beside it. */
export function placeFromWorldFile(options: {
  readonly text: string;
  readonly epsg: number;
  readonly size: Size;
}): Place | NoGeoref {
  const { text, epsg, size } = options;
  const affine = affineFromWorldFile(text);
  return isPlaced(affine) ? placeByCode({ affine, epsg, size }) : affine;
}

function placeByCode(options: {
  readonly affine: Affine;
  readonly epsg: number;
  readonly size: Size;
}): Place | NoGeoref {
  const { affine, epsg, size } = options;
  const crs = crsFromEpsg({ code: epsg, centre: centreOf(affine, size) });
  return isPlaced(crs) ? proven({ ...sides(size), affine, crs }) : crs;
}

/** Pixel corner [column, row] → [longitude, latitude] in degrees. */
export function toLonLat({ affine, crs }: Place, pixel: Point): Point {
  return crs.toLonLat(apply(affine, pixel));
}

const sides = ({ widthPx, heightPx }: Size): Size => ({ widthPx, heightPx });

const centreOf = (affine: Affine, { widthPx, heightPx }: Size): Point =>
  apply(affine, [widthPx / 2, heightPx / 2]);

/** The place, if a grid of 5 × 5 points over the picture comes back from WGS 84 to where it started. */
function proven(place: Place): Place | NoGeoref {
  const back = invert(place.affine);
  for (let i = 0; i < 25; i += 1) {
    const pixel: Point = [((i % 5) / 4) * place.widthPx, (Math.floor(i / 5) / 4) * place.heightPx];
    const [longitude, latitude] = toLonLat(place, pixel);
    // proj4 throws at numbers that are not finite.
    const [column, row] = [longitude, latitude].every(Number.isFinite)
      ? apply(back, place.crs.fromLonLat([longitude, latitude]))
      : [Number.NaN, Number.NaN];
    const offPx = Math.hypot(column - pixel[0], row - pixel[1]);
    // Written so that NaN is refused too.
    if (!(offPx <= TOLERANCE_PX && Math.abs(latitude) <= 90)) {
      return noGeoref(
        `pixel ${pixel} does not come back from WGS 84 (by ${offPx.toPrecision(3)} px): its placement and its coordinate system do not fit`,
      );
    }
  }
  return place;
}
