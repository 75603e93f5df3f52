/**
 * JSON from files that may lie. `JSON.parse` keeps the last of two equal keys, accepts any depth and half surrogates;
 * one pass over the text finds these first, and stops at the limits before anything large is built.
 */

export interface JsonRules {
  /** Nested objects and arrays: `{}` is depth 1. */
  readonly maxDepth: number;
  /** Entries of one object or array. */
  readonly maxEntries: number;
  /** `integers`: only 0, 1, 2 … 2^53 − 1, written without sign, point or exponent. */
  readonly numbers: 'integers' | 'any';
}

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: string };

/** Parses `text` under `rules`; every refusal is a short reason, never an exception. */
export function parseStrictJson(text: string, rules: JsonRules): ParsedJson {
  const fault = findFault(text, rules);
  if (fault !== null) return { ok: false, reason: fault };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, reason: 'it is not valid JSON' };
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Index after the closing quote of the string that opens at `start`, or −1. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i += 1;
    else if (code === QUOTE) return i + 1;
  }
  return -1;
}

/** The string that `raw` (with its quotes) spells, or null when it spells none. */
function decodeString(raw: string): string | null {
  if (!raw.includes('\\')) return raw.slice(1, -1);
  try {
    const value: unknown = JSON.parse(raw);
    return typeof value === 'string' && !/\p{Surrogate}/u.test(value) ? value : null;
  } catch {
    return null;
  }
}

function isPlainInteger(token: string): boolean {
  return /^(0|[1-9]\d{0,15})$/.test(token) && Number.isSafeInteger(Number(token));
}

/** An object or array that is open where the scan is. */
interface Level {
  /** Of an object, those so far; null for an array. */
  readonly keys: Set<string> | null;
  commas: number;
}

/** What `rules` forbid in `text`, or null. Grammar is left to JSON.parse, which runs after. */
function findFault(text: string, rules: JsonRules): string | null {
  const levels: Level[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const level = levels.at(-1);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end < 0) return 'a string does not end';
      const value = decodeString(text.slice(at, end));
      if (value === null) return 'a string has a bad escape';
      at = end;
      while (isSpace(text.charCodeAt(at))) at += 1;
      if (text.charCodeAt(at) !== COLON) continue;
      if (level?.keys?.has(value))
        return `the key ${JSON.stringify(value.slice(0, 80))} appears twice`;
      level?.keys?.add(value);
    } else if (rules.numbers === 'integers' && (isDigit(code) || code === MINUS)) {
      const token = /^[-+.\deE]+/.exec(text.slice(at, at + 64))![0];
      if (!isPlainInteger(token)) return `${token} is not an integer from 0 to 2^53 − 1`;
      at += token.length;
      continue;
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (levels.length === rules.maxDepth) return `it nests deeper than ${rules.maxDepth}`;
      levels.push({ keys: code === OPEN_OBJECT ? new Set() : null, commas: 0 });
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) levels.pop();
    else if (code === COMMA && level) {
      level.commas += 1;
      if (level.commas === rules.maxEntries)
        return `an object or array has more than ${rules.maxEntries} entries`;
    }
    at += 1;
  }
  return null;
}
