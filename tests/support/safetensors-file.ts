/** Writes small safetensors files for tests: an 8-byte header length, the JSON header, then the tensors one after another. */
import { writeFileSync } from 'node:fs';

export interface WrittenTensor {
  readonly dtype: 'F32' | 'F16' | 'BF16' | 'I64';
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** An F32 tensor from plain numbers. */
export function f32(shape: readonly number[], values: ArrayLike<number>): WrittenTensor {
  return { dtype: 'F32', shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, WrittenTensor>>,
): void {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([BigInt(json.length)]).buffer);
  writeFileSync(
    path,
    Buffer.concat([length, json, ...Object.values(tensors).map((tensor) => tensor.bytes)]),
  );
}
