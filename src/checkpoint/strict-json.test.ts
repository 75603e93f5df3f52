import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

const rules = { maxDepth: 8, maxEntries: 100, numbers: 'any' } as const;

describe('parseStrictJson', () => {
  it('gives what JSON.parse gives, whatever the strings hold', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(parseStrictJson(text, rules)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });

  it('allows equal keys in different objects, and values equal to keys', () => {
    const text = '{"a":{"a":"a"},"b":[{"a":1},{"a":2},"a","a"]}';
    expect(parseStrictJson(text, rules).ok).toBe(true);
  });

  it.each([
    ['{"a":1 , "b":2,"a"  :3}', 'the key "a" appears twice'],
    ['{"k":[{"x":1,"\\u0078":1}]}', 'the key "x" appears twice'],
    ['[[[[[[[[[]]]]]]]]]', 'it nests deeper than 8'],
    ['{"a":"\\udc00"}', 'a string has a bad escape'],
    ['{"a":1,}', 'it is not valid JSON'],
    ['', 'it is not valid JSON'],
    [']]]{"a":"}', 'a string does not end'],
  ])('refuses %s', (text, reason) => {
    expect(parseStrictJson(text, rules)).toEqual({ ok: false, reason });
  });

  it('counts the entries of one object or array', () => {
    const list = (n: number): string => JSON.stringify(Array.from({ length: n }, (_, i) => i));
    const object = (n: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, i])));
    expect(parseStrictJson(`[${object(100)},${object(100)},${list(100)}]`, rules).ok).toBe(true);
    const reason = 'an object or array has more than 100 entries';
    expect(parseStrictJson(object(101), rules)).toEqual({ ok: false, reason });
    expect(parseStrictJson(list(101), rules)).toEqual({ ok: false, reason });
  });
});
