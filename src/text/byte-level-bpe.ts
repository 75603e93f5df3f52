import { Tokenizer } from '@huggingface/tokenizers';
import { ZeroovError } from '../errors.ts';
import {
  type AddedToken,
  parseTokenizerJson,
  type TokenizerParts,
  type Vocabulary,
  wordsThenBytes,
} from './tokenizer-json.ts';

/** A checkpoint's tokenizer of the byte-level BPE kind (GPT-2, Qwen2). Ids index the embedding's rows. */
export interface ByteLevelBpe {
  /** Ids of a user's text. What spells a special token becomes the ordinary tokens of its letters. */
  encode(text: string): number[];
  /** Ids of a template's text: added tokens such as `<|im_start|>` are recognised. */
  encodeTemplate(text: string): number[];
  /** Text of ids; ids without a token are skipped, broken UTF-8 becomes U+FFFD. */
  decode(ids: readonly number[], options?: { skipSpecial?: boolean }): string;
  /** The id of one token. @throws TOKENIZER_UNSUPPORTED when there is none */
  idOf(token: string): number;
}

/**
 * A tokenizer from the parsed JSON of a `tokenizer.json`; ids equal Python `tokenizers`' on well-formed text.
 *
 * @param file what an error calls it
 * @throws TOKENIZER_UNSUPPORTED another kind of tokenizer, an unknown regular expression, a damaged vocabulary
 */
export function byteLevelBpe({ json, file }: { json: unknown; file: string }): ByteLevelBpe {
  const refuse = (reason: string) => new ZeroovError('TOKENIZER_UNSUPPORTED', { file, reason });
  const parts = parseTokenizerJson(json, file);
  const missing = missingByte(parts.vocabulary);
  if (missing !== undefined) throw refuse(`the vocabulary has no token for byte ${missing}`);
  const tokenizer = tokenizerOf(parts);
  const added = new Map(parts.addedTokens.map((token) => [token.content, token]));
  const addedById = new Map(parts.addedTokens.map((token) => [token.id, token]));
  const splitter = splitterOf([...added.keys()]);

  const encode = (text: string): number[] => {
    const ids: number[] =
      text === '' ? [] : tokenizer.encode(text, { add_special_tokens: false }).ids;
    const special = ids.map((id) => addedById.get(id)).find((token) => token !== undefined);
    if (special) throw refuse(`ordinary text becomes the added token "${special.content}"`);
    return ids;
  };

  return {
    encode,
    encodeTemplate: (text) =>
      text.split(splitter).flatMap((part) => added.get(part)?.id ?? encode(part)),
    decode: (ids, { skipSpecial = false } = {}) => {
      const kept = ids.filter((id) => !(skipSpecial && addedById.get(id)?.special));
      return decodeRuns({ ids: kept, tokenizer, addedById });
    },
    idOf: (token) => {
      const id = added.get(token)?.id ?? parts.vocabulary.get(token);
      if (id === undefined) throw refuse(`it has no token "${token}"`);
      return id;
    },
  };
}

/** The library's tokenizer without added tokens, rebuilt from checked parts only. */
function tokenizerOf(parts: TokenizerParts): Tokenizer {
  const model = {
    type: 'BPE',
    vocab: Object.fromEntries(parts.vocabulary),
    merges: parts.merges,
    ignore_merges: parts.ignoreMerges,
  };
  return new Tokenizer(
    {
      added_tokens: [],
      normalizer: parts.normalizer,
      pre_tokenizer: wordsThenBytes(parts.wordRegexes),
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model,
    },
    { clean_up_tokenization_spaces: false },
  );
}

/** Splits at added tokens, the longest first, and keeps them; without any it never matches. */
function splitterOf(contents: string[]): RegExp {
  const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  const longestFirst = contents.toSorted((a, b) => b.length - a.length);
  return contents.length === 0 ? /(?!)/ : new RegExp(`(${longestFirst.map(literal).join('|')})`);
}

/** Runs of ordinary tokens are joined as bytes, added tokens stand for themselves. */
function decodeRuns(options: {
  ids: readonly number[];
  tokenizer: Tokenizer;
  addedById: ReadonlyMap<number, AddedToken>;
}): string {
  const { ids, tokenizer, addedById } = options;
  let text = '';
  let run: number[] = [];
  const flush = () => {
    if (run.length > 0) text += tokenizer.decode(run);
    run = [];
  };
  for (const id of ids) {
    const token = addedById.get(id);
    if (token) {
      flush();
      text += token.content;
    } else if (tokenizer.id_to_token(id) !== undefined) run.push(id);
  }
  flush();
  return text;
}

/**
 * The first byte without a token of its own; text with it would silently lose characters.
 *
 * GPT-2's alphabet: the printable Latin-1 bytes stand for themselves, the 68 others are the characters from U+0100 on.
 */
function missingByte(vocabulary: Vocabulary): number | undefined {
  let next = 0x100;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    const character = String.fromCharCode(printable ? byte : next++);
    if (!vocabulary.has(character)) return byte;
  }
  return undefined;
}
