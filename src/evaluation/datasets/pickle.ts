/**
 * Python pickles of plain data (protocols 0 to 5), read without running anything: the opcodes that import or call
 * are refused where they stand. Opcodes and limits: DATASETS.md §5.
 */
import {
  addItems,
  appendItems,
  checked,
  type Machine,
  newMachine,
  newObject,
  nextOpcode,
  type PickleValue,
  pop,
  popMany,
  popMark,
  refuse,
  remembered,
  setItems,
  top,
} from './pickle-machine.ts';
import {
  length8,
  line,
  readEscaped,
  readFloat,
  readInt,
  readLong,
  readQuoted,
  readUtf8,
  take,
  unsigned,
  whole,
} from './pickle-scalars.ts';

/**
 * The value of a pickle; what follows its STOP is ignored.
 *
 * @param file what messages call it
 * @throws DATASET_INVALID with the byte of an opcode that would run code or is unknown, of a value that is cut short, of a
 *   key that is no string; for a value that contains itself, nests deeper than 64 or takes more than 4 million steps
 */
export function readPickle(bytes: Buffer, file: string): PickleValue {
  const machine = newMachine(bytes, file);
  for (;;) {
    const code = nextOpcode(machine);
    if (code === STOP) return checked(machine, pop(machine));
    const run = OPCODES[code];
    if (!run) throw refuse(machine, sayRefused(code));
    run(machine);
  }
}

const STOP = '.'.charCodeAt(0);

const TABLE: Readonly<Record<string, (m: Machine) => void>> = {
  // Constants and numbers.
  N: (m) => m.stack.push(null),
  '\x88': (m) => m.stack.push(true),
  '\x89': (m) => m.stack.push(false),
  I: (m) => m.stack.push(readInt(m)),
  L: (m) => m.stack.push(whole(m, line(m).replace(/L$/, ''))),
  J: (m) => m.stack.push(take(m, 4).readInt32LE()),
  K: (m) => m.stack.push(unsigned(m, 1)),
  M: (m) => m.stack.push(unsigned(m, 2)),
  '\x8a': (m) => m.stack.push(readLong(m, unsigned(m, 1))),
  '\x8b': (m) => m.stack.push(readLong(m, unsigned(m, 4))),
  F: (m) => m.stack.push(readFloat(m)),
  G: (m) => m.stack.push(take(m, 8).readDoubleBE()),

  // Strings and bytes.
  S: (m) => m.stack.push(readQuoted(m)),
  T: (m) => m.stack.push(take(m, unsigned(m, 4)).toString('latin1')),
  U: (m) => m.stack.push(take(m, unsigned(m, 1)).toString('latin1')),
  V: (m) => m.stack.push(readEscaped(m)),
  X: (m) => m.stack.push(readUtf8(m, unsigned(m, 4))),
  '\x8c': (m) => m.stack.push(readUtf8(m, unsigned(m, 1))),
  '\x8d': (m) => m.stack.push(readUtf8(m, length8(m))),
  B: (m) => m.stack.push(Uint8Array.from(take(m, unsigned(m, 4)))),
  C: (m) => m.stack.push(Uint8Array.from(take(m, unsigned(m, 1)))),
  '\x8e': (m) => m.stack.push(Uint8Array.from(take(m, length8(m)))),

  // Containers.
  '(': (m) => m.marks.push(m.stack.length),
  ']': (m) => m.stack.push([]),
  ')': (m) => m.stack.push([]),
  '}': (m) => m.stack.push(newObject()),
  '\x8f': (m) => m.stack.push(new Set()),
  l: (m) => m.stack.push(popMark(m)),
  t: (m) => m.stack.push(popMark(m)),
  '\x91': (m) => m.stack.push(new Set(popMark(m))),
  d: (m) => {
    const items = popMark(m);
    m.stack.push(newObject());
    setItems(m, items);
  },
  '\x85': (m) => m.stack.push(popMany(m, 1)),
  '\x86': (m) => m.stack.push(popMany(m, 2)),
  '\x87': (m) => m.stack.push(popMany(m, 3)),
  a: (m) => appendItems(m, popMany(m, 1)),
  e: (m) => appendItems(m, popMark(m)),
  s: (m) => setItems(m, popMany(m, 2)),
  u: (m) => setItems(m, popMark(m)),
  '\x90': (m) => addItems(m, popMark(m)),

  // The stack and the memo.
  '0': (m) => {
    if (m.marks.at(-1) === m.stack.length) m.marks.pop();
    else pop(m);
  },
  '1': (m) => void popMark(m),
  '2': (m) => m.stack.push(top(m)),
  p: (m) => m.memo.set(whole(m, line(m)), top(m)),
  q: (m) => m.memo.set(unsigned(m, 1), top(m)),
  r: (m) => m.memo.set(unsigned(m, 4), top(m)),
  '\x94': (m) => m.memo.set(m.memo.size, top(m)),
  g: (m) => m.stack.push(remembered(m, whole(m, line(m)))),
  h: (m) => m.stack.push(remembered(m, unsigned(m, 1))),
  j: (m) => m.stack.push(remembered(m, unsigned(m, 4))),

  // Framing.
  '\x80': (m) => {
    const version = unsigned(m, 1);
    if (version > 5) throw refuse(m, `it is of protocol ${version}, the newest known is 5`);
  },
  '\x95': (m) => void take(m, 8),
};

const OPCODES = Object.entries(TABLE).reduce<((m: Machine) => void)[]>((list, [key, run]) => {
  list[key.charCodeAt(0)] = run;
  return list;
}, []);

/** What would import a module, call it, or ask for an object outside the file. */
const REFUSED: Readonly<Record<string, string>> = {
  c: 'GLOBAL',
  '\x93': 'STACK_GLOBAL',
  R: 'REDUCE',
  b: 'BUILD',
  i: 'INST',
  o: 'OBJ',
  '\x81': 'NEWOBJ',
  '\x92': 'NEWOBJ_EX',
  '\x82': 'EXT1',
  '\x83': 'EXT2',
  '\x84': 'EXT4',
  P: 'PERSID',
  Q: 'BINPERSID',
  '\x96': 'BYTEARRAY8',
  '\x97': 'NEXT_BUFFER',
  '\x98': 'READONLY_BUFFER',
};

function sayRefused(code: number): string {
  const name = REFUSED[String.fromCharCode(code)];
  if (!name) return `0x${code.toString(16).padStart(2, '0')} is no opcode of a pickle`;
  return `the opcode ${name} makes objects by running code, and zeroov reads plain data only`;
}
