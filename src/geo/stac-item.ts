import { type Geometry, toGeometry } from './geojson.ts';
import type { Place } from './place.ts';
import type { Bounds } from './polygon.ts';

/** When a picture was taken, as far as it is known. */
export type Acquired = Date | { readonly from: Date; readonly to: Date } | 'unknown';

/** A file of the item. */
export interface StacAsset {
  readonly href: string;
  readonly type: string;
  readonly title: string;
  readonly roles: readonly string[];
}

export const MEDIA_TYPES = {
  cog: 'image/tiff; application=geotiff; profile=cloud-optimized',
  geoJson: 'application/geo+json',
  geoPackage: 'application/geopackage+sqlite3',
  png: 'image/png',
  json: 'application/json',
} as const;

export interface StacItem {
  readonly type: 'Feature';
  readonly stac_version: '1.1.0';
  readonly stac_extensions: readonly string[];
  readonly id: string;
  readonly geometry: Geometry;
  readonly bbox: Bounds;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly links: readonly [];
  readonly assets: Readonly<Record<string, StacAsset>>;
}

/** The last version of the extension that has both proj:epsg, which GDAL 3.6 reads, and proj:code, which replaces it. */
const PROJECTION = 'https://stac-extensions.github.io/projection/v1.2.0/schema.json';
/** The year of the first photograph from the air: whatever the picture shows was taken since. */
const FIRST_AERIAL_PICTURE = new Date('1858-01-01T00:00:00Z');

/**
 * A STAC item (1.1) for what was written about one scene. Its geometry is the scene's outline. A picture whose time is not
 * known gets the interval in which it must lie, never a made-up moment.
 *
 * @param properties further ones, e.g. the expression and the score
 */
export function stacItem(options: {
  readonly id: string;
  readonly place: Place;
  readonly acquired: Acquired;
  readonly created: Date;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly assets: Readonly<Record<string, StacAsset>>;
}): StacItem {
  const { id, place, acquired, created, properties, assets } = options;
  const { widthPx, heightPx, affine, crs } = place;
  const outline = {
    outer: [
      [0, 0],
      [0, heightPx],
      [widthPx, heightPx],
      [widthPx, 0],
    ] as const,
    holes: [],
  };
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: [PROJECTION],
    id,
    ...toGeometry(outline, place),
    properties: {
      ...properties,
      ...times(acquired, created),
      created: utc(created),
      'proj:code': crs.epsg === null ? null : `EPSG:${crs.epsg}`,
      'proj:epsg': crs.epsg,
      'proj:shape': [heightPx, widthPx],
      'proj:transform': [...affine, 0, 0, 1],
    },
    links: [],
    assets,
  };
}

/** `datetime` may be null only beside a start and an end (STAC 1.1, item-spec). */
function times(acquired: Acquired, created: Date): Record<string, string | null> {
  if (acquired instanceof Date) return { datetime: utc(acquired) };
  const { from, to } =
    acquired === 'unknown' ? { from: FIRST_AERIAL_PICTURE, to: created } : acquired;
  return { datetime: null, start_datetime: utc(from), end_datetime: utc(to) };
}

const utc = (date: Date) => date.toISOString();
