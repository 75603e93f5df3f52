import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../errors.ts';
import { openImage } from './open.ts';

const folder = mkdtempSync(join(tmpdir(), 'zeroov-open-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const WIDTH = 5;
const HEIGHT = 3;

/** [3, 5, bands] with all values different. */
function samples(bands: number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT * bands }, (_, i) => (i * 17 + bands) % 256);
}

function picture(bands: 1 | 2 | 3 | 4): Sharp {
  const raw = { width: WIDTH, height: HEIGHT, channels: bands };
  // One and two bands as grey, or sharp would write them as sRGB.
  return sharp(samples(bands), { raw }).toColourspace(bands < 3 ? 'b-w' : 'srgb');
}

/** What openImage should give: the bands chosen for red, green and blue. */
function chosen(bands: number, [red, green, blue]: [number, number, number]): Uint8Array {
  const all = samples(bands);
  return Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
    return all[Math.trunc(i / 3) * bands + [red, green, blue][i % 3]!]!;
  });
}

const fails = async (path: string, code: ErrorCode, sentence: RegExp) => {
  const message = expect.stringMatching(sentence);
  await expect(openImage(path)).rejects.toMatchObject({ code, message });
};

describe('openImage reads', () => {
  it.each([
    ['png', picture(3).png()],
    ['webp', picture(3).webp({ lossless: true })],
    ['tiff', picture(3).tiff({ compression: 'lzw' })],
  ] as const)('an RGB %s without loss, and says what it read', async (format, encoder) => {
    const bytes = await encoder.toBuffer();
    const opened = await openImage(write('the name says nothing', bytes));
    expect(opened.format).toBe(format);
    expect(opened.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect([opened.image.widthPx, opened.image.heightPx]).toEqual([WIDTH, HEIGHT]);
    expect([...opened.image.data]).toEqual([...samples(3)]);
  });

  it('a JPEG', async () => {
    const flat = {
      width: 20,
      height: 10,
      channels: 3,
      background: { r: 200, g: 30, b: 90 },
    } as const;
    const opened = await openImage(
      write('flat.jpg', await sharp({ create: flat }).jpeg({ quality: 100 }).toBuffer()),
    );
    expect(opened.format).toBe('jpeg');
    const far = opened.image.data.some((v, i) => Math.abs(v - [200, 30, 90][i % 3]!) > 2);
    expect(far).toBe(false);
  });

  it('alpha as if it were not there: dropped, not blended', async () => {
    const opened = await openImage(write('rgba.png', await picture(4).png().toBuffer()));
    expect([...opened.image.data]).toEqual([...chosen(4, [0, 1, 2])]);
  });

  it('grey, with and without alpha, three times', async () => {
    for (const bands of [1, 2] as const) {
      const opened = await openImage(write('grey.png', await picture(bands).png().toBuffer()));
      expect([...opened.image.data]).toEqual([...chosen(bands, [0, 0, 0])]);
    }
  });

  it('a palette by its colours', async () => {
    const bytes = await picture(3).png({ palette: true, colours: 256 }).toBuffer();
    // 15 different pixels fit a palette of 256, so nothing is lost.
    expect((await sharp(bytes).metadata()).isPalette).toBe(true);
    const opened = await openImage(write('palette.png', bytes));
    const far = opened.image.data.some((v, i) => Math.abs(v - samples(3)[i]!) > 4);
    expect(far).toBe(false);
  });

  it('an EXIF-rotated picture upright: orientation 6 stores the right edge as the top', async () => {
    const bytes = await picture(3).withMetadata({ orientation: 6 }).png().toBuffer();
    const { image } = await openImage(write('turned.png', bytes));
    expect([image.widthPx, image.heightPx]).toEqual([HEIGHT, WIDTH]);
    // The upright top-left pixel is the stored bottom-left one.
    const stored = samples(3).subarray((HEIGHT - 1) * WIDTH * 3);
    expect([...image.data.subarray(0, 3)]).toEqual([...stored.subarray(0, 3)]);
  });

  it('values as stored, whatever colour profile the file carries', async () => {
    const bytes = await picture(3).withIccProfile('p3', { attach: true }).png().toBuffer();
    const plain = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    const opened = await openImage(write('p3.png', bytes));
    expect([...opened.image.data]).toEqual([...plain]);
    expect([...(await sharp(bytes).raw().toBuffer())]).not.toEqual([...plain]);
  });

  it('a picture of one pixel', async () => {
    const one = sharp(Uint8Array.of(1, 2, 3), { raw: { width: 1, height: 1, channels: 3 } });
    const opened = await openImage(write('one.png', await one.png().toBuffer()));
    expect([...opened.image.data]).toEqual([1, 2, 3]);
  });
});

describe('openImage refuses', () => {
  it('what is not there', async () => {
    await fails(join(folder, 'none.png'), 'IMAGE_NOT_FOUND', /none\.png/);
    await fails(join(write('file', 'x'), 'below.png'), 'IMAGE_NOT_FOUND', /below\.png/);
  });

  it('a folder, a device and a pipe that nobody writes to', async () => {
    await fails(folder, 'IMAGE_NOT_A_FILE', /is a folder/);
    if (process.platform === 'win32') return;
    await fails('/dev/zero', 'IMAGE_NOT_A_FILE', /is a device/);
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await fails(join(folder, 'pipe'), 'IMAGE_NOT_A_FILE', /is a pipe/);
  });

  it.each(['https://example.org/a.tif', 's3://bucket/a.tif', '/vsicurl/https://example.org/a.tif'])(
    'the address %s, saying what to do instead',
    async (address) => {
      await fails(address, 'IMAGE_REMOTE', /unless they are allowed.*download the file/);
    },
  );

  it('a link that leads to itself', async () => {
    const loop = join(folder, 'loop.png');
    symlinkSync(loop, loop);
    await fails(loop, 'IMAGE_UNREADABLE', /ELOOP/);
  });

  it.each([
    ['an empty file', '', /the file is empty/],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>', /SVG or XML/],
    ['PDF', '%PDF-1.7', /PDF/],
    ['a GIF', 'GIF89a', /GIF/],
    ['a Git-LFS pointer', 'version https://git-lfs.github.com/spec/v1', /Git-LFS/],
    ['something unknown', '\x01\x02\x03', /010203/],
  ])('%s by its first bytes', async (_, bytes, sentence) => {
    await fails(write('x.tif', bytes), 'IMAGE_TYPE', sentence);
  });

  it('a file cut short anywhere, never giving part of it', async () => {
    const encoders = [
      picture(3).png(),
      picture(3).jpeg(),
      picture(3).webp(),
      picture(3).tiff({ compression: 'deflate' }),
    ];
    for (const encoder of encoders) {
      const bytes = await encoder.toBuffer();
      for (let length = 0; length < bytes.length; length += 1) {
        const path = write('cut', bytes.subarray(0, length));
        await expect(openImage(path)).rejects.toMatchObject({
          code: expect.stringMatching(/^IMAGE_(DECODE|TYPE)$/),
        });
      }
    }
  });

  it('16-bit, float, five bands and CMYK, saying what there is', async () => {
    const cases: [Uint8Array, RegExp][] = [
      [await picture(3).toColourspace('rgb16').png().toBuffer(), /3 bands of 16-bit rgb16/],
      [await picture(3).toColourspace('cmyk').jpeg().toBuffer(), /4 bands of 8-bit cmyk/],
      [onePixelTiff({ samples: 1, bits: 32, format: 3 }), /1 band of 32-bit float/],
      [onePixelTiff({ samples: 5, bits: 8, format: 1 }), /5 bands of 8-bit/],
    ];
    for (const [bytes, sentence] of cases) {
      await fails(write('bands', bytes), 'IMAGE_BANDS', sentence);
    }
    // The same writer makes a picture that is read, so it is the bands that are refused.
    const plain = await openImage(
      write('plain.tif', onePixelTiff({ samples: 1, bits: 8, format: 1 })),
    );
    expect([...plain.image.data]).toEqual([0, 0, 0]);
  });

  it('more than 64 megapixels, before any is decoded', async () => {
    // A PNG's header says its size at byte 16; its checksum comes 4 + 13 bytes after the chunk's name at 12.
    const bytes = await picture(3).png().toBuffer();
    bytes.writeUInt32BE(40000, 16);
    bytes.writeUInt32BE(40000, 20);
    bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
    const sentence = /40000 × 40000 pixels, the limit is 64 megapixels/;
    await fails(write('huge.png', bytes), 'IMAGE_TOO_LARGE', sentence);
  });
});

/** An uncompressed TIFF of one black pixel with such samples as sharp does not write: header, pixel, tags. */
function onePixelTiff({ samples, bits, format }: Record<'samples' | 'bits' | 'format', number>) {
  const pixelBytes = (samples * bits) / 8;
  const [bitsAt, directoryAt] = [8 + pixelBytes, 8 + pixelBytes + 2 * samples];
  const tags = [
    { tag: 256, value: 1 }, // width
    { tag: 257, value: 1 }, // height
    samples > 2
      ? { tag: 258, value: bitsAt, type: 3, count: samples } // bits per sample, elsewhere
      : { tag: 258, value: bits },
    { tag: 259, value: 1 }, // not compressed
    { tag: 262, value: 1 }, // black is zero
    { tag: 273, value: 8 }, // where the strip is
    { tag: 277, value: samples },
    { tag: 278, value: 1 }, // rows per strip
    { tag: 279, value: pixelBytes },
    { tag: 339, value: format }, // 1 unsigned, 3 float
  ];
  const bytes = Buffer.alloc(directoryAt + 2 + tags.length * 12 + 4);
  bytes.write('II*\0', 'latin1');
  bytes.writeUInt32LE(directoryAt, 4);
  for (let i = 0; i < samples; i += 1) bytes.writeUInt16LE(bits, bitsAt + 2 * i);
  bytes.writeUInt16LE(tags.length, directoryAt);
  for (const [i, { tag, value, type = 4, count = 1 }] of tags.entries()) {
    const at = directoryAt + 2 + i * 12;
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(count, at + 4);
    bytes.writeUInt32LE(value, at + 8);
  }
  return bytes;
}

/** PNG's checksum: reflected polynomial 0xEDB88320. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// The shared samples; digests of Pillow 13.0.0's `Image.open(path).convert("RGB").tobytes()`, equal to the last bit.
const SAMPLES = '../shared/samples';
describe.skipIf(!existsSync(SAMPLES))('openImage on the samples equals Pillow', () => {
  it.each([
    [
      '201404_13SED190110_201404_0x1500m_CL_1.tif',
      '56424182e2dc50c1d5e33532a0d85dd8f3d19256874d062586170566c3d7f75e',
    ],
    [
      '2018_SJER_3_252000_4107000_image_477.tif',
      '73b4445d8457476f457ef7c6659f4d3a032f6511c471534289011d53cfb9f84e',
    ],
    [
      '5b90f92da0d7280005fab355_4310.tif',
      '0b5e84d2880eb1faf858a6a1c53b8aa1e1a22cc81c5d221e1505afd13ccdb024',
    ],
    ['OSBS_029.tif', '79c230a3cd6d060fd65d4b2f9cce12de6f6279dc442bf8a563b543c89ac3558a'],
    ['cog_rgb.tif', '4dbaaa2ede7a48f9bf7e09578f2b76a2effa908537bab543d60231d81fa6fb4e'],
    ['cog_rgb_mask.tif', '92002a45c3b177220a88930e0228376404c848a0679f52ece8dc9622aa07e972'],
    ['pix4d_alpha_nodata.tif', '824fd98c946de9df61ffd4a12952cd4255ef882b2bcba16f1bed87e5ec102d26'],
    ['test_tiled.tif', 'befb3ef53edcf1d35f9f358989350b2597ece6f2cc7a272830a86d7e8f7408ae'],
  ] as const)('%s', async (name, digest) => {
    const { image } = await openImage(`${SAMPLES}/${name}`);
    expect(createHash('sha256').update(image.data).digest('hex')).toBe(digest);
  });

  it('refuses the 16-bit one', async () => {
    await fails(`${SAMPLES}/sample_geotiff.tif`, 'IMAGE_BANDS', /1 band of 16-bit/);
  });
});
