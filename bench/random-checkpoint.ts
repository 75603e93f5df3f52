/**
 * Writes checkpoints with published names, shapes and dtypes and random values, in shards of at most 4 GB, outside the
 * repository. For rehearsals: what loads and how long it takes, never what it answers.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { float32ToBfloat16, float32ToHalf } from '../src/tensor/half.ts';
import { randomNormal } from '../src/tensor/random-normal.ts';
import { sizeOf } from '../src/tensor/tensor.ts';
import { BYTES } from './stand-in.ts';

export type RandomDtype = keyof typeof BYTES;

const SHARD_BYTES = 4e9;
/** Random values are drawn once and repeated from changing places: their number, not their sequence, takes the time. */
const POOL = 1 << 22;

interface Shard {
  readonly file: string;
  readonly tensors: [name: string, shape: readonly number[]][];
}

/**
 * Writes `folder` unless it is there already.
 * @param shapes every tensor's name and shape
 * @param name stem of the weight file, e.g. `model` or `diffusion_pytorch_model`
 */
export async function writeRandomCheckpoint({
  folder,
  shapes,
  dtype,
  name,
  files,
}: {
  readonly folder: string;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly dtype: RandomDtype;
  readonly name: string;
  /** Other files of the folder: name → JSON value or text. */
  readonly files: Readonly<Record<string, unknown>>;
}): Promise<void> {
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  await mkdir(partial, { recursive: true });
  const shards = shardsOf(shapes, { name, dtype });
  const pools = { weight: poolOf(dtype, 0.02, 0), norm: poolOf(dtype, 0.1, 1) };
  for (const shard of shards) await writeShard(join(partial, shard.file), shard, { dtype, pools });
  if (shards.length > 1) {
    const weightMap = shards.flatMap((s) => s.tensors.map(([tensor]) => [tensor, s.file]));
    const index = { metadata: {}, weight_map: Object.fromEntries(weightMap) };
    await writeFile(join(partial, `${name}.safetensors.index.json`), JSON.stringify(index));
  }
  for (const [file, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 1);
    await writeFile(join(partial, file), text);
  }
  await rename(partial, folder);
}

function shardsOf(
  shapes: ReadonlyMap<string, readonly number[]>,
  { name, dtype }: { name: string; dtype: RandomDtype },
): Shard[] {
  const groups: Shard['tensors'][] = [[]];
  let bytes = 0;
  for (const [tensor, shape] of shapes) {
    const length = sizeOf(shape) * BYTES[dtype];
    if (bytes + length > SHARD_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push([tensor, shape]);
    bytes += length;
  }
  const pad = (n: number) => String(n).padStart(5, '0');
  return groups.map((tensors, i) => {
    const part = groups.length === 1 ? '' : `-${pad(i + 1)}-of-${pad(groups.length)}`;
    return { file: `${name}${part}.safetensors`, tensors };
  });
}

async function writeShard(
  path: string,
  { tensors }: Shard,
  { dtype, pools }: { dtype: RandomDtype; pools: Readonly<Record<'weight' | 'norm', Uint8Array>> },
): Promise<void> {
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of tensors) {
    const start = end;
    end += sizeOf(shape) * BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [start, end] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, 'w');
  try {
    await file.write(Buffer.concat([length, json]));
    for (const [i, [name, shape]] of tensors.entries()) {
      const pool = /norm.*weight|ln_q/.test(name) ? pools.norm : pools.weight;
      await writeFromPool(file, {
        pool,
        bytes: sizeOf(shape) * BYTES[dtype],
        from: (i * 4097 * BYTES[dtype]) % pool.length,
      });
    }
  } finally {
    await file.close();
  }
}

async function writeFromPool(
  file: Awaited<ReturnType<typeof open>>,
  { pool, bytes, from }: { pool: Uint8Array; bytes: number; from: number },
): Promise<void> {
  let left = bytes;
  let at = from;
  while (left > 0) {
    const part = pool.subarray(at, Math.min(pool.length, at + left));
    await file.write(part);
    left -= part.length;
    at = 0;
  }
}

/** Normal values of that spread around `centre`, as stored bytes. */
function poolOf(dtype: RandomDtype, spread: number, centre: number): Uint8Array {
  const values = randomNormal(1, POOL).map((x) => centre + spread * x);
  if (dtype === 'F32') return new Uint8Array(values.buffer);
  const halves = dtype === 'F16' ? float32ToHalf(values) : float32ToBfloat16(values);
  return new Uint8Array(halves.buffer);
}
