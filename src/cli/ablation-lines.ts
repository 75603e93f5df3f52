/** The tables of an ablation for people: what the paper prints and what was measured, side by side and never mixed up. */
import type {
  AblationDocument,
  MeasuredPlace,
  MeasuredRow,
  RowFigures,
} from '../evaluation/ablation/ablation-document.ts';

const WIDTH = 22;
const COLUMNS = ' box Pr   mIoU  mask Pr   mIoU';

export function ablationLines({ source, measuredOn, tables }: AblationDocument): string[] {
  const place = ({ dataset, split, n }: MeasuredPlace) => `${dataset} ${split}, n = ${n}`;
  return tables
    .flatMap(({ title, quotedOn, rows }) => [
      '',
      `${title}: quoted on ${place(quotedOn)}; measured on ${place(measuredOn)} (${measuredOn.preset})`,
      `${''.padEnd(WIDTH)}${'quoted'.padEnd(COLUMNS.length)}   measured`,
      `${''.padEnd(WIDTH)}${COLUMNS}  ${COLUMNS}`,
      ...rows.map(lineOf),
    ])
    .concat([
      '',
      `quoted: ${source}. Pr at IoU 0.5, percent; other samples, other figures: only equal ones compare.`,
    ]);
}

function lineOf({ label, quoted, measured, missing }: MeasuredRow): string {
  return `${label.padEnd(WIDTH)}${figuresOf(quoted)}  ${measured ? figuresOf(measured) : `  ${missing}`}`;
}

function figuresOf(figures: RowFigures | null): string {
  const percent = (value: number | undefined) => value?.toFixed(2) ?? '–';
  const { box, mask } = figures ?? {};
  return [
    percent(box?.pr50).padStart(7),
    percent(box?.mIoU).padStart(7),
    percent(mask?.pr50).padStart(9),
    percent(mask?.mIoU).padStart(7),
  ].join('');
}
