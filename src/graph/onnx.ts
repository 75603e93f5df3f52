/**
 * The ONNX protobuf, as far as zeroov writes it: messages to bytes.
 *
 * Field numbers and enum values are those of onnx.proto (IR version 10). Only what a graph of ours holds is here: nodes,
 * inline and external initialisers, inputs and outputs with symbolic dimensions.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export const IR_VERSION = 10;
export const OPSET = 20;
/** onnxruntime's own operators, e.g. MultiHeadAttention. */
export const MICROSOFT_DOMAIN = 'com.microsoft';

/** TensorProto.DataType. */
export const ELEMENT = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
} as const;
export type ElementType = keyof typeof ELEMENT;

/** A dimension: a number, or the name of one that is known when the network runs. */
export type Dimension = number | string;

/** Plain numbers are INT, `{ float }` is FLOAT: JavaScript cannot tell 1 from 1.0. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dimension[];
}

/** An initialiser whose bytes are in the model. */
export interface InlineTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** An initialiser whose bytes lie in another file of the model's folder. */
export interface ExternalTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** A file name without folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Model {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inline: readonly InlineTensor[];
  readonly external: readonly ExternalTensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** ModelProto → bytes. */
export function encodeModel(model: Model): Uint8Array {
  const w = new BinaryWriter();
  integer(w, 1, IR_VERSION);
  text(w, 2, 'zeroov');
  message(w, 7, () => graph(w, model));
  for (const [domain, version] of [
    ['', OPSET],
    [MICROSOFT_DOMAIN, 1],
  ] as const) {
    message(w, 8, () => {
      text(w, 1, domain);
      integer(w, 2, version);
    });
  }
  return w.finish();
}

function graph(w: BinaryWriter, model: Model): void {
  for (const node of model.nodes) message(w, 1, () => nodeProto(w, node));
  text(w, 2, model.name);
  for (const tensor of model.inline) {
    message(w, 5, () => {
      tensorHead(w, tensor);
      w.tag(9, WireType.LengthDelimited).bytes(tensor.bytes);
    });
  }
  for (const tensor of model.external) {
    message(w, 5, () => {
      tensorHead(w, tensor);
      entry(w, 'location', tensor.location);
      entry(w, 'offset', String(tensor.offset));
      entry(w, 'length', String(tensor.length));
      integer(w, 14, 1); // data_location = EXTERNAL
    });
  }
  for (const info of model.inputs) message(w, 11, () => valueInfo(w, info));
  for (const info of model.outputs) message(w, 12, () => valueInfo(w, info));
}

function nodeProto(w: BinaryWriter, node: Node): void {
  for (const input of node.inputs) text(w, 1, input);
  for (const output of node.outputs) text(w, 2, output);
  text(w, 3, node.outputs[0] ?? node.op);
  text(w, 4, node.op);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(w, 5, () => attribute(w, name, value));
  }
  if (node.domain) text(w, 7, node.domain);
}

function attribute(w: BinaryWriter, name: string, value: Attribute): void {
  text(w, 1, name);
  if (typeof value === 'number') {
    integer(w, 3, value);
    integer(w, 20, 2); // INT
  } else if (typeof value === 'string') {
    text(w, 4, value);
    integer(w, 20, 3); // STRING
  } else if ('float' in value) {
    w.tag(2, WireType.Bit32).float(value.float);
    integer(w, 20, 1); // FLOAT
  } else {
    for (const item of value) integer(w, 8, item);
    integer(w, 20, 7); // INTS
  }
}

function tensorHead(w: BinaryWriter, tensor: InlineTensor | ExternalTensor): void {
  for (const side of tensor.shape) integer(w, 1, side);
  integer(w, 2, ELEMENT[tensor.type]);
  text(w, 8, tensor.name);
}

function entry(w: BinaryWriter, key: string, value: string): void {
  message(w, 13, () => {
    text(w, 1, key);
    text(w, 2, value);
  });
}

function valueInfo(w: BinaryWriter, info: ValueInfo): void {
  text(w, 1, info.name);
  message(w, 2, () =>
    message(w, 1, () => {
      integer(w, 1, ELEMENT[info.type]);
      message(w, 2, () => {
        for (const side of info.shape) {
          message(w, 1, () => (typeof side === 'number' ? integer(w, 1, side) : text(w, 2, side)));
        }
      });
    }),
  );
}

function integer(w: BinaryWriter, field: number, value: number): void {
  w.tag(field, WireType.Varint).int64(value);
}

function text(w: BinaryWriter, field: number, value: string): void {
  w.tag(field, WireType.LengthDelimited).string(value);
}

function message(w: BinaryWriter, field: number, write: () => void): void {
  w.tag(field, WireType.LengthDelimited).fork();
  write();
  w.join();
}
