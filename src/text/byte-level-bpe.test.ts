import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLevelBpe } from './byte-level-bpe.ts';

const QWEN2 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** GPT-2's alphabet: id = byte; printable bytes are themselves, the others the characters from U+0100 on. */
function byteVocabulary(): Record<string, number> {
  let next = 0x100;
  const tokens = Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return [String.fromCharCode(printable ? byte : next++), byte] as const;
  });
  return Object.fromEntries(tokens);
}

/** A whole tokenizer in little: 256 bytes, three merges, two added tokens. */
function tokenizerJson() {
  return {
    added_tokens: [
      { id: 300, content: '<|im_start|>', special: true },
      { id: 301, content: '<|im_start|>x', special: false },
    ],
    normalizer: { type: 'NFC' } as object | null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: QWEN2 } as object,
          behavior: 'Isolated',
          invert: false,
        },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
      ],
    } as object,
    post_processor: { type: 'ByteLevel' },
    decoder: { type: 'ByteLevel' } as object,
    model: {
      type: 'BPE',
      vocab: { ...byteVocabulary(), th: 256, the: 257, Ġthe: 258 } as Record<string, unknown>,
      merges: ['t h', 'th e', 'Ġ the'] as unknown,
      byte_fallback: false,
    },
  };
}

const bytes = (text: string) => [...Buffer.from(text)];
const file = 'tokenizer.json';
const refused = (reason: RegExp) =>
  expect.objectContaining({
    code: 'TOKENIZER_UNSUPPORTED',
    message: expect.stringMatching(reason),
  });

describe('byteLevelBpe', () => {
  const tokenizer = byteLevelBpe({ json: tokenizerJson(), file });

  it('merges by rank within words', () => {
    // Words of the Qwen2 expression: "the", " the", "m"; "t h" then "th e" then "Ġ the".
    expect(tokenizer.encode('the them')).toEqual([257, 258, ...bytes('m')]);
    // A digit is a word of its own, and so is "'S" in either case.
    expect(tokenizer.encode("12the'Sth")).toEqual([...bytes('12'), 257, ...bytes("'S"), 256]);
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('normalises as the file says: e + combining acute is é', () => {
    expect(tokenizer.encode('e\u0301')).toEqual([0xc3, 0xa9]);
  });

  it('reads a user’s special token as text and a template’s as the token, the longest first', () => {
    expect(tokenizer.encode('<|im_start|>')).toEqual(bytes('<|im_start|>'));
    expect(tokenizer.encodeTemplate('<|im_start|>the<|im_start|>x')).toEqual([300, 257, 301]);
  });

  it('never gives an added token to a user’s text, and brings every text back', () => {
    const pieces = fc.constantFrom(
      '<|im_start|>',
      '<|im_',
      'the ',
      ' ',
      '\u{1f6a2}',
      'é',
      '\n\n',
      '7',
    );
    const texts = fc.oneof(
      fc.array(pieces).map((list) => list.join('')),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ids = tokenizer.encode(text);
        expect(Math.max(0, ...ids)).toBeLessThan(300);
        expect(tokenizer.decode(ids)).toBe(text.normalize('NFC'));
      }),
    );
  });

  it('decodes: special tokens on request, unknown ids skipped, broken UTF-8 replaced', () => {
    expect(tokenizer.decode([300, 257, 301])).toBe('<|im_start|>the<|im_start|>x');
    expect(tokenizer.decode([300, 257, 301], { skipSpecial: true })).toBe('the<|im_start|>x');
    expect(tokenizer.decode([257, 9999, 0xc3])).toBe('the\ufffd');
    expect(tokenizer.decode([])).toBe('');
  });

  it('names ids', () => {
    expect(tokenizer.idOf('<|im_start|>')).toBe(300);
    expect(tokenizer.idOf('the')).toBe(257);
    expect(() => tokenizer.idOf('<|image_pad|>')).toThrow(refused(/no token "<\|image_pad\|>"/));
  });

  it('uses GPT-2’s expression where ByteLevel brings it', () => {
    const json = tokenizerJson();
    json.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: false };
    // One word for GPT-2 ("12"), so nothing differs but U+FEFF, which is not white space there.
    expect(byteLevelBpe({ json, file }).encode('\ufeff the')).toEqual([...bytes('\ufeff'), 258]);
  });
});

describe('byteLevelBpe refuses', () => {
  type Json = ReturnType<typeof tokenizerJson>;
  const CASES: [name: string, reason: RegExp, damage: (json: Json) => void][] = [
    [
      'a hostile regular expression',
      /pre_tokenizer/,
      (json) => {
        const split = { type: 'Split', pattern: { Regex: '(a+)+$' }, behavior: 'Isolated' };
        const bytesOnly = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
        json.pre_tokenizer = { type: 'Sequence', pretokenizers: [split, bytesOnly] };
      },
    ],
    [
      'a Replace normaliser',
      /normalizer/,
      (json) => {
        json.normalizer = { type: 'Replace', pattern: { Regex: 'a' }, content: 'b' };
      },
    ],
    [
      'another kind of model',
      /model\.type/,
      (json) => {
        json.model.type = 'Unigram';
      },
    ],
    [
      'a merge of tokens that are not there',
      /merge 1 names "q!"/,
      (json) => {
        json.model.merges = ['t h', 'q !'];
      },
    ],
    [
      'a merge that is no pair',
      /merge 0 is not a pair/,
      (json) => {
        json.model.merges = [['t', 'h', 'e']];
      },
    ],
    [
      'merges that are no list',
      /merges are not a list/,
      (json) => {
        json.model.merges = 't h';
      },
    ],
    [
      'a vocabulary that is no object',
      /not an object/,
      (json) => {
        Object.assign(json.model, { vocab: [['a', 0]] });
      },
    ],
    [
      'a negative id',
      /has id -1/,
      (json) => {
        json.model.vocab['the'] = -1;
      },
    ],
    [
      'the same id twice',
      /has id 256, which is already/,
      (json) => {
        json.model.vocab['the'] = 256;
      },
    ],
    [
      'an id beyond any vocabulary',
      /has id 1e\+9|has id 1000000000/,
      (json) => {
        json.model.vocab['the'] = 1e9;
      },
    ],
    [
      'a vocabulary without one of the bytes',
      /no token for byte 33/,
      (json) => {
        delete json.model.vocab['!'];
      },
    ],
    [
      'an added token with another token’s id',
      /added token "<\|im_start\|>" has id 257/,
      (json) => {
        json.added_tokens[0]!.id = 257;
      },
    ],
    [
      'an added token that eats the space beside it',
      /added_tokens\.0\.lstrip/,
      (json) => {
        Object.assign(json.added_tokens[0]!, { lstrip: true });
      },
    ],
  ];

  it.each(CASES)('%s', (_, reason, damage) => {
    const json = tokenizerJson();
    damage(json);
    expect(() => byteLevelBpe({ json, file })).toThrow(refused(reason));
  });

  it('text that merges into an added token', () => {
    const json = tokenizerJson();
    json.added_tokens = [{ id: 257, content: 'the', special: true }];
    const tokenizer = byteLevelBpe({ json, file });
    expect(() => tokenizer.encode('the')).toThrow(refused(/becomes the added token "the"/));
  });

  it('what is no object at all', () => {
    expect(() => byteLevelBpe({ json: null, file })).toThrow(refused(/the file is not supported/));
  });
});

// transformers 5.18; see birth.json beside them. The expressions spell special tokens, line breaks, other scripts.
describe.each(['vlm-a', 'vlm-b'])('the fixture %s', (name) => {
  const read = (path: string): unknown =>
    JSON.parse(
      readFileSync(new URL(`../../tests/fixtures/${name}/${path}`, import.meta.url), 'utf8'),
    );
  const tokenizer = byteLevelBpe({ json: read('vlm/tokenizer.json'), file });

  it('has the ids of every expression and of the sentence around it', () => {
    const { prompt, expressions } = read('golden/text.json') as {
      prompt: string;
      expressions: { text: string; ids: number[]; sentenceIds: number[] }[];
    };
    expect(expressions.length).toBeGreaterThan(0);
    for (const { text, ids, sentenceIds } of expressions) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.encode(prompt.replace('{expression}', () => text))).toEqual(sentenceIds);
    }
  });

  it('decodes the generated ids to the answer', () => {
    const vlm = read('golden/vlm.json') as { generatedIds: number[]; answer: string };
    expect(tokenizer.decode(vlm.generatedIds, { skipSpecial: true })).toBe(vlm.answer);
  });
});

// `../shared/golden/a` was made with transformers 5.18; see its README.
const GOLDEN = '../shared/golden/a';
describe.skipIf(!existsSync(GOLDEN))('with the acceptance case’s tokenizer', () => {
  it('decodes the generated ids to the answer', () => {
    const json: unknown = JSON.parse(readFileSync(`${GOLDEN}/vlm/tokenizer.json`, 'utf8'));
    const vlm = JSON.parse(readFileSync(`${GOLDEN}/golden/vlm.json`, 'utf8')) as {
      generated: number[];
      answer: string;
    };
    const tokenizer = byteLevelBpe({ json, file });
    expect(tokenizer.decode(vlm.generated, { skipSpecial: true })).toBe(vlm.answer);
  });
});
