/** samples.csv: a row a sample, for spreadsheets. RFC 4180: commas, quotes doubled, \r\n. */
import { kindOfExpression } from './metrics/kinds.ts';
import { objectSizeOf } from './metrics/object-size.ts';
import { overlapOf, type Target } from './metrics/overlap.ts';
import type { ProfileName } from './metrics/profiles.ts';
import type { SampleRecord } from './sample.ts';

type Cell = string | number | null | undefined;

const COLUMNS = [
  'id',
  'status',
  'error',
  'category',
  'kind',
  'size',
  'expression',
  'image',
  'score',
  ...['x1', 'y1', 'x2', 'y2'].map((edge) => `predicted_${edge}`),
  ...['x1', 'y1', 'x2', 'y2'].map((edge) => `true_${edge}`),
  'box_iou',
  'mask_iou',
  'mask_intersection_px',
  'mask_union_px',
  'mask_predicted_px',
  'mask_true_px',
] as const;

export const SAMPLE_HEADER = lineOf(COLUMNS);

/** IoU 0..1 by `profile`, pixels at the truth's own size; what is not known is left empty. */
export function sampleRow(record: SampleRecord, profile: ProfileName): string {
  const { id, status, error, category, kind, expression, image, prediction, scores } = record;
  const iou = (target: Target) =>
    scores[target] && overlapOf(scores, { target, profile }).iou.toFixed(6);
  const none = [null, null, null, null] as const;
  const { intersection, union, predicted, truth } = scores.mask?.native ?? {};
  return lineOf([
    ...[
      id,
      status,
      error?.code,
      category,
      kind ?? kindOfExpression(expression),
      objectSizeOf(scores),
    ],
    ...[expression, image, prediction.score],
    ...(prediction.box ?? none),
    ...(scores.box?.truth ?? none),
    ...[iou('box'), iou('mask'), intersection, union, predicted, truth],
  ]);
}

function lineOf(cells: readonly Cell[]): string {
  const quote = (cell: Cell) => {
    const text = String(cell ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${cells.map(quote).join(',')}\r\n`;
}
