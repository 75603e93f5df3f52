import { ZeroovError } from '../src/errors.ts';
import type { StoredTensor, TensorSource } from '../src/tensor/stored.ts';
import { sizeOf } from '../src/tensor/tensor.ts';

/** Bytes of an element in the dtypes that checkpoints are published in. */
export const BYTES = { F32: 4, F16: 2, BF16: 2 } as const;

/** One file that does not exist, with the tensors one after another: graphs are built over it, not run. */
export class StandInSource implements TensorSource {
  /** The names that were got. */
  readonly asked = new Set<string>();
  private readonly tensors = new Map<string, StoredTensor>();

  /** @param shapes what a checkpoint holds, from a list made without the code under test */
  constructor(
    readonly label: string,
    shapes: ReadonlyMap<string, readonly number[]>,
    dtype: keyof typeof BYTES = 'BF16',
  ) {
    let offset = 0;
    for (const [name, shape] of shapes) {
      const length = sizeOf(shape) * BYTES[dtype];
      const file = '/stand-in/model.safetensors';
      this.tensors.set(name, { name, dtype, shape, file, offset, length });
      offset += length;
    }
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  get(name: string): StoredTensor {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new ZeroovError('TENSOR_MISSING', { tensor: name, checkpoint: this.label });
    this.asked.add(name);
    return tensor;
  }

  names(): Iterable<string> {
    return this.tensors.keys();
  }

  /** Elements of all tensors. */
  get parameters(): number {
    return [...this.tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }
}
