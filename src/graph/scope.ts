/**
 * A place in a checkpoint's key tree. Network code walks the checkpoint's own paths and states the shape it expects:
 * `scope.at('layers').at(3).at('mlp').weight('up_proj.weight', [11008, 2048])`.
 */
import { basename } from 'node:path';
import { ZeroovError } from '../errors.ts';
import type { StoredTensor, TensorSource } from '../tensor/stored.ts';
import type { Graph, Value } from './graph.ts';

export class Scope {
  constructor(
    readonly graph: Graph,
    private readonly source: TensorSource,
    readonly path: string = '',
  ) {}

  at(...parts: readonly (string | number)[]): Scope {
    return new Scope(
      this.graph,
      this.source,
      [this.path, ...parts].filter((p) => p !== '').join('.'),
    );
  }

  /** Whether the checkpoint holds that key here; for checkpoints that come under two namings. */
  has(key: string): boolean {
    return this.source.has(this.key(key));
  }

  /** The tensor of that key and shape, as a float32 value. @throws TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE */
  weight(key: string, shape: readonly number[]): Value {
    return this.graph.weight(this.stored(key, shape));
  }

  /** The same in its stored dtype, e.g. an embedding table of which only some rows are read. */
  storedWeight(key: string, shape: readonly number[]): Value {
    return this.graph.storedWeight(this.stored(key, shape));
  }

  private key(key: string): string {
    return this.path ? `${this.path}.${key}` : key;
  }

  private stored(key: string, shape: readonly number[]): StoredTensor {
    const tensor = this.source.get(this.key(key));
    if (tensor.shape.length !== shape.length || tensor.shape.some((side, i) => side !== shape[i])) {
      throw new ZeroovError('TENSOR_SHAPE', {
        tensor: tensor.name,
        file: basename(tensor.file),
        expected: `[${shape.join(', ')}]`,
        found: `[${tensor.shape.join(', ')}]`,
      });
    }
    return tensor;
  }
}
