/**
 * Mutated pictures: nothing they say may crash, hang or confuse the program. All go through the preflight, and then
 * through a decoder child, which would be started anew if it died.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { ZeroovError } from '../../errors.ts';
import { Decoder } from '../decode/decoder.ts';
import { sniffFormat } from '../sniff-format.ts';
import { bufferSource } from './byte-source.ts';
import { HAS_GDAL, VARIANTS, variantPath, writeVariants } from './gdal-variants.fixture.ts';
import { preflightTiff } from './preflight-tiff.ts';
import { greyPage, type PageContent, type TiffContent, tiffFile } from './tiff-file.fixture.ts';
import { TIFF_LIMITS } from './tiff-limits.ts';
import { walkDirectories } from './walk-directories.ts';

const MUTATED = 20_000;
/** Of the child, below what it may take: a mutant is small, and so is what it costs. */
const RSS_BYTES = 512 * 2 ** 20;
const TYPED =
  /^(IMAGE_(TYPE|TOO_LARGE|BANDS|DECODE)|TIFF_(IFD_CYCLE|BAD_DIMS|BAD_LAYOUT)|UNSUPPORTED_BAND_LAYOUT|DECODE_OVERFLOW)$/;

/** Numbers 0..1 that are the same in every run: a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Small TIFFs of every structure; where GDAL is, also of every kind that it writes. */
function tiffSeeds(): Buffer[] {
  const size = { widthPx: 20, heightPx: 18 };
  const pixels = greyPage(size).blocks![0]!;
  const tiles = { TileWidth: [16], TileLength: [16] };
  const tile = deflateSync(Buffer.alloc(256, 7));
  const pages: PageContent[] = [
    { ...greyPage(size, { RowsPerStrip: [9] }), blocks: [pixels.slice(180), pixels.slice(180)] },
    { ...greyPage(size, { ...tiles, Compression: [8] }), blocks: [tile, tile, tile, tile] },
    { ...greyPage(size, { GdalNoData: '3', ModelTiepoint: [0, 0, 0, 0.5, 1, 0] }) },
  ];
  const child = {
    ...greyPage({ widthPx: 10, heightPx: 9 }, { NewSubfileType: [1] }),
    isChild: true,
  } as const;
  const mask = greyPage(size, { NewSubfileType: [4], PhotometricInterpretation: [4] });
  const contents: TiffContent[] = pages.flatMap((page) =>
    [true, false].flatMap((big) => [
      { pages: [page], big },
      { pages: [{ ...page, children: [2] }, mask, child], big, littleEndian: false },
    ]),
  );
  return [...contents.map(tiffFile), ...gdalSeeds()];
}

function gdalSeeds(): Buffer[] {
  if (!HAS_GDAL) return [];
  const folder = temporaryFolder();
  writeVariants(folder, { widthPx: 70, heightPx: 40 });
  return VARIANTS.map((variant) => readFileSync(variantPath(folder, variant)));
}

interface Seed {
  readonly bytes: Buffer;
  /** Where the fields of every directory entry are, and the links between directories. */
  readonly fields: readonly { readonly at: number; readonly bytes: number }[];
  /** Where its directories are. */
  readonly directories: readonly number[];
}

function seedOf(bytes: Buffer): Seed {
  const source = bufferSource('seed', bytes);
  const { header, directories } = walkDirectories(source, TIFF_LIMITS);
  const [wide, head, entry] = header.big ? [8, 8, 20] : [4, 2, 12];
  const fields = [{ at: header.big ? 8 : 4, bytes: wide }];
  for (const { offset } of directories) {
    const low = header.littleEndian ? offset : offset + head - 2;
    const count = header.littleEndian ? bytes.readUInt16LE(low) : bytes.readUInt16BE(low);
    fields.push({ at: offset, bytes: head });
    for (let i = 0; i < count; i += 1) {
      const at = offset + head + i * entry;
      fields.push({ at, bytes: 2 }, { at: at + 2, bytes: 2 });
      fields.push({ at: at + 4, bytes: wide }, { at: at + 4 + wide, bytes: wide });
    }
    fields.push({ at: offset + head + count * entry, bytes: wide });
  }
  return { bytes, fields, directories: directories.map(({ offset }) => offset) };
}

/**
 * Makes one to three changes: a byte becomes another, mostly; a field of a directory becomes a telling number or the place
 * of another field; a stretch is copied elsewhere; the end is cut off.
 */
function mutate({ bytes: seed, fields, directories }: Seed, random: () => number): Buffer {
  const bytes = Buffer.from(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const sizes = [0, 1, 2, 3, 7, 8, 16, 255, 65535, 2 ** 31, 2 ** 32 - 1, bytes.length, 2 ** 53];
  const telling = [...sizes, ...directories];
  let length = bytes.length;
  for (let change = below(3); change >= 0; change -= 1) {
    const kind = below(12);
    const field = fields[below(fields.length)];
    if (kind < 5 && field) {
      const value = kind < 2 ? fields[below(fields.length)]!.at : telling[below(telling.length)]!;
      for (let i = 0; i < field.bytes; i += 1) {
        const place = seed[0] === 0x49 ? i : field.bytes - 1 - i;
        bytes[field.at + place] = Math.floor(value / 256 ** i) % 256;
      }
    } else if (kind < 10) bytes[below(bytes.length)] = below(256);
    else if (kind < 11) bytes.copy(bytes, below(bytes.length), below(bytes.length));
    else length = below(length);
  }
  return bytes.subarray(0, length);
}

const codeOf = (error: unknown): string =>
  error instanceof ZeroovError ? error.code : `untyped: ${error}`;

describe('mutated pictures', () => {
  let seeds: readonly Seed[] = [];
  beforeAll(() => {
    seeds = tiffSeeds().map(seedOf);
  });

  /** The same in every test. */
  function* mutants(): Iterable<Buffer> {
    const random = randomFrom(6);
    for (let i = 0; i < MUTATED; i += 1) yield mutate(seeds[i % seeds.length]!, random);
  }

  it(`${MUTATED} through the preflight: passed or refused by a row of the table`, () => {
    let mostHeld = 0;
    const codes = new Map<string, number>();
    const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1);
    for (const bytes of mutants()) {
      const before = process.memoryUsage().arrayBuffers;
      try {
        preflightTiff(bufferSource('mutant.tif', bytes));
        count('passed');
      } catch (error) {
        count(codeOf(error));
      }
      mostHeld = Math.max(mostHeld, process.memoryUsage().arrayBuffers - before);
    }
    expect(mostHeld).toBeLessThan(64 * 2 ** 20);
    expect([...codes.keys()].filter((code) => code !== 'passed' && !TYPED.test(code))).toEqual([]);
    // The seeds are mutated enough to be refused for every reason, and little enough to pass.
    for (const code of ['passed', 'TIFF_IFD_CYCLE', 'TIFF_BAD_DIMS', 'TIFF_BAD_LAYOUT']) {
      expect(codes.get(code)).toBeGreaterThan(10);
    }
  });

  it('all of them through a child: pixels or a row of the table, and hardly a death', async () => {
    const fd = openSync(join(temporaryFolder(), 'mutant'), 'w+');
    const decoder = new Decoder({ fd, limits: { rssBytes: RSS_BYTES } });
    const answers = new Map<string, number>();
    let i = 0;
    try {
      for (const bytes of mutants()) {
        ftruncateSync(fd);
        writeSync(fd, bytes, 0, bytes.length, 0);
        i += 1;
        // By another name it is another scene.
        const code = await decodeMutant(decoder, { path: `mutant ${i}`, bytes });
        answers.set(code, (answers.get(code) ?? 0) + 1);
      }
    } finally {
      await decoder.close();
      closeSync(fd);
    }
    const unexpected = [...answers.keys()].filter((code) => code !== 'pixels' && !TYPED.test(code));
    expect(unexpected.filter((code) => code !== 'DECODER_CRASH')).toEqual([]);
    expect(answers.get('pixels')).toBeGreaterThan(MUTATED / 20);
    expect(answers.get('DECODER_CRASH') ?? 0).toBeLessThanOrEqual(MUTATED / 1000);
  });

  it('of other formats, and TIFFs as whole pictures, through a child', async () => {
    const create = { width: 40, height: 30, channels: 3, background: '#456789' } as const;
    const others = [
      await sharp({ create }).png().toBuffer(),
      await sharp({ create }).jpeg().toBuffer(),
      await sharp({ create }).webp().toBuffer(),
      seeds.at(-1)!.bytes,
    ];
    const decoder = new Decoder();
    const random = randomFrom(7);
    const answers = new Map<string, number>();
    try {
      for (let i = 0; i < 400; i += 1) {
        const seed = others[i % others.length]!;
        const bytes = mutate({ bytes: seed, fields: [], directories: [] }, random);
        const { kind } = sniffFormat(bytes);
        if (kind === 'other') continue;
        const picture = { path: 'mutant', bytes, format: kind };
        const code = await decoder
          .ask({ kind: 'picture', picture }, 'mutant')
          .then(() => 'pixels', codeOf);
        answers.set(code, (answers.get(code) ?? 0) + 1);
      }
    } finally {
      await decoder.close();
    }
    expect([...answers.keys()].filter((code) => code !== 'pixels' && !TYPED.test(code))).toEqual(
      [],
    );
  });
});

/** Opens what the child's file holds now and reads its first corner, which is enough of what may say it is a gigapixel. */
async function decodeMutant(
  decoder: Decoder,
  { path, bytes }: { path: string; bytes: Buffer },
): Promise<string> {
  const { kind } = sniffFormat(bytes);
  if (kind !== 'tiff') return 'IMAGE_TYPE';
  const scene = { path, size: bytes.length, format: kind, upright: true };
  const window = { x: 0, y: 0, widthPx: 128, heightPx: 128 };
  const out = { widthPx: 32, heightPx: 32 };
  const asked = decoder.ask({ kind: 'window', scene, window, out, bands: [0] }, path);
  return asked.then(() => 'pixels', codeOf);
}
