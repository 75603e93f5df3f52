/** What GDAL makes of our files, and we of its. Skipped where GDAL's programs are not installed. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  gdal,
  gdalLonLat,
  HAS_GDAL,
  query,
  readBytes,
  readTags,
  tilesOfMask,
} from '../../tests/support/gdal.ts';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { seededRandom } from '../synthetic/random.ts';
import type { Mask } from '../tensor/image.ts';
import { type Region, toGeoJson } from './geojson.ts';
import { writeGeoPackage } from './geopackage.ts';
import { groundFrame } from './ground-frame.ts';
import { measure } from './measure.ts';
import { isPlaced } from './no-georef.ts';
import { type Place, placeFromGeoTiff, toLonLat } from './place.ts';
import { PLACES, placeOf } from './places.fixture.ts';
import type { Point } from './polygon.ts';
import { simplify } from './simplify.ts';
import { stacItem } from './stac-item.ts';
import { traceMask } from './trace.ts';
import { toWkt } from './wkt.ts';
import { writeCog } from './write-cog.ts';

/** Blobs with holes and islands in them, touching each other and the edges. */
function blobs(widthPx: number, heightPx: number): Mask {
  const random = seededRandom(widthPx * 7919 + heightPx);
  const data = new Uint8Array(widthPx * heightPx);
  for (let k = 0; k < 24; k += 1) {
    const [cx, cy] = [random.next() * widthPx, random.next() * heightPx];
    const radius = (0.02 + random.next() * 0.15) * Math.min(widthPx, heightPx);
    for (let y = Math.max(0, Math.ceil(cy - radius)); y < Math.min(heightPx, cy + radius); y += 1) {
      for (
        let x = Math.max(0, Math.ceil(cx - radius));
        x < Math.min(widthPx, cx + radius);
        x += 1
      ) {
        if (Math.hypot(x - cx, y - cy) < radius) data[y * widthPx + x]! ^= 1;
      }
    }
  }
  return { widthPx, heightPx, data };
}

const regionsOf = (mask: Mask, place: Place): Region[] =>
  traceMask(mask).map((polygon) => ({
    polygon,
    properties: {
      expression: 'blob',
      score: 1,
      area_m2: measure(polygon, place).areaM2,
      source: 'scene.tif',
      checkpoint: 'demo',
      preset: 'paper',
    },
  }));

/** Fills the polygons of a vector file over a place, with GDAL. */
async function burnt(vectors: string, layer: string, place: Place): Promise<Uint8Array> {
  const path = join(temporaryFolder(), 'burnt.tif');
  const { widthPx, heightPx } = place;
  const empty = { widthPx, heightPx, data: new Uint8Array(widthPx * heightPx) };
  await writeCog({ path, source: tilesOfMask(empty), place });
  gdal('gdal_rasterize', ['-q', '-burn', '1', '-l', layer, vectors, path]);
  return readBytes(path);
}

const SAMPLES = join(import.meta.dirname, '../../../shared/samples');
const samples = existsSync(SAMPLES)
  ? readdirSync(SAMPLES).filter((name) => name.endsWith('.tif'))
  : [];

async function samplePlace(name: string): Promise<Place> {
  const { tags, size } = await readTags(join(SAMPLES, name));
  const place = placeFromGeoTiff(tags, size);
  expect(place).not.toHaveProperty('noGeoref');
  return place as Place;
}

describe.skipIf(!HAS_GDAL)('GDAL', () => {
  describe('a place', () => {
    it.skipIf(samples.length === 0).each(samples)('is where GDAL puts it: %s', async (name) => {
      const place = await samplePlace(name);
      const { wgs84Extent } = JSON.parse(gdal('gdalinfo', ['-json', join(SAMPLES, name)]));
      const corners: Point[] = [
        [0, 0],
        [0, place.heightPx],
        [place.widthPx, place.heightPx],
        [place.widthPx, 0],
      ];
      corners.forEach((corner, i) => {
        const [longitude, latitude] = toLonLat(place, corner);
        // gdalinfo prints 7 decimals.
        expect(Math.abs(longitude - wgs84Extent.coordinates[0][i][0])).toBeLessThan(1e-7);
        expect(Math.abs(latitude - wgs84Extent.coordinates[0][i][1])).toBeLessThan(1e-7);
      });
    });

    it.each([
      ['north up', '100, 2, 0, 200, 0, -2', 'Area'],
      ['PixelIsPoint', '100, 2, 0, 200, 0, -2', 'Point'],
      ['rotated', '100, 2, 0.5, 200, 0.5, -2', 'Area'],
      ['rotated and PixelIsPoint', '100, 2, 0.5, 200, 0.5, -2', 'Point'],
      ['south up', '100, 2, 0, 200, 0, 2', 'Area'],
    ])('has the affine that GDAL wrote: %s', async (_, transform, areaOrPoint) => {
      const folder = temporaryFolder({
        'a.vrt': `<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32631</SRS>
          <GeoTransform>${transform}</GeoTransform>
          <Metadata><MDI key="AREA_OR_POINT">${areaOrPoint}</MDI></Metadata>
          <VRTRasterBand dataType="Byte" band="1"/></VRTDataset>`,
      });
      gdal('gdal_translate', ['-q', join(folder, 'a.vrt'), join(folder, 'a.tif')]);
      const { tags, size } = await readTags(join(folder, 'a.tif'));
      const place = placeFromGeoTiff(tags, size) as Place;
      const [c, a, b, f, d, e] = transform.split(',').map(Number);
      expect(place.affine).toEqual([a, b, c, d, e, f]);
    });
  });

  describe('regions', () => {
    it('are those of gdal_polygonize', async () => {
      const random = seededRandom(5);
      const data = Uint8Array.from({ length: 64 * 64 }, () => (random.next() < 0.55 ? 1 : 0));
      const mask = { widthPx: 64, heightPx: 64, data };
      const folder = temporaryFolder();
      const [raster, vectors] = [join(folder, 'mask.tif'), join(folder, 'mask.gpkg')];
      await writeCog({ path: raster, source: tilesOfMask(mask), place: PLACES['UTM, north up']! });
      gdal('gdal_polygonize.py', ['-q', '-mask', raster, raster, '-f', 'GPKG', vectors]);
      const theirs = query(vectors, 'SELECT ST_Area(ST_MakeValid(geom)) FROM out ORDER BY 1');
      const place = PLACES['UTM, north up']!;
      const ours = join(folder, 'ours.gpkg');
      const scaled = { ...place, affine: [10 * (14 / 64), 0, 0, 0, -10 * (14 / 64), 0] as const };
      await writeGeoPackage({ path: ours, regions: regionsOf(mask, place), place: scaled });
      const areas = query(ours, 'SELECT ST_Area(geom) FROM regions ORDER BY 1').map(Number);
      expect(areas).toHaveLength(theirs.length);
      const off = areas.map((area, i) => Math.abs(area - Number(theirs[i])));
      expect(Math.max(...off)).toBeLessThan(1e-6);
    });

    it.each(Object.keys(PLACES))('are valid and fill the mask: %s', async (name) => {
      const place = PLACES[name]!;
      const mask = blobs(place.widthPx, place.heightPx);
      const folder = temporaryFolder();
      const [gpkg, geojson] = [join(folder, 'a.gpkg'), join(folder, 'a.geojson')];
      const regions = regionsOf(mask, place);
      await writeGeoPackage({ path: gpkg, regions, place });
      writeFileSync(geojson, JSON.stringify(toGeoJson(regions, place)));
      expect(query(gpkg, 'SELECT MIN(ST_IsValid(geom)), COUNT(*) FROM regions')).toEqual([
        '1',
        `${regions.length}`,
      ]);
      expect(query(geojson, 'SELECT MIN(ST_IsValid(geometry)), COUNT(*) FROM a')).toEqual([
        '1',
        `${regions.length}`,
      ]);
      expect(Buffer.compare(await burnt(gpkg, 'regions', place), mask.data)).toBe(0);
    });

    it.skipIf(samples.length === 0).each(samples)('lie in the picture: %s', async (name) => {
      const place = await samplePlace(name);
      const mask = blobs(place.widthPx, place.heightPx);
      const folder = temporaryFolder();
      const [gpkg, geojson] = [join(folder, 'a.gpkg'), join(folder, 'a.geojson')];
      const regions = regionsOf(mask, place);
      await writeGeoPackage({ path: gpkg, regions, place });
      writeFileSync(geojson, JSON.stringify(toGeoJson(regions, place)));
      expect(Buffer.compare(await burnt(gpkg, 'regions', place), mask.data)).toBe(0);
      // The same from degrees, warped by GDAL: rounding to 7 decimals may move a side over a pixel's centre, not more.
      const warped = join(folder, 'warped.gpkg');
      gdal('ogr2ogr', ['-t_srs', `EPSG:${place.crs.epsg}`, '-nln', 'regions', warped, geojson]);
      const off = (await burnt(warped, 'regions', place)).filter((v, i) => v !== mask.data[i]);
      expect(off.length).toBeLessThanOrEqual(mask.data.length * 1e-5);
      expect(query(geojson, 'SELECT MIN(ST_IsValid(geometry)) FROM a')).toEqual(['1']);
    });

    it('stay valid and apart when simplified', async () => {
      const place = placeOf({
        epsg: 32617,
        affine: [0.5, 0, 404211.9, 0, -0.5, 3285142.9],
        size: { widthPx: 600, heightPx: 600 },
      });
      const mask = blobs(600, 600);
      const { toMetres } = groundFrame(place, [300, 300]);
      const polygons = simplify(traceMask(mask), { toleranceMetres: 2, toMetres });
      const regions = polygons.map((polygon) => ({ ...regionsOf(mask, place)[0]!, polygon }));
      const path = join(temporaryFolder(), 'a.gpkg');
      await writeGeoPackage({ path, regions, place });
      expect(query(path, 'SELECT MIN(ST_IsValid(geom)) FROM regions')).toEqual(['1']);
      const overlaps = `SELECT COUNT(*) FROM regions a JOIN regions b ON a.fid < b.fid
        AND ST_Overlaps(a.geom, b.geom)`;
      expect(query(path, overlaps)).toEqual(['0']);
    });
  });

  describe('a coordinate system as text', () => {
    it.each([
      [32617, [404211.9, 3285142.9]],
      [28992, [127375, 428250]],
      [3395, [13467532, 1632019.9]],
      [3413, [-200000, -1500000]],
      [3031, [300000, 1600000]],
      [32661, [2100000, 1900000]],
      [5070, [-500000, 1800000]],
      [3035, [4321000, 3210000]],
      [2154, [700000, 6600000]],
      [27572, [600000, 2400000]],
      [2263, [980000, 200000]],
    ] as [number, Point][])('means the same to GDAL: EPSG:%i', (epsg, [x, y]) => {
      const { crs } = placeOf({
        epsg,
        affine: [1, 0, x, 0, -1, y],
        size: { widthPx: 2, heightPx: 2 },
      });
      // Without its number, so that the parameters count.
      const [longitude, latitude] = gdalLonLat(toWkt({ ...crs, epsg: null }), [x, y]);
      const [ours, theirs] = [crs.toLonLat([x, y]), [longitude!, latitude!]];
      expect(Math.hypot(ours[0] - theirs[0]!, ours[1] - theirs[1]!)).toBeLessThan(1e-7);
    });
  });

  describe('a COG', () => {
    it.each(['UTM, north up', 'rotated by 30°', 'south up'])('%s', async (name) => {
      const size = { widthPx: 1300, heightPx: 777 };
      const mask = blobs(size.widthPx, size.heightPx);
      const path = join(temporaryFolder(), 'mask.tif');
      const place = PLACES[name]!;
      await writeCog({ path, source: tilesOfMask(mask), place, nodata: 255 });
      expect(Buffer.compare(readBytes(path), mask.data)).toBe(0);
      const told = JSON.parse(gdal('gdalinfo', ['-json', path]));
      expect(told.metadata.IMAGE_STRUCTURE).toMatchObject({
        LAYOUT: 'COG',
        COMPRESSION: 'DEFLATE',
      });
      expect(told.bands[0].noDataValue).toBe(255);
      expect(told.bands[0].overviews.map((o: { size: number[] }) => o.size)).toEqual([
        [650, 389],
        [325, 195],
        [163, 98],
      ]);
      const { tags } = await readTags(path);
      const back = placeFromGeoTiff(tags, size);
      expect(isPlaced(back) && back.crs.epsg).toBe(place.crs.epsg);
      const [far, expected] = [back as Place, place].map((p) =>
        toLonLat(p, [p.widthPx, p.heightPx]),
      );
      expect(Math.hypot(far![0] - expected![0], far![1] - expected![1])).toBeLessThan(1e-9);
    });
  });

  it('finds the mask of a STAC item', async () => {
    const folder = temporaryFolder();
    const place = PLACES['UTM, north up']!;
    const mask = blobs(place.widthPx, place.heightPx);
    const path = join(folder, 'mask.tif');
    await writeCog({ path, source: tilesOfMask(mask), place });
    const item = stacItem({
      id: 'scene',
      place,
      acquired: 'unknown',
      created: new Date(0),
      properties: {},
      assets: { mask: { href: path, type: 'image/tiff', title: 'mask', roles: ['data'] } },
    });
    const collection = join(folder, 'items.json');
    writeFileSync(
      collection,
      JSON.stringify({ type: 'FeatureCollection', features: [{ ...item, collection: 'c' }] }),
    );
    expect(Buffer.compare(readBytes(`STACIT:"${collection}"`), mask.data)).toBe(0);
  });
});
