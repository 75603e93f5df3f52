/** Tensors that lie in a file: known by place and shape, their bytes not read. */

/** dtypes a safetensors file may hold; zeroov's networks use the first three. */
export type StoredDType =
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F64'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U8'
  | 'BOOL';

/** One tensor of a checkpoint. */
export interface StoredTensor {
  /** The full key, e.g. `model.layers.0.mlp.up_proj.weight`. */
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Real path of the file (no symlink). */
  readonly file: string;
  /** First byte, from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
}

/** Named tensors of one checkpoint; asking reads no weights. */
export interface TensorSource {
  /** What error messages call it, e.g. `Qwen/Qwen2.5-VL-7B-Instruct`. */
  readonly label: string;
  has(name: string): boolean;
  /** @throws TENSOR_MISSING */
  get(name: string): StoredTensor;
  names(): Iterable<string>;
}
