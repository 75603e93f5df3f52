/** The settings of a sweep that matter, for people. */
import type { SweepDocument, SweptSetting } from '../evaluation/sweep/sweep-document.ts';

/** The best, the run's own and the paper's setting with their scores. */
export function sweepLines(swept: SweepDocument): string[] {
  const { dataset, split, preset, n, settings, own, paper, best } = swept;
  const rows: [name: string, i: number | null][] = [
    ['best by mask mIoU', best.mask],
    ['best by box mIoU', best.box],
    [`the run's (${preset})`, own],
    ["the paper's", paper],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return [
    `${settings.length} settings, ${dataset} ${split}, ${n} samples, percent`,
    `${''.padEnd(width)}order  interaction      K     τ     α   box Pr@0.5   mIoU   mask Pr@0.5   mIoU   oIoU`,
    ...rows.flatMap(([name, i]) => (i === null ? [] : [name.padEnd(width) + lineOf(settings[i]!)])),
    swept.note,
  ];
}

function lineOf({ order, interaction, seeds, tau, alpha, box, mask }: SweptSetting): string {
  const percent = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(2));
  return [
    order.padEnd(7),
    interaction.padEnd(14),
    `${seeds}`.padStart(4),
    `${tau}`.padStart(6),
    `${alpha}`.padStart(6),
    percent(box?.pr50).padStart(13),
    percent(box?.mIoU).padStart(7),
    percent(mask?.pr50).padStart(14),
    percent(mask?.mIoU).padStart(7),
    percent(mask?.oIoU).padStart(7),
  ].join('');
}
