/** The stack machine that a pickle is a program for: its stack, marks and memo, and the containers it builds. */
import { ZeroovError } from '../../errors.ts';

/** Strings of Python 2 are read as latin-1, of which ASCII is a part; tuples come as arrays. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | Set<PickleValue>
  | PickleObject;

/** Without a prototype, so that `__proto__` is a key like any other. */
export interface PickleObject {
  [key: string]: PickleValue;
}

/** Steps of a program, and parts of its value. The refs of RRSIS-D take 1.4 million; so many empty sets take 0.8 GB. */
const MOST = 4_000_000;
/** The refs nest four deep. */
const MAX_DEPTH = 64;

/** A stack machine as `pickle` describes it; `marks` are heights of the stack. */
export interface Machine {
  readonly file: string;
  readonly bytes: Buffer;
  /** Of the opcode that runs. */
  offset: number;
  /** Of the next byte to be read. */
  at: number;
  steps: number;
  readonly stack: PickleValue[];
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
}

export const newMachine = (bytes: Buffer, file: string): Machine => ({
  file,
  bytes,
  offset: 0,
  at: 0,
  steps: 0,
  stack: [],
  marks: [],
  memo: new Map(),
});

export const newObject = (): PickleObject => Object.create(null) as PickleObject;

/** The next opcode, which it then stands behind. */
export function nextOpcode(m: Machine): number {
  m.offset = m.at;
  m.steps += 1;
  if (m.steps > MOST) throw refuse(m, `it has more than ${MOST} steps`);
  const code = m.bytes[m.at];
  if (code === undefined) throw refuse(m, 'the file ends before its STOP');
  m.at += 1;
  return code;
}

export function refuse({ file, offset }: Machine, reason: string): ZeroovError {
  return new ZeroovError('DATASET_INVALID', { file, where: `byte ${offset}`, reason });
}

/** What was pushed last since the last mark. */
export function top(m: Machine): PickleValue {
  if (m.stack.length === (m.marks.at(-1) ?? 0)) throw refuse(m, 'the stack is empty');
  return m.stack.at(-1)!;
}

export function pop(m: Machine): PickleValue {
  const value = top(m);
  m.stack.pop();
  return value;
}

export const popMany = (m: Machine, count: number): PickleValue[] =>
  Array.from({ length: count }, () => pop(m)).reverse();

export function popMark(m: Machine): PickleValue[] {
  const start = m.marks.pop();
  if (start === undefined) throw refuse(m, 'no mark is set');
  return m.stack.splice(start);
}

export function appendItems(m: Machine, items: readonly PickleValue[]): void {
  const list = top(m);
  if (!Array.isArray(list)) throw refuse(m, 'it appends to what is no list');
  for (const item of items) list.push(item);
}

export function addItems(m: Machine, items: readonly PickleValue[]): void {
  const set = top(m);
  if (!(set instanceof Set)) throw refuse(m, 'it adds to what is no set');
  for (const item of items) set.add(item);
}

/** `items` are keys and values by turns. */
export function setItems(m: Machine, items: readonly PickleValue[]): void {
  const object = top(m);
  if (!isObject(object)) throw refuse(m, 'it sets a key of what is no dict');
  if (items.length % 2 !== 0) throw refuse(m, 'a key has no value');
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i]!;
    if (typeof key !== 'string') throw refuse(m, 'the key of a dict is no string');
    object[key] = items[i + 1]!;
  }
}

function isObject(value: PickleValue): value is PickleObject {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null;
}

export function remembered(m: Machine, index: number): PickleValue {
  const value = m.memo.get(index);
  if (value === undefined) throw refuse(m, `it recalls value ${index}, which was never kept`);
  return value;
}

/** Refuses what a reader could not walk: cycles, deep nesting, and few parts shared so often that they unfold to many. */
export function checked(m: Machine, root: PickleValue): PickleValue {
  const sizes = new Map<PickleValue, number>();
  const measure = (value: PickleValue, depth: number): number => {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
    const known = sizes.get(value);
    if (known === 0) throw refuse(m, 'a value contains itself');
    if (known !== undefined) return known;
    if (depth === MAX_DEPTH) throw refuse(m, `it nests deeper than ${MAX_DEPTH}`);
    sizes.set(value, 0);
    let size = 1;
    for (const part of isObject(value) ? Object.values(value) : value) {
      size += measure(part, depth + 1);
    }
    if (size > MOST) throw refuse(m, `it unfolds to more than ${MOST} values`);
    sizes.set(value, size);
    return size;
  };
  measure(root, 0);
  return root;
}
