import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { ZeroovError } from '../errors.ts';
import type { StoredTensor, TensorSource } from '../tensor/stored.ts';
import { Graph } from './graph.ts';
import { Scope } from './scope.ts';

/** A protobuf message as field number → values: bytes for length-delimited fields, numbers for varints and floats. */
type Fields = Map<number, (Uint8Array | number)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const value =
      wire === WireType.Varint
        ? Number(reader.int64())
        : wire === WireType.Bit32
          ? reader.float()
          : reader.bytes();
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
}

const text = (value: unknown) => new TextDecoder().decode(value as Uint8Array);
const inner = (fields: Fields, field: number) =>
  (fields.get(field) ?? []).map((value) => fieldsOf(value as Uint8Array));

const stored = (name: string, extra: Partial<StoredTensor> = {}): StoredTensor => ({
  name,
  dtype: 'F32',
  shape: [3, 2],
  file: '/weights/model.safetensors',
  offset: 139,
  length: 24,
  ...extra,
});

describe('Graph', () => {
  it('writes the fields of onnx.proto', () => {
    const graph = new Graph('small');
    const x = graph.input('x', ['T', 2]);
    graph.output(
      'y',
      graph.op('LeakyRelu', [x], { alpha: { float: 0.25 }, axis: 1, axes: [0, -1] }),
      ['T', 2],
    );
    const model = fieldsOf(graph.build().bytes);
    expect(model.get(1)).toEqual([10]); // ir_version
    expect(inner(model, 8).map((set) => [text(set.get(1)![0]), set.get(2)![0]])).toEqual([
      ['', 20],
      ['com.microsoft', 1],
    ]);
    const [body] = inner(model, 7);
    const [node, identity] = inner(body!, 1);
    expect([text(node!.get(4)![0]), text(node!.get(1)![0])]).toEqual(['LeakyRelu', 'x']);
    // AttributeProto: f = 2 with type FLOAT (1), i = 3 with INT (2), ints = 8 with INTS (7)
    const [alpha, axis, axes] = inner(node!, 5);
    expect([alpha!.get(2), alpha!.get(20)]).toEqual([[0.25], [1]]);
    expect([axis!.get(3), axis!.get(20)]).toEqual([[1], [2]]);
    expect([axes!.get(8), axes!.get(20)]).toEqual([[0, -1], [7]]);
    expect([text(identity!.get(4)![0]), text(identity!.get(2)![0])]).toEqual(['Identity', 'y']);
    // ValueInfoProto → TypeProto.Tensor → shape: a name is dim_param (2), a number dim_value (1)
    const [type] = inner(inner(body!, 11)[0]!, 2);
    const [tensor] = inner(type!, 1);
    const dims = inner(inner(tensor!, 2)[0]!, 1);
    expect([text(dims[0]!.get(2)![0]), dims[1]!.get(1)![0]]).toEqual(['T', 2]);
  });

  it('points initialisers into the weight file, once each', () => {
    const graph = new Graph('weights');
    const first = graph.weight(stored('a'));
    expect(graph.weight(stored('a')).name).toBe(first.name);
    const [body] = inner(fieldsOf(graph.build().bytes), 7);
    const initialisers = inner(body!, 5);
    expect(initialisers).toHaveLength(1);
    const entries = inner(initialisers[0]!, 13).map((e) => [
      text(e.get(1)![0]),
      text(e.get(2)![0]),
    ]);
    expect(Object.fromEntries(entries)).toEqual({
      location: 'model.safetensors',
      offset: '139',
      length: '24',
    });
    expect([initialisers[0]!.get(1), initialisers[0]!.get(14)]).toEqual([[3, 2], [1]]);
    expect(graph.build().folder).toBe('/weights');
  });

  it('casts half floats once and leaves a stored weight as it is', () => {
    const graph = new Graph('half');
    const half = stored('h', { dtype: 'BF16', length: 12 });
    expect(graph.weight(half).name).toBe(graph.weight(half).name);
    expect(graph.storedWeight(half).name).toBe('h');
    const [body] = inner(fieldsOf(graph.build().bytes), 7);
    expect(inner(body!, 1)).toHaveLength(1);
  });

  it('stores equal constants once', () => {
    const graph = new Graph('constants');
    const x = graph.input('x', [4]);
    x.times(2).plus(2).reshape(2, 2).reshape(2, 2);
    const [body] = inner(fieldsOf(graph.build().bytes), 7);
    expect(inner(body!, 5)).toHaveLength(2);
  });

  it('refuses weights it cannot map', () => {
    const codeOf = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        return (error as ZeroovError).code;
      }
      return 'nothing thrown';
    };
    expect(codeOf(() => new Graph('g').weight(stored('i', { dtype: 'I64' })))).toBe('TENSOR_DTYPE');
    const two = new Graph('g');
    two.weight(stored('a'));
    two.weight(stored('b', { file: '/elsewhere/b.safetensors' }));
    expect(codeOf(() => two.build())).toBe('MODEL_FOLDERS');
  });
});

describe('Scope', () => {
  const source: TensorSource = {
    label: 'org/model',
    has: (name) => name === 'layers.3.up.weight',
    get: (name) => {
      if (name === 'layers.3.up.weight') return stored(name);
      throw new ZeroovError('TENSOR_MISSING', { tensor: name, checkpoint: 'org/model' });
    },
    names: () => ['layers.3.up.weight'],
  };
  const up = () => new Scope(new Graph('g'), source).at('layers').at(3, 'up');

  it('walks key paths', () => {
    expect(up().path).toBe('layers.3.up');
    expect(up().has('weight')).toBe(true);
    expect(up().weight('weight', [3, 2]).name).toBe('layers.3.up.weight');
  });

  it('names tensor, file, expected and found shape of a mismatch', () => {
    expect(() => up().weight('weight', [2, 3])).toThrow(
      /"layers\.3\.up\.weight" in model\.safetensors: expected shape \[2, 3\], found \[3, 2\]/,
    );
    expect(() => up().weight('bias', [3])).toThrow(/no tensor "layers\.3\.up\.bias"/);
  });
});
