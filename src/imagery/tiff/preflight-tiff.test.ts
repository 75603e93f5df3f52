import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../errors.ts';
import { bufferSource } from './byte-source.ts';
import { preflightTiff } from './preflight-tiff.ts';
import { greyPage, type PageContent, type TiffContent, tiffFile } from './tiff-file.fixture.ts';
import { TIFF_LIMITS, type TiffLimits } from './tiff-limits.ts';

const preflight = (bytes: Uint8Array, limits: Partial<TiffLimits> = {}) =>
  preflightTiff(bufferSource('a.tif', bytes), { ...TIFF_LIMITS, ...limits });

const refused = (code: ErrorCode, sentence = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(sentence) });

const expectRefused = (bytes: Uint8Array, code: ErrorCode, sentence?: RegExp) => {
  expect(() => preflight(bytes)).toThrow(refused(code, sentence));
};

const one = (tags: PageContent['tags'], size = {}): Buffer =>
  tiffFile({ pages: [greyPage(size, tags)] });

const KINDS: readonly Omit<TiffContent, 'pages'>[] = [
  { big: false, littleEndian: true },
  { big: false, littleEndian: false },
  { big: true, littleEndian: true },
  { big: true, littleEndian: false },
];

describe('preflightTiff', () => {
  it('reads the same from classic and BigTIFF of both byte orders', () => {
    for (const kind of KINDS) {
      const { levels, header } = preflight(tiffFile({ pages: [greyPage()], ...kind }));
      expect(header).toMatchObject(kind);
      expect(levels[0].page.blocks).toMatchObject({ widthPx: 4, heightPx: 3, across: 1, down: 1 });
      expect([...levels[0].page.blocks.byteCounts]).toEqual([12]);
    }
  });

  it('finds overviews and masks by their flags, also in sub-directories, and leaves other pages', () => {
    const mask = (size: { widthPx: number; heightPx: number }, flags: number) =>
      greyPage(size, { NewSubfileType: [flags], PhotometricInterpretation: [4] });
    const [full, half] = [
      { widthPx: 4, heightPx: 4 },
      { widthPx: 2, heightPx: 2 },
    ];
    const pages: PageContent[] = [
      { ...greyPage(full), children: [3] },
      mask(full, 4),
      greyPage({ widthPx: 9, heightPx: 9 }),
      { ...greyPage(half, { NewSubfileType: [1] }), isChild: true },
      mask(half, 5),
    ];
    const { levels } = preflight(tiffFile({ pages }));
    const sides = levels.map(({ page, mask }) => [page.blocks.widthPx, mask?.blocks.widthPx]);
    expect(sides).toEqual([
      [4, 4],
      [2, 2],
    ]);
    // Without its mask the overview would show what the mask hides.
    expect(preflight(tiffFile({ pages: pages.slice(0, 4) })).levels).toHaveLength(1);
  });

  it('divides one uncompressed strip into rows that can be read alone', () => {
    const [widthPx, heightPx] = [2 ** 19, 5];
    const { levels } = preflight(one({}, { widthPx, heightPx }));
    const { block, down, byteCounts } = levels[0].page.blocks;
    expect([block.heightPx, down, [...byteCounts]]).toEqual([2, 3, [2 ** 20, 2 ** 20, 2 ** 19]]);
  });
});

describe('a directory met twice is refused', () => {
  it.each([1, 2, 3, 17, 64])('in a list of %i', (length) => {
    for (const kind of KINDS) {
      for (const back of [0, length - 1]) {
        const pages = Array.from({ length }, (_, i) =>
          i === length - 1 ? { ...greyPage(), next: back } : greyPage(),
        );
        expectRefused(tiffFile({ pages, ...kind }), 'TIFF_IFD_CYCLE', /comes back to byte \d+/);
      }
    }
  });

  it('among sub-directories', () => {
    const child = (children: number[]) => ({ ...greyPage(), isChild: true, children }) as const;
    for (const pages of [
      [{ ...greyPage(), children: [0] }],
      [{ ...greyPage(), children: [1] }, child([1])],
      [{ ...greyPage(), children: [1] }, child([2]), child([0])],
    ]) {
      expectRefused(tiffFile({ pages }), 'TIFF_IFD_CYCLE');
    }
  });
});

describe('sizes that lie are refused', () => {
  it.each([
    ['no width', { ImageWidth: [0] }, 'TIFF_BAD_DIMS', /0 × 3 pixels/],
    ['no height', { ImageLength: [] }, 'TIFF_BAD_DIMS', /4 × 0 pixels/],
    ['half a pixel', { ImageWidth: [4.5] }, 'TIFF_BAD_DIMS', /4.5 × 3/],
    ['NaN', { ImageWidth: [Number.NaN] }, 'TIFF_BAD_DIMS', /NaN × 3/],
    ['a side of 2^31', { ImageWidth: [2 ** 31] }, 'IMAGE_TOO_LARGE', /1000000 pixels a side/],
    [
      '10^12 pixels',
      { ImageWidth: [1e6], ImageLength: [1e6] },
      'IMAGE_TOO_LARGE',
      /4000 megapixels/,
    ],
    ['40 000² in 12 bytes', { ImageWidth: [40000], ImageLength: [40000] }, 'TIFF_BAD_LAYOUT', /./],
    ['65 529 bands', { SamplesPerPixel: [65529] }, 'IMAGE_TOO_LARGE', /65529 bands/],
  ] as const)('%s', (_, tags, code, sentence) => {
    for (const kind of KINDS) {
      expectRefused(tiffFile({ pages: [greyPage({}, tags)], ...kind }), code, sentence);
    }
  });
});

describe('strips and tiles that lie are refused', () => {
  const tiles = { TileWidth: [16], TileLength: [16], RowsPerStrip: [] };
  it.each([
    ['a strip after the end', { StripOffsets: [1e6] }, /strip 0 is at bytes 1000000/],
    ['a strip over the end', { StripByteCounts: [1e6] }, /strip 0 is at bytes 8 to 1000008/],
    ['a strip without bytes', { StripByteCounts: [0] }, /strip 0/],
    ['bytes without a place', { StripOffsets: [0] }, /strip 0/],
    ['too few strips', { RowsPerStrip: [1] }, /1 offsets and 1 byte counts for 3 strips/],
    ['too many strips', { StripOffsets: [8, 9], StripByteCounts: [1, 1] }, /2 offsets/],
    ['no byte counts', { StripByteCounts: '' }, /does not say where/],
    [
      'strips that share a byte',
      { RowsPerStrip: [1], StripOffsets: [16, 8, 12], StripByteCounts: [4, 5, 4] },
      /strips 1 and 2 share bytes/,
    ],
    [
      'one strip read three times',
      { RowsPerStrip: [1], StripOffsets: [8, 8, 8], StripByteCounts: [4, 4, 4] },
      /share bytes/,
    ],
    ['strips of no rows', { RowsPerStrip: [0] }, /0 rows/],
    ['tiles of no width', { ...tiles, TileWidth: [0] }, /0 × 16/],
  ] as const)('%s', (_, tags, sentence) => {
    expectRefused(one(tags), 'TIFF_BAD_LAYOUT', sentence);
  });

  it('4 · 10^9 offsets, without holding room for them', () => {
    const bytes = one({});
    const entry = bytes.indexOf(Buffer.of(0x11, 0x01, 4, 0, 1, 0, 0, 0)); // StripOffsets, LONG, 1
    bytes.writeUInt32LE(4e9, entry + 4);
    expectRefused(bytes, 'TIFF_BAD_LAYOUT', /StripOffsets lies outside the file/);
  });

  it('rows per strip of 2^32 − 1 are all rows, as TIFF says', () => {
    const { levels } = preflight(one({ RowsPerStrip: [2 ** 32 - 1] }));
    expect(levels[0].page.blocks.block.heightPx).toBe(3);
  });

  it('a file that ends within its tags, at every byte', () => {
    const bytes = tiffFile({ pages: [greyPage()], big: true });
    for (let length = 16; length < bytes.length; length += 1) {
      expectRefused(bytes.subarray(0, length), 'TIFF_BAD_LAYOUT');
    }
  });

  it('a list that points into the header', () => {
    const bytes = one({});
    bytes.writeUInt32LE(4, 4);
    expectRefused(bytes, 'TIFF_BAD_LAYOUT', /start at byte 4/);
  });
});

describe('samples that are not read are refused by the tag that says so', () => {
  const rgb = { SamplesPerPixel: [3], PhotometricInterpretation: [2] };
  it.each([
    [{ BitsPerSample: [3] }, /BitsPerSample is 3/],
    [{ BitsPerSample: [64] }, /BitsPerSample is 64/],
    [{ BitsPerSample: [32] }, /SampleFormat is absent/],
    [{ BitsPerSample: [64], SampleFormat: [6] }, /BitsPerSample is 64/], // complex
    [{ BitsPerSample: [8], SampleFormat: [2] }, /SampleFormat is 2/],
    [{ ...rgb, BitsPerSample: [8, 8, 16] }, /BitsPerSample is 8, 8, 16/],
    [{ PhotometricInterpretation: [5] }, /PhotometricInterpretation is 5/], // CMYK
    [{ PhotometricInterpretation: [6] }, /PhotometricInterpretation is 6/], // YCbCr without JPEG
    [{ PhotometricInterpretation: [2] }, /SamplesPerPixel is 1, expected 3 or more/],
    [{ PhotometricInterpretation: [3] }, /ColorMap is absent, expected 768 numbers/],
    [{ Compression: [3] }, /Compression is 3, expected the number of none, lzw/], // CCITT
    [{ Compression: [34712] }, /Compression is 34712/], // JPEG 2000
    [{ PlanarConfiguration: [3] }, /PlanarConfiguration is 3/],
    [{ FillOrder: [2] }, /FillOrder is 2/],
    [{ Compression: [8], Predictor: [3] }, /Predictor is 3/],
    [{ Compression: [7], SamplesPerPixel: [2] }, /SamplesPerPixel is 2, expected 1 or 3 or 4/],
  ] as const)('%j', (tags, sentence) => {
    expectRefused(one(tags), 'UNSUPPORTED_BAND_LAYOUT', sentence);
  });
});

describe('every limit holds at its edge', () => {
  const many = (count: number) => Array.from({ length: count }, () => greyPage());
  const bands = (count: number) => {
    const blocks = [new Uint8Array(12 * count)];
    return { ...greyPage({}, { SamplesPerPixel: [count] }), blocks };
  };
  const tiled = (side: number) => ({
    tags: { ...greyPage().tags, TileWidth: [side], TileLength: [16] },
    blocks: [new Uint8Array(1)],
  });
  const row = (widthPx: number) => [greyPage({ widthPx, heightPx: 1 })];
  it.each<
    [keyof TiffLimits, (size: number) => PageContent[], number, RegExp, code?: 'TIFF_BAD_LAYOUT']
  >([
    ['directories', many, 4, /more than 4 pages, the limit is 4/],
    ['bands', (count) => [bands(count)], 4, /5 bands, the limit is 4/],
    ['tileSidePx', (side) => [tiled(side)], 16, /tiles of 17 × 16 pixels/, 'TIFF_BAD_LAYOUT'],
    ['sidePx', row, 4, /5 × 1 pixels/],
    ['pixels', row, 4, /5 × 1 pixels/],
    ['blockBytes', row, 4, /5 B in one strip, the limit is 4 B/, 'TIFF_BAD_LAYOUT'],
  ])('%s', (limit, pages, most, sentence, code = 'IMAGE_TOO_LARGE' as never) => {
    const limits = { [limit]: most };
    expect(() => preflight(tiffFile({ pages: pages(most) }), limits)).not.toThrow();
    expect(() => preflight(tiffFile({ pages: pages(most + 1) }), limits)).toThrow(
      refused(code, sentence),
    );
  });

  it('tags and their bytes', () => {
    const bytes = tiffFile({ pages: [greyPage()] }); // 9 tags of one LONG
    expect(() => preflight(bytes, { tags: 9, tagBytes: 36 })).not.toThrow();
    expect(() => preflight(bytes, { tags: 8 })).toThrow(refused('IMAGE_TOO_LARGE', /9 tags/));
    expect(() => preflight(bytes, { tagBytes: 35 })).toThrow(
      refused('IMAGE_TOO_LARGE', /36 B of tags, the limit is 35 B/),
    );
  });
});
