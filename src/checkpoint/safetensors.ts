import { ZeroovError } from '../errors.ts';
import type { StoredDType, StoredTensor } from '../tensor/stored.ts';
import { decodeUtf8, type FileIdentity, openRegularFile, readBytes } from './regular-file.ts';
import { type JsonRules, parseStrictJson } from './strict-json.ts';

/** Real checkpoints stay below 1 MiB and 3,000 tensors; the limits leave room and bound what a lie can cost. */
export const MAX_HEADER_BYTES = 16 * 1024 * 1024;
export const MAX_TENSORS = 65_536;
/** Names are printed in messages, so they stay short and free of what a terminal would act on. */
const MAX_NAME_LENGTH = 1024;

const BYTES_PER_ELEMENT: Readonly<Record<StoredDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** root → tensor → shape is three levels; the root's entries are the tensors and `__metadata__`. */
const HEADER_RULES: JsonRules = { maxDepth: 3, maxEntries: MAX_TENSORS + 1, numbers: 'integers' };

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** `__metadata__`, e.g. format → pt. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly identity: FileIdentity;
}

/**
 * Reads what a safetensors file says about itself: 8 bytes of length, then JSON. No weights are read.
 *
 * Accepts what the reference library accepts (github.com/safetensors/safetensors, format and validation), and is
 * stricter in this: 16 MiB and 65,536 tensors; no key twice; no shape of more axes than that; no integer above 2^53 − 1; only the dtypes of
 * `StoredDType`; no control or formatting character in a name; a tensor is an object, never a list of its fields.
 *
 * @throws NOT_SAFETENSORS, ST_HEADER_LENGTH, ST_HEADER_JSON, ST_OFFSETS and those of opening a file
 */
export async function readSafetensorsHeader(
  path: string,
  checkpoint = path,
): Promise<SafetensorsHeader> {
  const { handle, identity } = await openRegularFile(path, checkpoint);
  try {
    const start = await readBytes(handle, { position: 0, length: 8 });
    const length = headerLength(path, { start, fileBytes: identity.size });
    const bytes = await readBytes(handle, { position: 8, length });
    return { ...parseHeader(path, { bytes, identity }), identity };
  } finally {
    await handle.close();
  }
}

function headerLength(file: string, read: { start: Buffer; fileBytes: number }): number {
  const { start, fileBytes } = read;
  const limit = Math.min(MAX_HEADER_BYTES, fileBytes - 8);
  const length = start.length === 8 ? start.readBigUInt64LE() : 0n;
  // `{}` is the shortest header.
  if (length >= 2n && length <= BigInt(limit)) return Number(length);
  const hint = guessFormat(start);
  if (hint !== null) throw new ZeroovError('NOT_SAFETENSORS', { file, hint });
  throw new ZeroovError('ST_HEADER_LENGTH', {
    file,
    length: start.length === 8 ? String(length) : `missing (the file has ${fileBytes} bytes), not`,
    limit: String(Math.max(0, limit)),
  });
}

/** First bytes (in lower case) of what is found under the name of a checkpoint by mistake. */
const FORMATS: readonly { readonly starts: readonly string[]; readonly hint: string }[] = [
  {
    starts: ['version '],
    hint: 'it is a Git LFS pointer, the weights themselves were not fetched; run "git lfs pull" there, or "zeroov models pull"',
  },
  {
    starts: ['<!doc', '<html', '<head', '<?xml', '\n<!doc', '\n<html'],
    hint: 'it is a web page, probably an error page saved while downloading; download it again',
  },
  {
    starts: ['pk\x03\x04'],
    hint: 'it is a zip archive, as torch.save writes (a pickle); get the .safetensors file instead',
  },
  {
    starts: ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'],
    hint: 'it is a Python pickle; get the .safetensors file instead',
  },
  { starts: ['gguf'], hint: 'it is a GGUF file; get the .safetensors file instead' },
  { starts: ['\x89hdf'], hint: 'it is an HDF5 file; get the .safetensors file instead' },
  { starts: ['{'], hint: 'it begins as JSON, without the eight bytes of length before it' },
];

function guessFormat(start: Buffer): string | null {
  const text = start.toString('latin1').toLowerCase();
  return FORMATS.find(({ starts }) => starts.some((s) => text.startsWith(s)))?.hint ?? null;
}

interface Entry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(
  file: string,
  read: { bytes: Buffer; identity: FileIdentity },
): Pick<SafetensorsHeader, 'tensors' | 'metadata'> {
  const refuse = (reason: string): ZeroovError =>
    new ZeroovError('ST_HEADER_JSON', { file, reason });
  const text = decodeUtf8(read.bytes);
  if (text === null) throw refuse('it is not UTF-8');
  const parsed = parseStrictJson(text, HEADER_RULES);
  if (!parsed.ok) throw refuse(parsed.reason);
  if (!isObject(parsed.value)) throw refuse('it is no object');

  const entries: Entry[] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of Object.entries(parsed.value)) {
    const got = name === '__metadata__' ? readMetadata(value) : readEntry(name, value);
    if (typeof got === 'string') throw refuse(got);
    if (got instanceof Map) metadata = got;
    else entries.push(got as Entry);
  }
  if (entries.length > MAX_TENSORS) throw refuse(`it names more than ${MAX_TENSORS} tensors`);

  const dataStart = 8 + read.bytes.length;
  const fault = findGap(entries, read.identity.size - dataStart);
  if (fault !== null) throw new ZeroovError('ST_OFFSETS', { file, reason: fault });
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries)
    tensors.set(name, {
      name,
      dtype,
      shape,
      file: read.identity.path,
      offset: dataStart + begin,
      length: end - begin,
    });
  return { tensors, metadata };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDType = (value: unknown): value is StoredDType =>
  typeof value === 'string' && Object.hasOwn(BYTES_PER_ELEMENT, value);

/** Numbers are plain integers here: parseStrictJson let no others through. */
const isIntegers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

/** The metadata, or why it is refused. */
function readMetadata(value: unknown): Map<string, string> | string {
  const metadata = new Map<string, string>();
  if (value === null) return metadata;
  if (!isObject(value)) return '__metadata__ is no object';
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return '__metadata__ has a value that is no string';
    metadata.set(key, text);
  }
  return metadata;
}

/** One tensor of the header, or why it is refused. */
function readEntry(name: string, value: unknown): Entry | string {
  if (name.length > MAX_NAME_LENGTH)
    return `a tensor's name has ${name.length} characters, the limit is ${MAX_NAME_LENGTH}`;
  const quoted = (): string => JSON.stringify(name);
  if (/[\p{Cc}\p{Cf}]/u.test(name))
    return `the tensor name ${quoted().replace(/\p{Cf}/gu, '?')} has control characters`;
  if (!isObject(value)) return `${quoted()} is no object`;
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype)) return `${quoted()} has dtype ${JSON.stringify(dtype)?.slice(0, 40)}`;
  if (!isIntegers(shape)) return `${quoted()} has no shape`;
  if (!isIntegers(offsets) || offsets.length !== 2)
    return `${quoted()} has no pair of data_offsets`;
  return { name, dtype, shape, begin: offsets[0]!, end: offsets[1]! };
}

const MAX_U64 = 2n ** 64n - 1n;

/** Bytes of a dense tensor, or null where a product on the way exceeds 64 bits (as the reference refuses it). */
function denseBytes(entry: Entry): bigint | null {
  let elements = 1n;
  for (const side of entry.shape) {
    elements *= BigInt(side);
    if (elements > MAX_U64) return null;
  }
  const bytes = elements * BigInt(BYTES_PER_ELEMENT[entry.dtype]);
  return bytes * 8n > MAX_U64 ? null : bytes;
}

/** Why `entries` do not cover `dataBytes` exactly once, or null when they do. Sorts `entries` by place. */
function findGap(entries: Entry[], dataBytes: number): string | null {
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const entry of entries) {
    const name = (): string => JSON.stringify(entry.name);
    if (entry.end < entry.begin) return `${name()} ends before it begins`;
    if (entry.begin !== covered)
      return `${name()} begins at byte ${entry.begin} of the data, expected ${covered}`;
    const bytes = denseBytes(entry);
    if (bytes === null) return `${name()} has more elements than can be counted`;
    if (bytes !== BigInt(entry.end - entry.begin))
      return `${name()} is ${entry.dtype} [${entry.shape.slice(0, 8).join(', ')}], which takes ${bytes} bytes, but has ${entry.end - entry.begin}`;
    covered = entry.end;
  }
  if (covered === dataBytes) return null;
  return `the header describes ${covered} bytes of data, the file has ${dataBytes}`;
}
