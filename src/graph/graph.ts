/**
 * An ONNX graph under construction, and the values that flow through it.
 *
 * A `Value` is a wire with the operators as methods, so that a network reads in the order its data flows:
 * `q.matmul(k.transpose(0, 2, 1)).times(scale).softmax()`. Nothing is computed here; `build()` gives the bytes of an ONNX
 * model whose weights stay where they lie, in the checkpoint's own files.
 */
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { ZeroovError } from '../errors.ts';
import type { StoredTensor } from '../tensor/stored.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  type Attribute,
  type Dimension,
  type ElementType,
  type ExternalTensor,
  encodeModel,
  type InlineTensor,
  MICROSOFT_DOMAIN,
  type Node,
  type ValueInfo,
} from './onnx.ts';

/** A finished graph: what a runtime loads. */
export interface BuiltGraph {
  readonly name: string;
  /** An ONNX ModelProto; its external data are files of `folder`. */
  readonly bytes: Uint8Array;
  /** Real path of the folder that holds every weight file; undefined for a graph without weights. */
  readonly folder: string | undefined;
  /** Stored tensors the graph uses, by key. */
  readonly weights: ReadonlyMap<string, StoredTensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

const STORED_ELEMENT: Partial<Record<StoredTensor['dtype'], ElementType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
};

export class Graph {
  private readonly nodes: Node[] = [];
  private readonly inputs: ValueInfo[] = [];
  private readonly outputs: ValueInfo[] = [];
  private readonly inline = new Map<string, InlineTensor>();
  private readonly stored = new Map<string, StoredTensor>();
  private readonly casts = new Map<string, Value>();

  constructor(readonly name: string) {}

  /** An input; named dimensions are known when the network runs. */
  input(name: string, shape: readonly Dimension[], type: ElementType = 'float32'): Value {
    this.inputs.push({ name, type, shape });
    return new Value(this, name);
  }

  /** Declares `value` an output of that name. */
  output(
    name: string,
    value: Value,
    shape: readonly Dimension[],
    type: ElementType = 'float32',
  ): void {
    this.nodes.push({
      op: 'Identity',
      domain: '',
      inputs: [value.name],
      outputs: [name],
      attributes: {},
    });
    this.outputs.push({ name, type, shape });
  }

  /** One node with one output. An undefined input is an optional one left out. */
  op(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value {
    return this.ops(op, inputs, 1, attributes, domain)[0]!;
  }

  /** One node with `count` outputs. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    count: number,
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value[] {
    const stem = `${op.toLowerCase()}_${this.nodes.length}`;
    const outputs = Array.from({ length: count }, (_, i) => (count === 1 ? stem : `${stem}.${i}`));
    this.nodes.push({ op, domain, inputs: inputs.map((v) => v?.name ?? ''), outputs, attributes });
    return outputs.map((name) => new Value(this, name));
  }

  /** A small constant that travels inside the model; equal ones are stored once. */
  constant(tensor: Tensor): Value {
    const { dtype, shape, data } = tensor;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const content = bytes.length <= 32 ? bytes : createHash('sha256').update(bytes).digest();
    const key = `constant_${dtype}_${shape.join('x')}_${Buffer.from(content).toString('base64')}`;
    if (!this.inline.has(key)) this.inline.set(key, { name: key, type: dtype, shape, bytes });
    return new Value(this, key);
  }

  scalar(value: number): Value {
    return this.constant({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
  }

  /** A 1-D int64 constant, e.g. axes or a shape. */
  ints(values: readonly number[]): Value {
    const data = BigInt64Array.from(values, BigInt);
    return this.constant({ dtype: 'int64', shape: [values.length], data });
  }

  /** A weight as it is stored (F32, F16 or BF16), mapped from its file. @throws TENSOR_DTYPE */
  storedWeight(tensor: StoredTensor): Value {
    if (!STORED_ELEMENT[tensor.dtype]) {
      const { name, file, dtype } = tensor;
      throw new ZeroovError('TENSOR_DTYPE', { tensor: name, file: basename(file), found: dtype });
    }
    this.stored.set(tensor.name, tensor);
    return new Value(this, tensor.name);
  }

  /** A weight as float32: the runtime folds the cast of half floats when it loads the graph. */
  weight(tensor: StoredTensor): Value {
    const stored = this.storedWeight(tensor);
    if (tensor.dtype === 'F32') return stored;
    const known = this.casts.get(tensor.name);
    if (known) return known;
    const cast = stored.cast('float32');
    this.casts.set(tensor.name, cast);
    return cast;
  }

  /** @throws MODEL_FOLDERS when the weights lie in more than one folder. */
  build(): BuiltGraph {
    const external: ExternalTensor[] = [...this.stored.values()].map((t) => ({
      name: t.name,
      type: STORED_ELEMENT[t.dtype]!,
      shape: t.shape,
      location: basename(t.file),
      offset: t.offset,
      length: t.length,
    }));
    const folders = new Set([...this.stored.values()].map((t) => dirname(t.file)));
    if (folders.size > 1) {
      throw new ZeroovError('MODEL_FOLDERS', {
        checkpoint: this.name,
        folders: [...folders].join(', '),
      });
    }
    const { name, nodes, inputs, outputs } = this;
    const bytes = encodeModel({
      name,
      nodes,
      inputs,
      outputs,
      external,
      inline: [...this.inline.values()],
    });
    const [folder] = folders;
    return { name, bytes, folder, weights: this.stored, inputs, outputs };
  }
}

/** A wire of a graph. Methods add the operator of that name (ONNX semantics, numpy broadcasting). */
export class Value {
  constructor(
    readonly graph: Graph,
    readonly name: string,
  ) {}

  private operand(other: Value | number): Value {
    return typeof other === 'number' ? this.graph.scalar(other) : other;
  }

  plus(other: Value | number): Value {
    return this.graph.op('Add', [this, this.operand(other)]);
  }
  minus(other: Value | number): Value {
    return this.graph.op('Sub', [this, this.operand(other)]);
  }
  times(other: Value | number): Value {
    return this.graph.op('Mul', [this, this.operand(other)]);
  }
  over(other: Value | number): Value {
    return this.graph.op('Div', [this, this.operand(other)]);
  }
  matmul(other: Value): Value {
    return this.graph.op('MatMul', [this, other]);
  }

  /** x (T, from), weight (to, from), bias (to) → x·weightᵀ + bias (T, to): the layout checkpoints store. */
  gemm(weight: Value, bias?: Value): Value {
    return this.graph.op('Gemm', bias ? [this, weight, bias] : [this, weight], { transB: 1 });
  }

  reshape(...shape: number[]): Value {
    return this.graph.op('Reshape', [this, this.graph.ints(shape)]);
  }
  transpose(...perm: number[]): Value {
    return this.graph.op('Transpose', [this], { perm });
  }
  /** Elements start..end (exclusive) along one axis; the bounds may be int64 values of shape [1]. */
  slice(axis: number, start: number | Value, end: number | Value): Value {
    const bound = (b: number | Value) => (typeof b === 'number' ? this.graph.ints([b]) : b);
    return this.graph.op('Slice', [this, bound(start), bound(end), this.graph.ints([axis])]);
  }
  split(axis: number, parts: number): Value[] {
    return this.graph.ops('Split', [this], parts, { axis, num_outputs: parts });
  }
  /** Rows of `this` at int64 `indices`, along `axis`. */
  gather(indices: Value, axis = 0): Value {
    return this.graph.op('Gather', [this, indices], { axis });
  }
  concat(others: readonly Value[], axis: number): Value {
    return this.graph.op('Concat', [this, ...others], { axis });
  }
  cast(type: 'float32' | 'int64'): Value {
    return this.graph.op('Cast', [this], { to: type === 'float32' ? 1 : 7 });
  }

  softmax(): Value {
    return this.graph.op('Softmax', [this], { axis: -1 });
  }
  sigmoid(): Value {
    return this.graph.op('Sigmoid', [this]);
  }
  relu(): Value {
    return this.graph.op('Relu', [this]);
  }
  silu(): Value {
    return this.times(this.sigmoid());
  }
  /** x·σ(1.702 x), CLIP's activation. */
  quickGelu(): Value {
    return this.times(this.times(1.702).sigmoid());
  }
  /** The exact form: x·Φ(x). */
  gelu(): Value {
    return this.graph.op('Gelu', [this]);
  }
  neg(): Value {
    return this.graph.op('Neg', [this]);
  }

  mean(axes: readonly number[], keep = false): Value {
    return this.reduce('ReduceMean', axes, keep);
  }
  sum(axes: readonly number[], keep = false): Value {
    return this.reduce('ReduceSum', axes, keep);
  }
  private reduce(op: string, axes: readonly number[], keep: boolean): Value {
    return this.graph.op(op, [this, this.graph.ints(axes)], { keepdims: keep ? 1 : 0 });
  }

  /**
   * This value, but not computed before `other` is: nothing is added to it. onnxruntime goes back from the outputs, and would
   * else compute, and hold, what several blocks of one layer need before it finishes the first of them.
   */
  after(other: Value): Value {
    return this.plus(other.reshape(-1).slice(0, 0, 1).times(0));
  }

  /** A node of onnxruntime's own domain. */
  microsoft(
    op: string,
    others: readonly (Value | undefined)[],
    attributes: Record<string, Attribute>,
  ): Value {
    return this.graph.op(op, [this, ...others], attributes, MICROSOFT_DOMAIN);
  }
}
