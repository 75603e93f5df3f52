import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clipBpe } from './clip-bpe.ts';

const file = 'tokenizer/vocab.json';

/** Letters with and without the word end, a few merges, the two special tokens. */
function little() {
  const letters = [...'abcdeht!<|>σ'].flatMap((letter) =>
    letter === 'σ' ? ['Ï', 'Ï</w>', 'ĥ', 'ĥ</w>'] : [letter, `${letter}</w>`],
  );
  const tokens = [...letters, 'th', 'the</w>', 'he</w>', '<|startoftext|>', '<|endoftext|>', '!!'];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const merges = '#version: 0.2\nt h\nth e</w>\n';
  const ids = (list: string) => list.split(' ').map((token) => vocab[token]!);
  return { vocab, merges, ids };
}

describe('clipBpe', () => {
  const { vocab, merges, ids } = little();
  const clip = clipBpe({ vocab, merges, file, length: 8 });

  it('lower-cases, collapses white space, ends words with </w>, pads with the end token', () => {
    const end = '<|endoftext|>';
    expect(clip.encode('\n The\u0085\u3000 THAT ')).toEqual({
      ids: ids(`<|startoftext|> the</w> th a t</w> ${end} ${end} ${end}`),
      textCount: 4,
      truncated: false,
    });
  });

  it('keeps begin and end when the text is too long', () => {
    expect(clip.encode('a b c d e a b')).toEqual({
      ids: ids('<|startoftext|> a</w> b</w> c</w> d</w> e</w> a</w> <|endoftext|>'),
      textCount: 6,
      truncated: true,
    });
  });

  it('lower-cases Σ to σ at a word’s end too, as the reference does (σ is the bytes CF 83)', () => {
    expect(clip.encode('aΣ').ids.slice(1, 4)).toEqual(ids('a Ï ĥ</w>'));
  });

  it('gives a user who spells a special token its letters', () => {
    const spelt = clip.encode('<|endoftext|>');
    expect(spelt.textCount).toBeGreaterThan(1);
    expect(spelt.ids.slice(1, 3)).toEqual(ids('< |</w>'));
  });

  it('pads with the token asked for', () => {
    const padded = clipBpe({ vocab, merges, file, length: 5, padToken: '!' });
    expect(padded.encode('a').ids).toEqual(ids('<|startoftext|> a</w> <|endoftext|> ! !'));
  });

  it('takes merges as a list too', () => {
    const listed = clipBpe({ vocab, merges: [['t', 'h'], 'th e</w>'], file, length: 8 });
    expect(listed.encode('the that')).toEqual(clip.encode('the that'));
  });

  it.each([
    ['without the end token', { ...vocab, '<|endoftext|>': undefined }, merges],
    ['with a merge that is not there', vocab, 't z\n'],
    ['with a merge of three', vocab, 't h e\n'],
    ['that is no object', 'vocab', merges],
  ])('refuses a vocabulary %s', (_, damaged, lines) => {
    const json: unknown = JSON.parse(JSON.stringify(damaged));
    expect(() => clipBpe({ vocab: json, merges: lines, file })).toThrow(
      expect.objectContaining({ code: 'TOKENIZER_UNSUPPORTED' }),
    );
  });
});

// transformers 5.18; see birth.json beside them.
describe.each(['sd-a', 'sd-b'])('the fixture %s', (name) => {
  it('has the ids of every text', () => {
    const folder = new URL(`../../tests/fixtures/${name}/`, import.meta.url);
    const read = (path: string) => readFileSync(new URL(path, folder), 'utf8');
    const clip = clipBpe({
      vocab: JSON.parse(read('sd/tokenizer/vocab.json')),
      merges: read('sd/tokenizer/merges.txt'),
      file,
    });
    const texts = JSON.parse(read('golden/clip.json')) as { text: string; ids: number[] }[];
    expect(texts.length).toBeGreaterThan(0);
    for (const { text, ids } of texts) expect([text, clip.encode(text).ids]).toEqual([text, ids]);
  });
});

// `../shared/golden/a` holds CLIP's published vocabulary; ids made with transformers 5.18 (see its README).
const GOLDEN = '../shared/golden/a';
describe.skipIf(!existsSync(GOLDEN))('with CLIP’s own vocabulary', () => {
  it('equals transformers', () => {
    const read = (name: string) => readFileSync(`${GOLDEN}/${name}`, 'utf8');
    const vocab: unknown = JSON.parse(read('sd/tokenizer/vocab.json'));
    const clip = clipBpe({ vocab, merges: read('sd/tokenizer/merges.txt'), file });
    const golden = JSON.parse(read('golden/sd.json')) as { expr: string; clip_ids: number[] };
    expect(clip.encode(golden.expr).ids).toEqual(golden.clip_ids);
    // transformers 5.18: CLIPTokenizer("Tank's  ÉCLAIR, 123!! 🚢").input_ids without the padding.
    const { ids, textCount } = clip.encode("Tank's  ÉCLAIR, 123!! \u{1f6a2}");
    expect(ids.slice(0, textCount + 2)).toEqual([
      49406, 6172, 568, 3459, 14039, 267, 272, 273, 274, 748, 2730, 351, 49407,
    ]);
  });
});
