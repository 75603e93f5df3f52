/** `0.1:0.6:0.05,0.9` → 0.1, 0.15 … 0.6, 0.9. */
import { ZeroovError } from '../errors.ts';

/** Values of one range: more are a mistake. */
const MOST = 10_000;

/** Numbers and ranges `first:last:step` (both ends included) with commas between. */
export function numberRanges(option: string): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').flatMap((part) => valuesOf(part) ?? [Number.NaN]);
    if (values.every(Number.isFinite)) return [...new Set(values)];
    const expected = `numbers and ranges first:last:step of up to ${MOST} values, with commas between`;
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: JSON.stringify(text) });
  };
}

/** Null for what is neither a number nor a range. */
function valuesOf(part: string): number[] | null {
  const numbers = part
    .split(':')
    .map((piece) => (piece.trim() === '' ? Number.NaN : Number(piece)));
  if (!numbers.every(Number.isFinite)) return null;
  const [first, last, step] = numbers as [number, number?, number?];
  if (numbers.length === 1) return [first];
  if (numbers.length !== 3 || !(step! > 0) || last! < first) return null;
  const steps = Math.floor((last! - first) / step! + 1e-9);
  if (steps >= MOST) return null;
  // Rounded, so that the third step of 0.1 is 0.3 and not 0.30000000000000004.
  return Array.from({ length: steps + 1 }, (_, i) => Number((first + i * step!).toFixed(10)));
}
