/** GDAL's programs, for tests that compare with them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromFile } from 'geotiff';
import type { GeoTiffTags } from '../../src/geo/place.ts';
import type { TileSource } from '../../src/geo/write-cog.ts';
import type { Mask, Size } from '../../src/tensor/image.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Whether GDAL's programs are here; tests skip without them. */
export const HAS_GDAL = spawnSync('gdalinfo', ['--version']).status === 0;

export const gdal = (program: string, args: readonly string[], input = ''): string =>
  execFileSync(program, args, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] });

/** The first band's bytes as GDAL reads them, [H, W]. */
export function readBytes(path: string): Uint8Array {
  const picture = join(temporaryFolder(), 'band.pgm');
  gdal('gdal_translate', ['-q', '-of', 'PNM', '-b', '1', path, picture]);
  const bytes = readFileSync(picture);
  const header = /^P5\s+(\d+) (\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 64))!;
  return new Uint8Array(bytes.subarray(header[0].length));
}

/** [x, y] of a system → [longitude, latitude] by GDAL. */
export function gdalLonLat(system: string, [x, y]: readonly [number, number]): number[] {
  const args = ['-s_srs', system, '-t_srs', 'EPSG:4326', '-output_xy'];
  return gdal('gdaltransform', args, `${x} ${y}\n`).trim().split(' ').map(Number);
}

/** The answers of SQL over a vector file, a column each: `column (type) = value`. */
export function query(path: string, sql: string): string[] {
  const lines = gdal('ogrinfo', ['-q', '-dialect', 'SQLITE', '-sql', sql, path]).split('\n');
  return lines.flatMap((line) => / = (.*)$/.exec(line)?.[1] ?? []);
}

/** Size and placing tags of a GeoTIFF. */
export async function readTags(path: string): Promise<{ size: Size; tags: GeoTiffTags }> {
  const image = await (await fromFile(path)).getImage();
  const { fileDirectory } = image;
  const numbers = async (name: Parameters<typeof fileDirectory.hasTag>[0]) =>
    fileDirectory.hasTag(name)
      ? Array.from((await fileDirectory.loadValue(name)) as ArrayLike<number>)
      : undefined;
  const size = { widthPx: image.getWidth(), heightPx: image.getHeight() };
  const tags = {
    modelTiepoint: await numbers('ModelTiepoint'),
    modelPixelScale: await numbers('ModelPixelScale'),
    modelTransformation: await numbers('ModelTransformation'),
    geoKeyDirectory: await numbers('GeoKeyDirectory'),
    geoDoubleParams: await numbers('GeoDoubleParams'),
    geoAsciiParams: fileDirectory.hasTag('GeoAsciiParams')
      ? String(await fileDirectory.loadValue('GeoAsciiParams'))
      : undefined,
  };
  return { size, tags };
}

/** A mask as tiles of 256 pixels. */
export function tilesOfMask({ widthPx, heightPx, data }: Mask): TileSource {
  const tilePx = 256;
  const readTile = async (column: number, row: number) => {
    const tile = new Uint8Array(tilePx * tilePx);
    for (let y = 0; y < Math.min(tilePx, heightPx - row * tilePx); y += 1) {
      const start = (row * tilePx + y) * widthPx + column * tilePx;
      tile.set(
        data.subarray(start, start + Math.min(tilePx, widthPx - column * tilePx)),
        y * tilePx,
      );
    }
    return tile;
  };
  return { widthPx, heightPx, sample: 'uint8', tilePx, readTile };
}
