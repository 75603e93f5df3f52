/** Host arrays: what goes into a network, comes out of it, and is computed on between networks. */

export type DType = 'float32' | 'int64' | 'int32' | 'bool' | 'uint8';

export interface TypedArrayOf {
  float32: Float32Array;
  int64: BigInt64Array;
  int32: Int32Array;
  bool: Uint8Array;
  uint8: Uint8Array;
}

/** A dense array in C order (the last axis varies fastest). */
export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: TypedArrayOf[T];
}

export type Float32Tensor = Tensor<'float32'>;

/** Number of elements of a shape; 1 for a scalar ([]). */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** A float32 tensor over `data` (not copied). */
export function float32(shape: readonly number[], data?: Float32Array): Float32Tensor {
  return { dtype: 'float32', shape, data: data ?? new Float32Array(sizeOf(shape)) };
}

/** An int64 tensor from plain integers, e.g. token ids. */
export function int64(shape: readonly number[], values: Iterable<number>): Tensor<'int64'> {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}
