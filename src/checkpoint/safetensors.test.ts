import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZeroovError } from '../errors.ts';
import { MAX_HEADER_BYTES, MAX_TENSORS, readSafetensorsHeader } from './safetensors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zeroov-st-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** length (of the header unless told otherwise), header, data */
function file(header: string | Buffer, data = 0, length?: bigint): Buffer {
  const text = Buffer.from(header);
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([start, text, Buffer.alloc(data)]);
}

let count = 0;
async function read(bytes: Buffer) {
  count += 1;
  const path = join(folder, `${count}.safetensors`);
  await writeFile(path, bytes);
  return readSafetensorsHeader(path);
}

const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const header = (tensors: Record<string, unknown>): string => JSON.stringify(tensors);
const refused = (code: string, message: string | RegExp = '') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('a valid file', () => {
  it('gives each tensor its place in the file, and the metadata', async () => {
    const text = header({
      __metadata__: { format: 'pt' },
      'layers.1.weight': tensor(24, 36, [2, 3], 'BF16'),
      'layers.0.weight': tensor(0, 24, [2, 3]),
    });
    const got = await read(file(text, 36));
    expect([...got.metadata]).toEqual([['format', 'pt']]);
    expect(got.tensors.get('layers.1.weight')).toEqual({
      name: 'layers.1.weight',
      dtype: 'BF16',
      shape: [2, 3],
      file: got.identity.path,
      offset: 8 + text.length + 24,
      length: 12,
    });
    expect(got.tensors.size).toBe(2);
    expect(got.identity.size).toBe(8 + text.length + 36);
  });

  it.each([
    ['no tensor at all', header({}), 0],
    ['padding of spaces, as the reference writes it', `${header({ a: tensor(0, 4) })}     `, 4],
    ['no metadata said as null', header({ __metadata__: null }), 0],
    ['a scalar', header({ a: tensor(0, 4, []) }), 4],
    ['eight axes', header({ a: tensor(0, 4, [1, 1, 1, 1, 1, 1, 1, 1]) }), 4],
    [
      'empty tensors that share an offset',
      header({ z: tensor(4, 4, [0]), a: tensor(0, 4), b: tensor(0, 0, [0, 7]) }),
      4,
    ],
    ['0 × 2^80 elements', header({ a: tensor(0, 0, [0, 2 ** 40, 2 ** 40]) }), 0],
    ['fields it does not know', header({ a: { ...tensor(0, 4), note: 'x' } }), 4],
  ])('may have %s', async (_, text, data) => {
    await expect(read(file(text, data))).resolves.toBeDefined();
  });

  it('keeps names of object members as plain names', async () => {
    const text =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}';
    const { tensors } = await read(file(text, 2));
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor']);
    expect(tensors.has('toString')).toBe(false);
    expect(Object.getPrototypeOf(tensors)).toBe(Map.prototype);
  });
});

describe('the header length', () => {
  const ok = header({ a: tensor(0, 4) });
  it.each([
    ['7 bytes of file', Buffer.alloc(7)],
    ['an empty file', Buffer.alloc(0)],
    ['0', file('', 0, 0n)],
    ['1', file('{', 0, 1n)],
    ['one more than the file has', file(ok, 0, BigInt(ok.length + 1))],
    ['2^53', file(ok, 4, 2n ** 53n)],
    ['2^63', file(ok, 4, 2n ** 63n)],
    ['2^64 − 1', file(ok, 4, 2n ** 64n - 1n)],
  ])('%s is refused', async (_, bytes) => {
    await expect(read(bytes)).rejects.toEqual(refused('ST_HEADER_LENGTH'));
  });

  it('may be the limit but not a byte more', async () => {
    const padded = (bytes: number): Buffer => file('{}'.padEnd(bytes, ' '));
    await expect(read(padded(MAX_HEADER_BYTES))).resolves.toBeDefined();
    await expect(read(padded(MAX_HEADER_BYTES + 1))).rejects.toEqual(refused('ST_HEADER_LENGTH'));
  });

  it('may reach to the end of the file', async () => {
    await expect(read(file('{}'))).resolves.toBeDefined();
  });
});

describe('the header', () => {
  const t = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  it.each([
    ['is no JSON', '{"a":', /not valid JSON/],
    ['is no object', '[]', /no object/],
    ['is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /UTF-8/],
    ['begins with a byte order mark', `\ufeff{"a":${t}}`, /JSON/],
    ['has a key twice', `{"a":${t},"a":${t}}`, /"a" appears twice/],
    ['has a key twice, once escaped', `{"a":${t},"\\u0061":${t}}`, /"a" appears twice/],
    ['has __proto__ twice', `{"__proto__":${t},"__proto__":${t}}`, /appears twice/],
    [
      'has a field twice',
      '{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      /twice/,
    ],
    ['has half a surrogate', `{"\\ud800":${t}}`, /bad escape/],
    ['has a bad escape', `{"\\q":${t}}`, /bad escape/],
    ['has a string without end', '{"a', /does not end/],
    ['has a NUL in a name', `{"a\\u0000":${t}}`, /control/],
    ['has a right-to-left override in a name', `{"a\u202e":${t}}`, /control/],
    ['has a name of 50 KB', `{"${'n'.repeat(50_000)}":${t}}`, /50000 characters/],
    ['has metadata that are no strings', '{"__metadata__":{"a":1}}', /no string/],
    ['has metadata that are a list', '{"__metadata__":[]}', /no object/],
    ['has a tensor that is a list', '{"a":["U8",[1],[0,1]]}', /"a" is no object/],
    ['has an unknown dtype', '{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,1]}}', /"F99"/],
    [
      'has a dtype out of Object',
      '{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}',
      /toString/,
    ],
    ['has no dtype', '{"a":{"shape":[1],"data_offsets":[0,1]}}', /dtype/],
    ['has no shape', '{"a":{"dtype":"U8","data_offsets":[0,1]}}', /shape/],
    ['has a shape of strings', '{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}', /shape/],
    ['has no offsets', '{"a":{"dtype":"U8","shape":[1]}}', /data_offsets/],
    [
      'has three offsets',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}',
      /data_offsets/,
    ],
    [
      'has a negative offset',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}',
      /-1 is not/,
    ],
    ['has a fraction', '{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}', /1\.0 is not/],
    ['has an exponent', '{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}', /1e0 is not/],
    ['has minus zero', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', /-0 is not/],
    [
      'has 2^53',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9007199254740992]}}',
      /9007199254740992 is not/,
    ],
    [
      'has a long number',
      `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,${'9'.repeat(5000)}]}}`,
      /is not/,
    ],
    ['nests deep', `{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, /deeper than 3/],
  ])('is refused when it %s', async (_, text, reason) => {
    await expect(read(file(text, 1))).rejects.toEqual(refused('ST_HEADER_JSON', reason));
  });

  it('may name 65,536 tensors but not one more', async () => {
    const many = (n: number): string =>
      header(Object.fromEntries(Array.from({ length: n }, (_, i) => [`t${i}`, tensor(0, 0, [0])])));
    await expect(read(file(many(MAX_TENSORS)))).resolves.toBeDefined();
    await expect(read(file(many(MAX_TENSORS + 1)))).rejects.toEqual(
      refused('ST_HEADER_JSON', /65,?536/),
    );
    await expect(read(file(many(MAX_TENSORS + 2)))).rejects.toEqual(
      refused('ST_HEADER_JSON', /more than 65537 entries/),
    );
  });
});

describe('the tensors fill the data exactly', () => {
  it.each([
    ['cut data', header({ a: tensor(0, 8) }), 7, /describes 8 bytes of data, the file has 7/],
    ['bytes after the last', header({ a: tensor(0, 8) }), 9, /describes 8 .* has 9/],
    [
      'a hole',
      header({ a: tensor(0, 4), b: tensor(8, 12) }),
      12,
      /"b" begins at byte 8 .*expected 4/,
    ],
    ['a hole at the start', header({ a: tensor(4, 8) }), 8, /expected 0/],
    ['an overlap', header({ a: tensor(0, 8), b: tensor(4, 12) }), 12, /"b" begins at byte 4/],
    [
      'the same place twice',
      header({ a: tensor(0, 4), b: tensor(0, 4) }),
      4,
      /"b" begins at byte 0/,
    ],
    [
      'a reversed pair',
      header({ a: tensor(0, 4), b: tensor(8, 4, [1]) }),
      8,
      /ends before it begins/,
    ],
    ['a shape of another size', header({ a: tensor(0, 8, [3]) }), 8, /takes 12 bytes, but has 8/],
    [
      // The product is 2^64 + 4: in 64 bits it wraps to 4 elements.
      'a product that wraps',
      header({ a: tensor(0, 16, [4194305, 4194305, 211106198978564]) }),
      16,
      /more elements than can be counted/,
    ],
    ['2^80 × 0 elements', header({ a: tensor(0, 0, [2 ** 40, 2 ** 40, 0]) }), 0, /counted/],
    ['2^63 elements of 4 bytes', header({ a: tensor(0, 4, [2 ** 50, 2 ** 13]) }), 4, /counted/],
    [
      'data beyond the file',
      header({ a: tensor(0, 2 ** 52, [2 ** 50]) }),
      4,
      /describes 4503599627370496/,
    ],
  ])('%s is refused', async (_, text, data, reason) => {
    await expect(read(file(text, data))).rejects.toEqual(refused('ST_OFFSETS', reason));
  });
});

describe('a file of another kind', () => {
  it.each([
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      /Git LFS/,
    ],
    ['an error page', '<!DOCTYPE html><html><body>Not found</body></html>', /web page/],
    ['an error page', '<html><head></head></html>', /web page/],
    ['a zip', Buffer.from('PK\x03\x04\x14\0\0\0\0\0data.pkl', 'latin1'), /zip/],
    ['a pickle', Buffer.from('\x80\x02\x8a\x0al\xfc\x9cF\xf9', 'latin1'), /pickle/],
    ['a GGUF file', Buffer.from('GGUF\x03\0\0\0\x23\x01\0\0'), /GGUF/],
    ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1'), /HDF5/],
    ['JSON', '{"error":"Entry not found"}', /JSON/],
  ])('%s is named', async (_, bytes, hint) => {
    await expect(read(Buffer.from(bytes))).rejects.toEqual(refused('NOT_SAFETENSORS', hint));
  });

  it('a folder or a missing file has its own error', async () => {
    await expect(readSafetensorsHeader(folder)).rejects.toEqual(
      refused('CHECKPOINT_UNREADABLE', /not a regular file/),
    );
    await expect(readSafetensorsHeader(join(folder, 'none'))).rejects.toEqual(
      refused('CHECKPOINT_FILE_MISSING'),
    );
  });
});

describe('mutated files', () => {
  /** Two to four neighbours with correct offsets: the seed that is mutated. */
  const seed = (() => {
    const text = header({
      __metadata__: { format: 'pt' },
      'a.weight': tensor(0, 24, [2, 3]),
      'b\\"é': tensor(24, 28, [1, 1, 1]),
      c: tensor(28, 28, [0]),
    });
    return file(text, 28);
  })();
  const edit = fc.record({
    at: fc.nat(seed.length - 1),
    remove: fc.nat(3),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc
        .constantFrom('"', '\\', '{', '}', '[', ']', ',', '-1', '1e9', '\\ud800', ':null')
        .map((s) => Buffer.from(s)),
    ),
  });

  it('are read or refused by an error of the table, and what is read fits the file', async () => {
    const path = join(folder, 'mutated.safetensors');
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (edits, repair) => {
          let bytes = seed;
          for (const { at, remove, insert } of edits)
            bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
          // Half of the cases get a right length again, so that the JSON is reached.
          if (repair && bytes.length > 36) bytes.writeBigUInt64LE(BigInt(bytes.length - 36));
          await writeFile(path, bytes);
          const result = await readSafetensorsHeader(path).catch((error: unknown) => error);
          if (result instanceof Error) return result instanceof ZeroovError;
          const { tensors } = result as Awaited<ReturnType<typeof readSafetensorsHeader>>;
          return [...tensors.values()].every(
            (t) => t.offset >= 10 && t.offset + t.length <= bytes.length,
          );
        },
      ),
      { numRuns: 3000 },
    );
  });
});
