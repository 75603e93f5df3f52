/** TIFFs made by GDAL in every way that zeroov reads, and their pixels as GDAL reads them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SampleType } from '../picture-file.ts';
import { SAMPLE_ARRAYS } from './to-samples.ts';

/** Python with GDAL's bindings, as Debian installs it. */
const PYTHON = '/usr/bin/python3';

export interface Variant {
  readonly name: string;
  /** Which of the pictures below is written. */
  readonly picture:
    | 'rgb'
    | 'one'
    | 'grey'
    | 'rgba'
    | 'palette'
    | 'bits'
    | 'u16'
    | 'i16'
    | 'f32'
    | 'five';
  /** GDAL creation options. */
  readonly options: readonly string[];
  readonly noData?: string;
  /** A mask inside the file. */
  readonly mask?: true;
  readonly overviews?: true;
}

const TILED = ['TILED=YES', 'BLOCKXSIZE=64', 'BLOCKYSIZE=32'];
const BIG_ENDIAN = 'ENDIANNESS=BIG';

export const VARIANTS: readonly Variant[] = [
  { name: 'strips', picture: 'rgb', options: [] },
  { name: 'strips of 7 rows', picture: 'rgb', options: ['BLOCKYSIZE=7'] },
  { name: 'one raw strip', picture: 'rgb', options: ['BLOCKYSIZE=999', 'INTERLEAVE=BAND'] },
  { name: 'tiles', picture: 'rgb', options: TILED },
  { name: 'LZW', picture: 'rgb', options: ['COMPRESS=LZW'] },
  { name: 'LZW, differences', picture: 'rgb', options: [...TILED, 'COMPRESS=LZW', 'PREDICTOR=2'] },
  { name: 'deflate', picture: 'rgb', options: ['COMPRESS=DEFLATE', 'BLOCKYSIZE=7'] },
  { name: 'PackBits', picture: 'rgb', options: ['COMPRESS=PACKBITS'] },
  { name: 'Zstandard', picture: 'rgb', options: [...TILED, 'COMPRESS=ZSTD', 'PREDICTOR=2'] },
  { name: 'LERC', picture: 'rgb', options: [...TILED, 'COMPRESS=LERC'] },
  { name: 'LERC in strips, deflated', picture: 'u16', options: ['COMPRESS=LERC_DEFLATE'] },
  { name: 'LERC, big-endian', picture: 'u16', options: [BIG_ENDIAN, 'COMPRESS=LERC'] },
  { name: 'LERC of float32, big-endian', picture: 'f32', options: [BIG_ENDIAN, 'COMPRESS=LERC'] },
  { name: 'LERC in Zstandard', picture: 'f32', options: [...TILED, 'COMPRESS=LERC_ZSTD'] },
  { name: 'WebP', picture: 'rgb', options: [...TILED, 'COMPRESS=WEBP', 'WEBP_LOSSLESS=YES'] },
  {
    name: 'WebP, alpha',
    picture: 'rgba',
    options: [...TILED, 'COMPRESS=WEBP', 'WEBP_LOSSLESS=YES'],
  },
  { name: 'JPEG', picture: 'rgb', options: [...TILED, 'COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR'] },
  { name: 'JPEG in strips', picture: 'rgb', options: ['COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR'] },
  { name: 'JPEG, RGB', picture: 'rgb', options: [...TILED, 'COMPRESS=JPEG'] },
  { name: 'JPEG, four bands', picture: 'rgba', options: [...TILED, 'COMPRESS=JPEG', 'ALPHA=NO'] },
  { name: 'JPEG, grey', picture: 'grey', options: ['COMPRESS=JPEG', 'BLOCKYSIZE=16'] },
  { name: 'JPEG, planar', picture: 'rgb', options: [...TILED, 'COMPRESS=JPEG', 'INTERLEAVE=BAND'] },
  {
    name: 'planar tiles',
    picture: 'rgb',
    options: [...TILED, 'INTERLEAVE=BAND', 'COMPRESS=DEFLATE'],
  },
  { name: 'planar strips', picture: 'u16', options: ['INTERLEAVE=BAND', 'COMPRESS=LZW'] },
  { name: 'BigTIFF', picture: 'rgb', options: ['BIGTIFF=YES', 'COMPRESS=DEFLATE'] },
  { name: 'BigTIFF, big-endian', picture: 'u16', options: ['BIGTIFF=YES', BIG_ENDIAN, ...TILED] },
  { name: 'alpha', picture: 'rgba', options: [...TILED, 'COMPRESS=LZW', 'ALPHA=YES'] },
  { name: 'alpha, planar', picture: 'rgba', options: ['INTERLEAVE=BAND', 'ALPHA=PREMULTIPLIED'] },
  { name: 'mask', picture: 'rgb', options: [...TILED, 'COMPRESS=DEFLATE'], mask: true },
  {
    name: 'mask, JPEG',
    picture: 'rgb',
    options: ['COMPRESS=JPEG', 'PHOTOMETRIC=YCBCR'],
    mask: true,
  },
  { name: 'palette', picture: 'palette', options: ['COMPRESS=LZW'] },
  { name: 'palette of 4 bits', picture: 'palette', options: ['NBITS=4'] },
  { name: 'one bit', picture: 'bits', options: ['NBITS=1', 'COMPRESS=PACKBITS'] },
  {
    name: 'one bit, white is zero',
    picture: 'bits',
    options: ['NBITS=1', 'PHOTOMETRIC=MINISWHITE'],
  },
  { name: 'two bits', picture: 'bits', options: ['NBITS=2', ...TILED] },
  { name: 'white is zero', picture: 'grey', options: ['PHOTOMETRIC=MINISWHITE'] },
  { name: '12 bits', picture: 'u16', options: ['NBITS=12', 'COMPRESS=DEFLATE'] },
  { name: 'uint16', picture: 'u16', options: [...TILED, 'COMPRESS=DEFLATE', 'PREDICTOR=2'] },
  {
    name: 'uint16, big-endian',
    picture: 'u16',
    options: [BIG_ENDIAN, 'COMPRESS=LZW', 'PREDICTOR=2'],
  },
  { name: 'int16', picture: 'i16', options: ['COMPRESS=ZSTD', 'PREDICTOR=2'], noData: '-7' },
  { name: 'float32', picture: 'f32', options: [...TILED, 'COMPRESS=DEFLATE', 'PREDICTOR=3'] },
  {
    name: 'float32, big-endian',
    picture: 'f32',
    options: [BIG_ENDIAN, 'COMPRESS=LZW', 'PREDICTOR=3'],
  },
  { name: 'float32, raw', picture: 'f32', options: [BIG_ENDIAN], noData: '0.1' },
  { name: 'five bands', picture: 'five', options: [...TILED, 'COMPRESS=DEFLATE'] },
  { name: 'nodata', picture: 'rgb', options: ['COMPRESS=DEFLATE'], noData: '255' },
  { name: 'impossible nodata', picture: 'rgb', options: ['COMPRESS=LZW'], noData: '-10000' },
  { name: 'sparse', picture: 'rgb', options: [...TILED, 'SPARSE_OK=TRUE', 'COMPRESS=DEFLATE'] },
  {
    name: 'sparse planes',
    picture: 'one',
    options: [...TILED, 'SPARSE_OK=TRUE', 'COMPRESS=DEFLATE', 'INTERLEAVE=BAND'],
  },
  {
    name: 'overviews',
    picture: 'rgb',
    options: [...TILED, 'COMPRESS=DEFLATE'],
    mask: true,
    overviews: true,
  },
];

/** The size is no multiple of any block's. Tiles that are all 0 are left out of a sparse file. */
const SCRIPT = `
import json, sys
import numpy as np
from osgeo import gdal
gdal.UseExceptions()
gdal.SetConfigOption('GDAL_TIFF_INTERNAL_MASK', 'YES')
W, H = int(sys.argv[3]), int(sys.argv[4])
rng = np.random.default_rng(7)
y, x = np.mgrid[0:H, 0:W]
grey = ((x + y) % 256).astype('uint8')
rgb = np.stack([grey, (2 * y % 256).astype('uint8'), rng.integers(0, 256, (H, W)).astype('uint8')])
rgb[:, 64:96, 0:64] = 0
rgb[:, :9, :9] = 255
alpha = np.where(x > 150, 0, 255 - x).astype('uint8')
f32 = (x * 0.1 - y).astype('float32')
f32[3, 4] = np.nan
PICTURES = {
  'rgb': rgb, 'one': rgb * np.array([0, 1, 0], 'uint8')[:, None, None], 'grey': grey[None], 'rgba': np.concatenate([rgb, alpha[None]]),
  'palette': (x % 13).astype('uint8')[None], 'bits': ((x // 3 + y) % 2).astype('uint8')[None],
  'u16': np.stack([(x * 13 + y).astype('uint16') % 4096, (y * 33 % 4096).astype('uint16')]),
  'i16': (x * 5 - y * 9).astype('int16')[None], 'f32': f32[None],
  'five': np.stack([rgb[i % 3] + i for i in range(5)]),
}
for i, v in enumerate(json.loads(sys.argv[2])):
  a = PICTURES[v['picture']]
  kind = {'uint8': 1, 'uint16': 2, 'int16': 3, 'float32': 6}[str(a.dtype)]
  m = gdal.GetDriverByName('MEM').Create('', W, H, a.shape[0], kind)
  for b in range(a.shape[0]): m.GetRasterBand(b + 1).WriteArray(a[b])
  if v['picture'] == 'rgba' and 'ALPHA=NO' not in v['options']:
    for b in range(4): m.GetRasterBand(b + 1).SetColorInterpretation(gdal.GCI_RedBand + b)
  if v['picture'] == 'palette':
    t = gdal.ColorTable()
    for k in range(16): t.SetColorEntry(k, (k * 15, 255 - k * 9, k * k % 256, 255))
    m.GetRasterBand(1).SetColorTable(t)
  if 'mask' in v:
    m.CreateMaskBand(gdal.GMF_PER_DATASET)
    m.GetRasterBand(1).GetMaskBand().WriteArray(np.where((x > 30) & (y < 100), 255, 0).astype('uint8'))
  path = f'{sys.argv[1]}/{i}.tif'
  d = gdal.Translate(path, m, creationOptions=v['options'], noData=None)
  if 'noData' in v: d.GetRasterBand(1).SetNoDataValue(float(v['noData']))
  if 'overviews' in v: d.BuildOverviews('AVERAGE', [2, 4])
  d = None
  d = gdal.Open(path)
  levels = 2 if 'overviews' in v else 0
  bands = [d.GetRasterBand(b + 1) for b in range(d.RasterCount)]
  colours = [b for b in bands if b.GetColorInterpretation() != gdal.GCI_AlphaBand]
  shown = bands
  if v['picture'] == 'palette':
    e = gdal.Translate('', d, format='MEM', rgbExpand='rgb')
    shown = [e.GetRasterBand(b + 1) for b in range(3)]
  for level in range(levels + 1):
    at = lambda b: b.GetOverview(level - 1) if level else b
    out = np.stack([at(b).ReadAsArray() for b in shown])
    valid = np.maximum.reduce([at(b).GetMaskBand().ReadAsArray() for b in colours]) > 0
    out.tofile(f'{sys.argv[1]}/{i}.{level}.pixels')
    valid.astype('uint8').tofile(f'{sys.argv[1]}/{i}.{level}.valid')
`;

export const HAS_GDAL =
  existsSync(PYTHON) &&
  (() => {
    try {
      execFileSync(PYTHON, ['-c', 'from osgeo import gdal'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();

/** Writes every variant into `folder`; `variantPath` and `gdalPixels` find what was written. */
export function writeVariants(folder: string, { widthPx = 217, heightPx = 123 } = {}): void {
  const args = [folder, JSON.stringify(VARIANTS), `${widthPx}`, `${heightPx}`];
  execFileSync(PYTHON, ['-c', SCRIPT, ...args], { stdio: 'pipe' });
}

export function variantPath(folder: string, variant: Variant): string {
  return join(folder, `${VARIANTS.indexOf(variant)}.tif`);
}

/** What GDAL reads: all bands one after the other [bands, H, W], and the pixels it has a picture for [H, W]. */
export function gdalPixels(
  folder: string,
  { variant, type, level }: { variant: Variant; type: SampleType; level: number },
) {
  const file = (name: string) =>
    readFileSync(join(folder, `${VARIANTS.indexOf(variant)}.${level}.${name}`));
  const bytes = Uint8Array.from(file('pixels'));
  return { pixels: new SAMPLE_ARRAYS[type](bytes.buffer), valid: Uint8Array.from(file('valid')) };
}
