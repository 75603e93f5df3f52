/** Values → a pickle of protocol 2, the way Python's `pickle.dumps(value, 2)` writes them, but without the memo. */

const bytes = (...codes: number[]) => Buffer.from(codes);
const uint32 = (value: number) => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
};

/** Strings, whole numbers of 32 bits, booleans, null, arrays and objects. */
export function pickleBytes(value: unknown): Buffer {
  return Buffer.concat([bytes(0x80, 2), encode(value), Buffer.from('.')]);
}

function encode(value: unknown): Buffer {
  if (value === null) return Buffer.from('N');
  if (typeof value === 'boolean') return bytes(value ? 0x88 : 0x89);
  if (typeof value === 'number') return Buffer.concat([Buffer.from('J'), uint32(value >>> 0)]);
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([Buffer.from('X'), uint32(text.length), text]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from(']('), ...value.map(encode), Buffer.from('e')]);
  }
  const entries = Object.entries(value as object).flatMap(([k, v]) => [encode(k), encode(v)]);
  return Buffer.concat([Buffer.from('}('), ...entries, Buffer.from('u')]);
}
