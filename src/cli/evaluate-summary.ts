/** The figures of a run for people. */
import type { Figures, Summary } from '../evaluation/summary.ts';

/** What became of the samples, then a row of figures for each summary, over all samples and over those that did not fail. */
export function summaryLines(summaries: readonly Summary[]): string[] {
  const { dataset, split, n } = summaries[0]!;
  const width = Math.max(...summaries.map((summary) => nameOf(summary).length), 16);
  const lines = [
    `${dataset} ${split}, ${n} samples, profile ${summaries[0]!.headline}, percent`,
    `${''.padEnd(width)}   found  not found  failed   box Pr@0.5   mIoU   mask Pr@0.5   mIoU   oIoU`,
  ];
  for (const summary of summaries) {
    const { ok, notFound, failed, metrics, decodable } = summary;
    const counts = [`${ok}`.padStart(8), `${notFound}`.padStart(11), `${failed}`.padStart(8)];
    lines.push(nameOf(summary).padEnd(width) + counts.join('') + figuresOf(metrics, summary));
    if (failed === 0) continue;
    const without = `  without failed`.padEnd(width);
    lines.push(
      `${without}${`${decodable.n}`.padStart(8)}${''.padEnd(19)}${figuresOf(decodable.metrics, summary)}`,
    );
  }
  return lines;
}

const nameOf = ({ preset }: Summary): string => preset ?? 'predictions';

function figuresOf({ box, mask }: Summary['metrics'], { headline }: Summary): string {
  const percent = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(2));
  const at = (figures: Figures | undefined, key: 'mIoU' | 'oIoU' | '0.5') =>
    percent(key === '0.5' ? figures?.pr['0.5'] : figures?.[key]);
  const [boxes, masks] = [box[headline], mask[headline]];
  return [
    at(boxes, '0.5').padStart(13),
    at(boxes, 'mIoU').padStart(7),
    at(masks, '0.5').padStart(14),
    at(masks, 'mIoU').padStart(7),
    at(masks, 'oIoU').padStart(7),
  ].join('');
}
