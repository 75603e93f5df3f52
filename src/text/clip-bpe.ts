import { Tokenizer } from '@huggingface/tokenizers';
import { ZeroovError } from '../errors.ts';
import { GPT2_REGEX, parseMerges, parseVocabulary, wordsThenBytes } from './tokenizer-json.ts';

const WORD_END = '</w>';

/** CLIP's words: contractions, runs of letters, single digits, runs of anything else; white space is dropped. */
const CLIP_REGEX = String.raw`<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

export interface ClipTokens {
  /** `length` ids: begin, the text's tokens, end, then the pad. */
  readonly ids: number[];
  /** How many of them are the text's own, at 1..count (far end included). */
  readonly textCount: number;
  /** Whether the text had more tokens than fit. */
  readonly truncated: boolean;
}

export interface ClipBpe {
  encode(text: string): ClipTokens;
}

export interface ClipBpeOptions {
  /** Parsed `vocab.json`. */
  readonly vocab: unknown;
  /** The text of `merges.txt` (its first line is a version), or the list of merges of a `tokenizer.json`. */
  readonly merges: unknown;
  /** What an error calls it, e.g. `tokenizer/vocab.json`. */
  readonly file: string;
  readonly beginToken?: string;
  readonly endToken?: string;
  readonly padToken?: string;
  /** Ids a text becomes, begin and end included. */
  readonly length?: number;
}

/**
 * CLIP's tokenizer: NFC, white space collapsed, lower case, byte-level BPE with `</w>` at word ends; 77 ids.
 *
 * Equal to transformers 5's `CLIPTokenizer(text, padding="max_length", truncation=True)`, except that a user who
 * spells `<|endoftext|>` gets its letters' tokens (RELIABILITY.md D8).
 *
 * @throws TOKENIZER_UNSUPPORTED a damaged vocabulary, or one without the begin, end or pad token
 */
export function clipBpe(options: ClipBpeOptions): ClipBpe {
  const { file, beginToken = '<|startoftext|>', endToken = '<|endoftext|>', length = 77 } = options;
  const vocabulary = parseVocabulary(options.vocab, file);
  const idOf = (token: string): number => {
    const id = vocabulary.get(token);
    if (id !== undefined) return id;
    const reason = `the vocabulary has no token "${token}"`;
    throw new ZeroovError('TOKENIZER_UNSUPPORTED', { file, reason });
  };
  const begin = idOf(beginToken);
  const end = idOf(endToken);
  const pad = idOf(options.padToken ?? endToken);
  const lines = typeof options.merges === 'string' ? mergeLines(options.merges) : options.merges;
  const tokenizer = tokenizerOf({
    vocab: Object.fromEntries(vocabulary),
    merges: parseMerges(lines, vocabulary, file),
    unk_token: endToken,
  });

  return {
    encode: (text) => {
      const all = tokenizer.encode(normalize(text), { add_special_tokens: false }).ids;
      const kept = all.slice(0, length - 2);
      const padding = new Array<number>(length - 2 - kept.length).fill(pad);
      return {
        ids: [begin, ...kept, end, ...padding],
        textCount: kept.length,
        truncated: kept.length < all.length,
      };
    },
  };
}

function tokenizerOf(model: { vocab: object; merges: unknown; unk_token: string }): Tokenizer {
  const words = {
    type: 'Split',
    pattern: { Regex: CLIP_REGEX },
    behavior: 'Removed',
    invert: true,
  };
  return new Tokenizer(
    {
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [words, wordsThenBytes([GPT2_REGEX])],
      },
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', end_of_word_suffix: WORD_END, ...model },
    },
    {},
  );
}

/**
 * Lower case character by character, as the reference does: JavaScript's own turns a word-final Σ into ς, not σ.
 * White space is Unicode's White_Space, which `\s` is not (U+0085, U+FEFF).
 */
function normalize(text: string): string {
  const collapsed = text.normalize('NFC').replace(/\p{White_Space}+/gu, ' ');
  return Array.from(collapsed, (character) => character.toLowerCase()).join('');
}

function mergeLines(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  return lines[0]?.startsWith('#version') ? lines.slice(1) : lines;
}
