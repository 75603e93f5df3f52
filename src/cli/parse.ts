/** Text of the command line → values. What is no value of its kind is an error that names the option. */
import { ZeroovError } from '../errors.ts';

/** A parser for commander's `argParser`; ranges are checked where the value is used. */
type Parser<T> = (text: string) => T;

export function number(option: string, { min }: { min?: number } = {}): Parser<number> {
  const expected = min === undefined ? 'a number' : `a number from ${min} on`;
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < (min ?? value)) {
      throw invalid({ option, expected, text });
    }
    return value;
  };
}

/** A whole number in `[min, max]`. */
export function whole(option: string, { min, max }: { min: number; max: number }): Parser<number> {
  return (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw invalid({ option, expected: `a whole number from ${min} to ${max}`, text });
  };
}

/** Numbers with commas between. */
export function numbers(option: string): Parser<number[]> {
  const one = number(option);
  return (text) => {
    try {
      return text.split(',').map(one);
    } catch (cause) {
      throw invalid({ option, expected: 'numbers with commas between', text, cause });
    }
  };
}

export function oneOf<T extends string>(option: string, values: readonly T[]): Parser<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw invalid({ option, expected: `one of ${values.join(', ')}`, text });
  };
}

/**
 * `layerWeights` or `layerWeights.0` → `--layer-weights`, `tilePx` → `--tile`; what is no option's name in the library stays as
 * it is.
 */
export function flagOf(option: string): string {
  const [, name] = /^([a-z][a-zA-Z]*?)(?:Px)?(?:\.\d+)?$/.exec(option) ?? [];
  return name ? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` : option;
}

function invalid(wrong: { option: string; expected: string; text: string; cause?: unknown }) {
  const { option, expected, text, cause } = wrong;
  const got = JSON.stringify(text.slice(0, 200));
  return new ZeroovError('OPTION_INVALID', { option, expected, got }, { cause });
}
