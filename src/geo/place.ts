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
  if (isPlaced(affine)) return placeAt({ affine, tags, epsg, size });
  return isPlaced(keys) || epsg !== undefined ? affine : keys;
}

/**
 * The place of a picture with a world file. That names no coordinate system: the tags of a TIFF do, or the code beside it.
 *
 * @param options.name what the file is called, to say so
 */
export function placeFromWorldFile(options: {
  readonly name: string;
  readonly text: string;
  readonly tags?: GeoKeyTags | undefined;
  readonly epsg?: number | undefined;
  readonly size: Size;
}): Place | NoGeoref {
  const { name, text, tags = {}, epsg, size } = options;
  const affine = affineFromWorldFile(text);
  if (!isPlaced(affine)) return affine;
  if (epsg === undefined && !isPlaced(readGeoKeys(tags))) {
    return noGeoref(`${name} does not name its coordinate system; ${GIVE_CODE}`);
  }
  return placeAt({ affine, tags, epsg, size });
}

const GIVE_CODE = 'give its EPSG code with --epsg';

/** The system of the tags if they name one that can be used, else that of the code. */
function placeAt(options: {
  readonly affine: Affine;
  readonly tags: GeoKeyTags;
  readonly epsg: number | undefined;
  readonly size: Size;
}): Place | NoGeoref {
  const { affine, tags, epsg, size } = options;
  const centre = centreOf(affine, size);
  const keys = readGeoKeys(tags);
  const own = isPlaced(keys) ? crsFromGeoKeys(keys, centre) : noKeys(keys);
  if (isPlaced(own)) {
    const { geoKeyDirectory, geoDoubleParams, geoAsciiParams } = tags;
    const geoKeys = { geoKeyDirectory, geoDoubleParams, geoAsciiParams };
    return proven({ ...sides(size), affine, crs: own, geoKeys });
  }
  if (epsg === undefined) return own;
  const crs = crsFromEpsg({ code: epsg, centre });
  return isPlaced(crs) ? proven({ ...sides(size), affine, crs }) : crs;
}

const noKeys = ({ noGeoref: reason }: NoGeoref) =>
  noGeoref(`${reason}: nothing names its coordinate system; ${GIVE_CODE}`);

/** Pixel corner [column, row] → [longitude, latitude] in degrees. */
export function toLonLat({ affine, crs }: Place, pixel: Point): Point {
  return crs.toLonLat(apply(affine, pixel));
}

const sides = ({ widthPx, heightPx }: Size): Size => ({ widthPx, heightPx });

const centreOf = (affine: Affine, { widthPx, heightPx }: Size): Point =>
  apply(affine, [widthPx / 2, heightPx / 2]);

/** The place, if a grid of 5 × 5 points over the picture comes back from WGS 84 to where it started. */
function proven(place: Place): Place | NoGeoref {
  const [west, east] = [0, place.widthPx].map((x) => toLonLat(place, [x, place.heightPx / 2])[0]);
  if (Math.abs(east! - west!) > 359.999 && Math.abs(Math.abs(west!) - 180) > 0.001) {
    return noGeoref(
      `it goes once around the Earth from ${west}°, expected from -180°; rewrite it, e.g. with gdalwarp -te -180 -90 180 90`,
    );
  }
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
