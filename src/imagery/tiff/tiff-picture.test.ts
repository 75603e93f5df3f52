import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { readWindow } from '../decode/read-window.ts';
import { bufferSource } from './byte-source.ts';
import {
  gdalPixels,
  HAS_GDAL,
  VARIANTS,
  type Variant,
  variantPath,
  writeVariants,
} from './gdal-variants.fixture.ts';
import { openTiffPicture } from './tiff-picture.ts';

/** What is shown for a number that GDAL gives: of 1, 2 or 4 bits spread over bytes, turned over where white is zero. */
function shown({ options, picture }: Variant, value: number): number {
  const bits = Number(options.find((o) => o.startsWith('NBITS='))?.slice(6) ?? 8);
  const spread = picture === 'bits' ? (value * 255) / (2 ** bits - 1) : value;
  return options.includes('PHOTOMETRIC=MINISWHITE') ? 255 - spread : spread;
}

/** What has a picture beside what GDAL says: NaN has none, nor has a tile that was never written. */
function isThere({ name }: Variant, value: number, at: { x: number; y: number }): boolean {
  const missing = name.startsWith('sparse') && at.x < 64 && at.y >= 64 && at.y < 96;
  return !Number.isNaN(value) && !missing;
}

describe.skipIf(!HAS_GDAL)('pixels of a TIFF made by GDAL equal GDAL’s (python3-gdal)', () => {
  const folder = temporaryFolder();
  beforeAll(() => writeVariants(folder));

  it.each(VARIANTS.map((variant) => [variant.name, variant] as const))('%s', async (_, variant) => {
    const path = variantPath(folder, variant);
    const { info, levels } = openTiffPicture(bufferSource(path, readFileSync(path)));
    expect(levels.length).toBe(variant.overviews ? 3 : 1);
    const all = Array.from({ length: info.bands }, (_, band) => band);
    const window = { x: 0, y: 0, widthPx: info.widthPx, heightPx: info.heightPx };
    for (const [level, { widthPx, heightPx }] of levels.entries()) {
      const read = await readWindow(
        { info, levels },
        { window, out: { widthPx, heightPx }, bands: all },
      );
      const gdal = gdalPixels(folder, { variant, type: info.sampleType, level });
      const area = widthPx * heightPx;
      const valid = gdal.valid.map((there, i) => {
        const at = { x: i % widthPx, y: Math.floor(i / widthPx) };
        return there && isThere(variant, gdal.pixels[i]!, at) ? 1 : 0;
      });
      expect(Buffer.from(read.valid).equals(valid)).toBe(true);
      const wrong = read.bands.flatMap((band, b) =>
        [...band.keys()].filter(
          (i) => valid[i] && band[i] !== shown(variant, gdal.pixels[b * area + i]!),
        ),
      );
      expect(wrong).toEqual([]);
    }
  });

  it('a file cut short anywhere never gives part of its pixels', async () => {
    const variant = VARIANTS.find(({ name }) => name === 'palette of 4 bits')!;
    const path = variantPath(folder, variant);
    const bytes = readFileSync(path);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bufferSource(path, bytes.subarray(0, length));
      const refused = expect.objectContaining({ code: 'TIFF_BAD_LAYOUT' });
      expect(() => openTiffPicture(cut)).toThrow(refused);
    }
  });
});
