import type { Database } from 'node-sqlite3-wasm';
import { ZeroovError } from '../errors.ts';
import { apply } from './affine.ts';
import type { Crs } from './crs.ts';
import type { Region } from './geojson.ts';
import { newFile } from './new-file.ts';
import type { Place } from './place.ts';
import { boundsOf, mapRings, orient, type Polygon, ringsOf } from './polygon.ts';
import { regionStyle } from './qgis-style.ts';
import { encodeGeometry } from './wkb.ts';
import { toWkt } from './wkt.ts';

/** "GPKG", and version 1.3 (OGC 12-128r18). */
const APPLICATION_ID = 0x47504b47;
const USER_VERSION = 10300;
const TABLE = 'regions';
/** Numbers of systems that EPSG has not, and no program either. */
const CUSTOM_SRS = 100000;

/** Core tables as the standard has them, the regions, and the table that QGIS keeps styles in. */
const SCHEMA = `
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT
);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE,
  srs_id INTEGER REFERENCES gpkg_spatial_ref_sys (srs_id)
);
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL UNIQUE REFERENCES gpkg_contents (table_name), column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL REFERENCES gpkg_spatial_ref_sys (srs_id),
  z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name)
);
CREATE TABLE ${TABLE} (
  fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POLYGON, expression TEXT, score DOUBLE,
  area_m2 DOUBLE, source TEXT, checkpoint TEXT, preset TEXT
);
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
  styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${USER_VERSION};
`;

/**
 * Writes regions as a GeoPackage: one table `regions` in the scene's own coordinate system, so that filling the polygons
 * gives the mask back, and a style that QGIS applies when it opens the file.
 *
 * @param path a file that is not there yet; on failure it is not there either
 * @throws OUTPUT_WRITE
 */
export async function writeGeoPackage(options: {
  readonly path: string;
  readonly regions: readonly Region[];
  readonly place: Place;
}): Promise<void> {
  const { path, regions, place } = options;
  const { default: sqlite } = await import('node-sqlite3-wasm');
  await newFile(path, async () => {
    const database = new sqlite.Database(path);
    try {
      // The file is thrown away when anything fails, so it needs no journal beside it.
      database.exec('PRAGMA journal_mode = OFF; BEGIN');
      database.exec(SCHEMA);
      fill(database, regions, place);
      database.exec('COMMIT');
    } catch (cause) {
      if (!(cause instanceof sqlite.SQLite3Error)) throw cause;
      throw new ZeroovError('OUTPUT_WRITE', { path, reason: cause.message }, { cause });
    } finally {
      database.close();
    }
  });
}

function fill(database: Database, regions: readonly Region[], { affine, crs }: Place): void {
  const srsId = writeSystems(database, crs);
  const onMap = regions.map(({ polygon }) =>
    orient(mapRings(polygon, (ring) => ring.map((point) => apply(affine, point)))),
  );
  writeContents(database, onMap, srsId);
  const row = database.prepare(
    `INSERT INTO ${TABLE} (geom, expression, score, area_m2, source, checkpoint, preset)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  regions.forEach(({ properties: p }, i) => {
    const geometry = encodeGeometry(onMap[i]!, srsId);
    row.run([geometry, p.expression, p.score, p.area_m2, p.source, p.checkpoint, p.preset]);
  });
  row.finalize();
}

/** The systems that every GeoPackage has, and the scene's; its number. */
function writeSystems(database: Database, crs: Crs): number {
  const srsId = crs.epsg ?? CUSTOM_SRS;
  const organization = crs.epsg === null ? 'NONE' : 'EPSG';
  const rows: [name: string, id: number, organization: string, definition: string][] = [
    ['Undefined Cartesian', -1, 'NONE', 'undefined'],
    ['Undefined geographic', 0, 'NONE', 'undefined'],
    ['WGS 84', 4326, 'EPSG', WGS84_WKT],
  ];
  if (srsId !== 4326) rows.push([crs.name, srsId, organization, toWkt(crs)]);
  for (const [name, id, owner, definition] of rows) {
    database.run('INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, NULL)', [
      name,
      id,
      owner,
      id,
      definition,
    ]);
  }
  return srsId;
}

const WGS84_WKT =
  'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4326"]]';

function writeContents(database: Database, polygons: readonly Polygon[], srsId: number): void {
  const bounds = boundsOf(polygons.flatMap(ringsOf).flat());
  const insert = `INSERT INTO gpkg_contents
    (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id)`;
  database.run(`${insert} VALUES (?, 'features', ?, ?, ?, ?, ?, ?)`, [
    TABLE,
    TABLE,
    ...bounds.map((value) => (Number.isFinite(value) ? value : null)),
    srsId,
  ]);
  database.run(`${insert} VALUES (?, 'attributes', ?, NULL, NULL, NULL, NULL, 0)`, [
    'layer_styles',
    'layer_styles',
  ]);
  database.run("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POLYGON', ?, 0, 0)", [
    TABLE,
    srsId,
  ]);
  database.run(
    `INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
       styleName, styleQML, styleSLD, useAsDefault, description, owner)
     VALUES ('', '', ?, 'geom', 'zeroov', ?, '', 1, 'what was found', '')`,
    [TABLE, regionStyle()],
  );
}
