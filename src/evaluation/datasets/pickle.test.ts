import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pickleBytes } from '../../../tests/support/pickle-bytes.ts';
import { ZeroovError } from '../../errors.ts';
import { readPickle } from './pickle.ts';

/** Written by CPython; the file says with which program. */
const DUMPS = (
  JSON.parse(
    readFileSync(join(import.meta.dirname, '../../../tests/fixtures/pickle/refs.json'), 'utf8'),
  ) as { protocols: string[] }
).protocols.map((text) => Buffer.from(text, 'base64'));

/** As DATASETS.md §5 prints them. */
const SMALL = {
  'protocol 0':
    '286c70300a286470310a567265665f69640a70320a49370a735673706c69740a70330a56746573740a70340a735673656e740a70350a56636166e90a70360a73566269670a70370a4937303030300a73566e65670a70380a492d310a73612e',
  'protocol 2':
    '80025d71007d71012858060000007265665f696471024b07580500000073706c697471035804000000746573747104580400000073656e7471055805000000636166c3a97106580300000062696771074a7011010058030000006e656771084affffffff75612e',
  'protocol 4':
    '80049547000000000000005d947d94288c067265665f6964944b078c0573706c6974948c0474657374948c0473656e74948c05636166c3a9948c03626967944a701101008c036e6567944affffffff75612e',
};
const PYTHON_2 = {
  'protocol 2':
    '80025d71017d710228550573706c69747103550474657374710455067265665f696471054b07550473656e7471065805000000636166c3a9710775612e',
  'protocol 0':
    '286c70310a286470320a532773706c6974270a70330a532774657374270a70340a7353277265665f6964270a70350a49370a73532773656e74270a70360a56636166e90a70370a73612e',
};

const read = (text: string) => readPickle(Buffer.from(text, 'latin1'), 'refs.p');
const invalid = (where: string, reason: RegExp | string) =>
  expect.objectContaining({
    code: 'DATASET_INVALID',
    fields: { file: 'refs.p', where, reason: expect.stringMatching(reason) },
  });

function ref(n: number, { split, raw }: { split: string; raw: string }) {
  const sentences = [{ tokens: raw.split(' '), raw, sent_id: n, sent: raw }];
  const ids = { image_id: n, ann_id: n, ref_id: n, sent_ids: [n], category_id: 4 };
  return { ...ids, split, sentences, file_name: `${`${n}`.padStart(5, '0')}.jpg` };
}

describe('readPickle', () => {
  it.each(DUMPS.map((bytes, protocol) => ({ protocol, bytes })))(
    'reads what CPython writes in protocol $protocol',
    ({ protocol, bytes }) => {
      const blob = protocol < 3 ? null : Uint8Array.of(255, 0);
      expect(readPickle(bytes, 'refs.p')).toEqual({
        refs: [
          ref(2934, { split: 'train', raw: 'The baseball field on the top' }),
          ref(70000, { split: 'test', raw: 'café 🛥' }),
        ],
        kinds: [
          ...[-1, 2 ** 40, -(2 ** 40), 255, 65535, -(2 ** 31), 1.5, true, false, null, blob],
          ...["a\\\n'", [], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
        ],
      });
    },
  );

  it.each(Object.entries(SMALL))('reads the small one, %s', (_, hex) => {
    const value = { ref_id: 7, split: 'test', sent: 'café', big: 70000, neg: -1 };
    expect(readPickle(Buffer.from(hex, 'hex'), 'refs.p')).toEqual([value]);
  });

  it.each(Object.entries(PYTHON_2))('reads strings of Python 2, %s', (_, hex) => {
    const value = { split: 'test', ref_id: 7, sent: 'café' };
    expect(readPickle(Buffer.from(hex, 'hex'), 'refs.p')).toEqual([value]);
  });

  it("reads Python 2's quotes and escapes, and what follows STOP not at all", () => {
    expect(read(`S"it's \\x41\\102\\n\\\\"\n.cos\nsystem\n`)).toBe("it's AB\n\\");
    expect(read('U\x02\xe9A.')).toBe('éA');
  });

  it('stops before a hostile payload at its first byte', () => {
    const where = invalid('byte 0', 'the opcode GLOBAL');
    expect(() => read("cos\nsystem\n(S'echo pwned'\ntR.")).toThrow(where);
  });

  it.each([...'\x93Rbio\x81\x92\x82\x83\x84PQ\x96\x97\x98'])('refuses opcode %j', (opcode) => {
    expect(() => read(`]${opcode}\0\0\0\0\n.`)).toThrow(invalid('byte 1', 'by running code'));
  });

  it.each([
    ['an unknown opcode', '\xff.', 'byte 0', '0xff is no opcode'],
    ['a protocol of the future', '\x80\x06N.', 'byte 0', 'protocol 6'],
    ['a file without an end', 'N', 'byte 1', 'before its STOP'],
    ['an empty file', '', 'byte 0', 'before its STOP'],
    ['a string longer than the file', 'X\xff\xff\xff\xffabc', 'byte 0', 'in the middle of a value'],
    ['a string of 2^63 bytes', '\x8d\0\0\0\0\0\0\0\x80a', 'byte 0', 'in the middle of a value'],
    ['a line without an end', 'I12', 'byte 0', 'in the middle of a line'],
    ['a number that is none', 'I1x\n.', 'byte 0', 'no whole number'],
    ['a number beyond 2^53', '\x8a\x08\0\0\0\0\0\0\x21\0.', 'byte 0', 'beyond 2'],
    ['a float that is none', 'Fnan\n.', 'byte 0', 'no number'],
    ['text that is not UTF-8', 'X\x01\0\0\0\xff.', 'byte 0', 'not UTF-8'],
    ['a character beyond Unicode', 'V\\U00110000\n.', 'byte 0', 'no character'],
    ['a string without quotes', 'Sabc\n.', 'byte 0', 'no quotes'],
    ['STOP on an empty stack', '.', 'byte 0', 'the stack is empty'],
    ['a pop below a mark', 'N(.', 'byte 2', 'the stack is empty'],
    ['a list without a mark', 'l.', 'byte 0', 'no mark'],
    ['a value that was never kept', 'h\x05.', 'byte 0', 'value 5'],
    ['appending to a dict', '}Na.', 'byte 2', 'no list'],
    ['a key of a list', ']NNs.', 'byte 3', 'no dict'],
    ['an item of a list as of a set', '](N\x90.', 'byte 3', 'no set'],
    ['a key that is no string', '}K\x01Ns.', 'byte 4', 'no string'],
    ['a key without a value', '(Nd.', 'byte 2', 'no value'],
    ['a list in itself', ']q\0h\0a.', 'byte 6', 'contains itself'],
    ['lists in lists', `${']'.repeat(65)}${'a'.repeat(64)}.`, 'byte 129', 'deeper than 64'],
    ['doubling forty times', `]${'q\x000]h\0ah\0a'.repeat(40)}.`, 'byte 401', 'unfolds to more'],
    ['4 000 001 steps', 'N'.repeat(4_000_001), 'byte 4000000', 'more than 4000000 steps'],
  ])('refuses %s', (_, text, where, reason) => {
    expect(() => read(text)).toThrow(invalid(where, reason));
  });

  it('keeps __proto__ as a key like any other', () => {
    const value = read('}X\x09\0\0\0__proto__}X\x01\0\0\0aK\x01ss.') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  it('gives back every plain value', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom(null, true, false),
        fc.integer(),
        fc.string({ unit: 'binary' }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true, maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(value, (plain) => {
        expect(readPickle(pickleBytes(plain), 'refs.p')).toEqual(plain);
      }),
    );
  });

  it('answers every damaged file with a value or a refusal', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    const damaged = fc.tuple(
      fc.constantFrom(...DUMPS),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      fc.option(fc.nat(), { freq: 4 }),
    );
    const check = fc.property(damaged, ([dump, changes, cut]) => {
      const bytes = Buffer.from(dump);
      for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
      const kept = cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
      try {
        readPickle(kept, 'refs.p');
      } catch (error) {
        expect(error).toBeInstanceOf(ZeroovError);
        expect((error as ZeroovError).code).toBe('DATASET_INVALID');
      }
    });
    fc.assert(check, { numRuns: 5000 });
  });
});
