import { z } from 'zod';
import { ZeroovError } from '../errors.ts';

/**
 * What zeroov accepts of a `tokenizer.json`: byte-level BPE with the pre-tokenizers that published models use.
 *
 * A regular expression of the file is never run: it must equal one of these literals (RELIABILITY.md D8, TB10).
 */
export const GPT2_REGEX = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const QWEN2_REGEX = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;

/** Ten times the largest published vocabularies; also bounds the arrays made from ids. */
const MAX_TOKENS = 2 ** 21;
const MAX_ADDED = 4096;

const Off = z.union([z.literal(false), z.null()]).optional();
const NoText = z.union([z.literal(''), z.null()]).optional();

const UnicodeForm = z.object({ type: z.enum(['NFC', 'NFD', 'NFKC', 'NFKD']) });
const Normalizer = z.union([
  z.null(),
  UnicodeForm,
  z.object({ type: z.literal('Sequence'), normalizers: z.array(UnicodeForm) }),
]);

const Split = z.object({
  type: z.literal('Split'),
  pattern: z.strictObject({ Regex: z.enum([GPT2_REGEX, QWEN2_REGEX]) }),
  behavior: z.literal('Isolated'),
  invert: Off,
});
const ByteLevel = z.object({
  type: z.literal('ByteLevel'),
  add_prefix_space: z.literal(false),
  use_regex: z.boolean().default(true),
});
const PreTokenizer = z.union([
  ByteLevel,
  z.object({
    type: z.literal('Sequence'),
    pretokenizers: z.union([z.tuple([ByteLevel]), z.tuple([Split, ByteLevel])]),
  }),
]);

const AddedToken = z.object({
  id: z.int().min(0).max(MAX_TOKENS),
  content: z.string().min(1),
  special: z.boolean().default(false),
  single_word: Off,
  lstrip: Off,
  rstrip: Off,
});

const TokenizerFile = z.object({
  added_tokens: z.array(AddedToken).max(MAX_ADDED).default([]),
  normalizer: Normalizer.default(null),
  pre_tokenizer: PreTokenizer,
  decoder: z.union([z.null(), z.object({ type: z.literal('ByteLevel') })]).default(null),
  model: z.object({
    type: z.literal('BPE').default('BPE'),
    dropout: z.union([z.literal(0), z.null()]).optional(),
    continuing_subword_prefix: NoText,
    end_of_word_suffix: NoText,
    byte_fallback: Off,
    ignore_merges: z.boolean().default(false),
    vocab: z.unknown(),
    merges: z.unknown(),
  }),
});

export type AddedToken = z.infer<typeof AddedToken>;
export type Vocabulary = ReadonlyMap<string, number>;
export type Merge = [left: string, right: string];

export interface TokenizerParts {
  readonly addedTokens: readonly AddedToken[];
  readonly normalizer: z.infer<typeof Normalizer>;
  /** The regular expressions that cut a text into words, one after the other; then bytes. */
  readonly wordRegexes: readonly string[];
  readonly ignoreMerges: boolean;
  readonly vocabulary: Vocabulary;
  readonly merges: Merge[];
}

const refuse = (file: string, reason: string) =>
  new ZeroovError('TOKENIZER_UNSUPPORTED', { file, reason });

/** The parsed JSON of a `tokenizer.json`, checked. @throws TOKENIZER_UNSUPPORTED */
export function parseTokenizerJson(json: unknown, file: string): TokenizerParts {
  const parsed = TokenizerFile.safeParse(json);
  if (!parsed.success) throw refuse(file, firstIssue(parsed.error));
  const { added_tokens: addedTokens, normalizer, pre_tokenizer, model } = parsed.data;
  const vocabulary = parseVocabulary(model.vocab, file);
  checkAddedTokens(addedTokens, vocabulary, file);
  return {
    addedTokens,
    normalizer,
    wordRegexes: wordRegexes(pre_tokenizer),
    ignoreMerges: model.ignore_merges,
    vocabulary,
    merges: parseMerges(model.merges, vocabulary, file),
  };
}

/** ByteLevel brings GPT-2's own regular expression unless it says not to. */
function wordRegexes(preTokenizer: z.infer<typeof PreTokenizer>): string[] {
  const steps = preTokenizer.type === 'Sequence' ? preTokenizer.pretokenizers : [preTokenizer];
  return steps.flatMap((step) => {
    if (step.type === 'Split') return [step.pattern.Regex];
    return step.use_regex ? [GPT2_REGEX] : [];
  });
}

/** `{token: id}` with distinct ids 0..2^21. @throws TOKENIZER_UNSUPPORTED */
export function parseVocabulary(vocab: unknown, file: string): Vocabulary {
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab)) {
    throw refuse(file, 'the vocabulary is not an object of token: id');
  }
  const entries: [string, unknown][] = Object.entries(vocab);
  if (entries.length > MAX_TOKENS) {
    throw refuse(file, `the vocabulary has ${entries.length} tokens, the limit is ${MAX_TOKENS}`);
  }
  const taken = new Uint8Array(MAX_TOKENS + 1);
  for (const [token, id] of entries) {
    const valid = typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= MAX_TOKENS;
    if (!valid || taken[id] === 1) {
      const what = valid ? 'already another token’s' : 'no id';
      throw refuse(file, `token ${shown(token)} has id ${String(id)}, which is ${what}`);
    }
    taken[id] = 1;
  }
  return new Map(entries as [string, number][]);
}

/** Merge rules in order of rank, as `"a b"` or `["a", "b"]`; parts and result are tokens. @throws TOKENIZER_UNSUPPORTED */
export function parseMerges(merges: unknown, vocabulary: Vocabulary, file: string): Merge[] {
  if (!Array.isArray(merges) || merges.length > MAX_TOKENS) {
    throw refuse(file, `the merges are not a list of at most ${MAX_TOKENS}`);
  }
  return merges.map((merge: unknown, rank) => {
    const parts: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
    if (!isPair(parts)) throw refuse(file, `merge ${rank} is not a pair of tokens`);
    const [left, right] = parts;
    const unknown = [left, right, left + right].find((token) => !vocabulary.has(token));
    if (unknown !== undefined) {
      throw refuse(file, `merge ${rank} names ${shown(unknown)}, which is not in the vocabulary`);
    }
    return parts;
  });
}

function isPair(parts: unknown): parts is Merge {
  if (!Array.isArray(parts) || parts.length !== 2) return false;
  return typeof parts[0] === 'string' && typeof parts[1] === 'string';
}

/**
 * A pre-tokenizer for the library: cut at the matches of each expression, then write bytes as GPT-2's alphabet.
 *
 * The library's own ByteLevel splits with JavaScript's white space (U+FEFF in, U+0085 out); a Split does not.
 */
export function wordsThenBytes(regexes: readonly string[]): object {
  const splits = regexes.map((Regex) => ({
    type: 'Split',
    pattern: { Regex },
    behavior: 'Isolated',
    invert: false,
  }));
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };
  return { type: 'Sequence', pretokenizers: [...splits, bytes] };
}

function checkAddedTokens(added: readonly AddedToken[], vocabulary: Vocabulary, file: string) {
  const owners = new Map(Array.from(vocabulary, ([token, id]) => [id, token]));
  for (const { id, content } of added) {
    const owner = owners.get(id) ?? content;
    if (owner !== content || (vocabulary.get(content) ?? id) !== id) {
      throw refuse(file, `added token ${shown(content)} has id ${id}, which does not fit`);
    }
    owners.set(id, content);
  }
}

/** Where and what, e.g. `pre_tokenizer.pretokenizers.0.pattern: Invalid option`. */
function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return `${issue.path.join('.') || 'the file'} is not supported (${issue.message})`;
}

function shown(token: string): string {
  return JSON.stringify(token.length > 40 ? `${token.slice(0, 40)}…` : token);
}
