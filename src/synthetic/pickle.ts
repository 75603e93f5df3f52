/** What Python's `pickle.load` gives back as int, str, list and dict. Numbers are whole and fit 32 bits. */
export type Picklable =
  | number
  | string
  | readonly Picklable[]
  | { readonly [key: string]: Picklable };

/** A value as a Python pickle of protocol 2, without a memo: nothing in it is shared. Opcodes: Python's pickletools. */
export function pickle(value: Picklable): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  put(value, parts);
  parts.push(code('.'));
  return Buffer.concat(parts);
}

function put(value: Picklable, parts: Uint8Array[]): void {
  if (typeof value === 'number') parts.push(code('J'), int32(value));
  else if (typeof value === 'string') putText(value, parts);
  else if (isList(value)) {
    parts.push(code('](')); // empty list, mark
    for (const item of value) put(item, parts);
    parts.push(code('e')); // append all since the mark
  } else {
    parts.push(code('}('));
    for (const [key, item] of Object.entries(value)) {
      putText(key, parts);
      put(item, parts);
    }
    parts.push(code('u'));
  }
}

const isList = (value: Picklable): value is readonly Picklable[] => Array.isArray(value);

const code = (opcodes: string): Uint8Array => Buffer.from(opcodes, 'latin1');

function int32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function putText(text: string, parts: Uint8Array[]): void {
  const bytes = Buffer.from(text, 'utf8');
  parts.push(code('X'), int32(bytes.length), bytes);
}
