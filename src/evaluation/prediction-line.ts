/** One line of predictions.jsonl; docs/reference/evaluation-files.md is its description for people. */
import { z } from 'zod';
import { parseStrictJson } from '../checkpoint/strict-json.ts';
import { ZeroovError } from '../errors.ts';
import { decodeRuns } from '../tensor/rle.ts';
import type { Prediction } from './sample.ts';

const side = z.int().min(1).max(65_536);
const LINE = z.strictObject({
  /** Datasets that number their samples may be given the numbers. */
  id: z.union([z.string().min(1), z.int().transform(String)]),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullish(),
  mask: z.strictObject({ size: z.tuple([side, side]), counts: z.string() }).nullish(),
  score: z.number().nullish(),
});

/** An object, a box in it, a mask in it, its size. */
const RULES = { maxDepth: 3, maxEntries: 16, numbers: 'any' } as const;

/** A line as it is written, with its line break. */
export function predictionLine({ id, box, mask, score }: Prediction): string {
  const said = score === undefined ? {} : { score };
  return `${JSON.stringify({ id, box, mask, ...said })}\n`;
}

/** @param at where the line is, for its refusal. @throws PREDICTION_INVALID */
export function parsePrediction(
  text: string | null,
  at: { readonly file: string; readonly line: number },
): Prediction {
  const refuse = (reason: string) => new ZeroovError('PREDICTION_INVALID', { ...at, reason });
  if (text === null) throw refuse('it is no UTF-8 text, or too long');
  const json = parseStrictJson(text, RULES);
  if (!json.ok) {
    const inNumbers = /[:[,\s](NaN|-?Infinity)\b/.test(text.replace(/"[^"]*"/g, '""'));
    throw refuse(inNumbers ? 'NaN and Infinity are no JSON numbers' : json.reason);
  }
  const parsed = LINE.safeParse(json.value);
  if (!parsed.success) throw refuse(sayIssue(parsed.error.issues[0]!));
  const { id, box, mask, score } = parsed.data;
  if (box === undefined && mask === undefined) throw refuse('it has neither "box" nor "mask"');
  if (box && (box[2] < box[0] || box[3] < box[1])) throw refuse(`the box [${box}] is inside out`);
  if (mask) {
    const fault = faultOfMask(mask);
    if (fault) throw refuse(fault);
  }
  return { id, box: box ?? null, mask: mask ?? null, ...(score === undefined ? {} : { score }) };
}

/** Whether the runs are as long as the size says, without making the mask. */
function faultOfMask({ size: [height, width], counts }: NonNullable<Prediction['mask']>) {
  try {
    const total = decodeRuns(counts).reduce((sum, run) => sum + run, 0);
    if (total === height * width) return null;
    return `the mask's runs sum to ${total}, its size ${height} × ${width} needs ${height * width}`;
  } catch (error) {
    if (error instanceof ZeroovError && error.code === 'RLE_INVALID') return error.message;
    throw error;
  }
}

function sayIssue({ path, message }: z.core.$ZodIssue): string {
  const where = path.length === 0 ? 'the line' : JSON.stringify(z.core.toDotPath(path));
  return `${where}: ${message.replace(/^Invalid input: /, '')}`;
}
