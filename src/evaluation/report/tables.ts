/** The tables of a report, for HTML and Markdown alike. */
import type { AblationDocument, MeasuredPlace, RowFigures } from '../ablation/ablation-document.ts';
import { OBJECT_SIZES } from '../metrics/object-size.ts';
import { TARGETS, type Target } from '../metrics/overlap.ts';
import { PROFILE_NAMES, PROFILES, type ProfileName, THRESHOLD_NAMES } from '../metrics/profiles.ts';
import {
  METHODS,
  METHODS_ON_RISBENCH,
  type QuotedFigures,
  type QuotedOn,
  RISBENCH,
  RRSIS_D,
  SOURCE,
  STAGES,
} from '../paper.ts';
import type { FigureGroup, Figures, Intervals, Summary } from '../summary.ts';

export interface Cell {
  readonly text: string;
  /** Smaller, after the text: an interval. */
  readonly detail?: string;
  /** 0..100, drawn as a bar below the text in the colour of what it is of. */
  readonly share?: { readonly percent: number; readonly of: Target };
}

export interface Table {
  readonly caption: string;
  readonly note?: string;
  readonly head: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly Cell[])[];
}

export const TARGET_NAMES: Readonly<Record<Target, string>> = { box: 'boxes', mask: 'masks' };
const cell = (text: string | number): Cell => ({ text: String(text) });
const NONE = cell('–');

/** Percent as papers print it. */
export function sayPercent(value: number): string {
  return value.toFixed(2);
}

export function sayInterval([low, high]: readonly [number, number]): string {
  return `${low.toFixed(1)} – ${high.toFixed(1)}`;
}

const measured = (value: number | undefined, interval?: readonly [number, number]): Cell =>
  value === undefined
    ? NONE
    : { text: sayPercent(value), ...(interval ? { detail: sayInterval(interval) } : {}) };

const FIGURE_HEAD = ['', 'n', 'mIoU', 'oIoU', ...THRESHOLD_NAMES.map((name) => `Pr@${name}`)];

function figureCells({ n, mIoU, oIoU, pr }: Figures, intervals?: Intervals): Cell[] {
  return [
    cell(n),
    measured(mIoU, intervals?.mIoU),
    measured(oIoU, intervals?.oIoU),
    ...THRESHOLD_NAMES.map((name) => measured(pr[name], intervals?.pr[name])),
  ];
}

/** The headline profile over all samples, with intervals, and over those that did not fail. */
export function headlineTable({ headline, metrics, intervals, decodable, failed }: Summary): Table {
  const rows = TARGETS.flatMap((target) => {
    const figures = metrics[target][headline];
    const without = decodable.metrics[target][headline];
    if (!figures) return [];
    const all = [cell(TARGET_NAMES[target]), ...figureCells(figures, intervals[target][headline])];
    if (failed === 0 || !without) return [all];
    return [all, [cell(`${TARGET_NAMES[target]}, without failed`), ...figureCells(without)]];
  });
  return {
    caption: `Profile ${headline}: ${PROFILES[headline].about}`,
    note: `Percent. A failed sample counts as nothing found. With a figure its ${intervals.level} % interval: bootstrap over samples, ${intervals.resamples} resamples.`,
    head: FIGURE_HEAD,
    rows,
  };
}

/** The same answers by every profile. */
export function profilesTable({ metrics }: Summary): Table {
  const rows = PROFILE_NAMES.flatMap((name) =>
    TARGETS.flatMap((target) => {
      const figures = metrics[target][name];
      return figures ? [[cell(`${name}, ${TARGET_NAMES[target]}`), ...figureCells(figures)]] : [];
    }),
  );
  const abouts = Object.entries(PROFILES).map(([name, { about }]) => `${name}: ${about}`);
  return {
    caption: 'The same answers, counted as others count',
    note: `${abouts.join('. ')}.`,
    head: FIGURE_HEAD,
    rows,
  };
}

const GROUPS = {
  byCategory: { caption: 'By category', order: null },
  bySize: {
    caption: 'By size of the object',
    note: 'Area of the truth: small below 32² px, medium below 96², large from there; empty: the truth has no pixel.',
    order: OBJECT_SIZES as readonly string[],
  },
  byKind: {
    caption: 'By kind of expression',
    note: "The dataset's own label where it has one; else told by rules from the words: of the object alone, by its place in the picture, or by another object.",
    order: null,
  },
} as const;

/** Categories, sizes and kinds under the headline profile; a table without rows is left out. */
export function groupTables(summary: Summary): Table[] {
  const targets = TARGETS.filter((target) => summary.metrics[target][summary.headline]);
  return (['byCategory', 'bySize', 'byKind'] as const).flatMap((by) => {
    const { caption, order, ...rest } = GROUPS[by];
    const labels = Object.keys(summary[by]);
    if (order) labels.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const head = targets.flatMap((target) => [`${TARGET_NAMES[target]}: mIoU`, 'oIoU', 'Pr@0.5']);
    const rows = labels.map((label) => [
      cell(label),
      cell(summary[by][label]!.n),
      ...targets.flatMap((target) =>
        groupCells(summary[by][label]!, { target, profile: summary.headline }),
      ),
    ]);
    return rows.length === 0 ? [] : [{ caption, ...rest, head: ['', 'n', ...head], rows }];
  });
}

function groupCells(
  { metrics, intervals }: FigureGroup,
  { target, profile }: { readonly target: Target; readonly profile: ProfileName },
): Cell[] {
  const figures = metrics[target][profile];
  const within = intervals[target][profile];
  if (!figures) return [NONE, NONE, NONE];
  return [
    {
      ...measured(figures.mIoU, within?.mIoU),
      share: { percent: figures.mIoU, of: target },
    },
    measured(figures.oIoU, within?.oIoU),
    measured(figures.pr['0.5'], within?.pr['0.5']),
  ];
}

interface Quotations {
  readonly on: QuotedOn;
  readonly rows: readonly { readonly method: string; readonly quoted: QuotedFigures }[];
}

const UNREFINED = { method: 'RSVG-ZeroOV', quoted: STAGES['full method'] };
const QUOTATIONS: readonly Quotations[] = [
  { on: RRSIS_D, rows: [UNREFINED, ...METHODS] },
  { on: RISBENCH, rows: METHODS_ON_RISBENCH },
];

/** Ours first, then what the paper prints; null where it prints nothing about the dataset. */
export function quotedTable({ dataset, split, metrics, n }: Summary): Table | null {
  const quoted = QUOTATIONS.find(({ on }) => on.dataset === dataset);
  if (!quoted) return null;
  const own: QuotedFigures = Object.fromEntries(
    TARGETS.flatMap((target) => {
      const figures = metrics[target].paper;
      return figures ? [[target, { pr50: figures.pr['0.5'], mIoU: figures.mIoU }]] : [];
    }),
  );
  const cells = ({ box, mask }: QuotedFigures) =>
    [box?.pr50, box?.mIoU, mask?.pr50, mask?.mIoU].map((value) => measured(value));
  const { on, rows } = quoted;
  return {
    caption: 'Beside published figures',
    note: `Quoted from ${SOURCE}: ${on.dataset} ${on.split}, ${on.n} samples, with the checkpoints that it names; none of it was measured here. The first row was measured on ${n} samples of ${split} with the checkpoints named above, and compares with the others only if both are the same.`,
    head: ['', '', 'boxes: Pr@0.5', 'mIoU', 'masks: Pr@0.5', 'mIoU'],
    rows: [
      [cell('this run'), cell('measured'), ...cells(own)],
      ...rows.map((row) => [cell(row.method), cell('quoted'), ...cells(row.quoted)]),
    ],
  };
}

/** The paper's tables: what it prints and what was measured, each under its own head. */
export function ablationReport({ source, measuredOn, tables }: AblationDocument): Table[] {
  const place = ({ dataset, split, n }: MeasuredPlace) => `${dataset} ${split}, ${n} samples`;
  const head = ['quoted', 'measured'].flatMap((which) => [
    `${which}: box Pr@0.5`,
    'mIoU',
    'mask Pr@0.5',
    'mIoU',
  ]);
  const cells = (figures: RowFigures | null) => {
    const { box, mask } = figures ?? {};
    return [box?.pr50, box?.mIoU, mask?.pr50, mask?.mIoU].map((value) => measured(value));
  };
  return tables.map(({ title, quotedOn, rows }) => {
    const missing = rows.flatMap((row) => (row.missing ? [`${row.label}: ${row.missing}`] : []));
    return {
      caption: `Ablation: ${title}`,
      note: [
        `Percent. Quoted from ${source}, ${place(quotedOn)}; measured on ${place(measuredOn)}. They compare only if both are the same.`,
        ...missing.map((reason) => `${reason}.`),
      ].join(' '),
      head: ['', ...head],
      rows: rows.map((row) => [cell(row.label), ...cells(row.quoted), ...cells(row.measured)]),
    };
  });
}

/** Null where nothing failed. */
export function failuresTable({ failures }: Summary): Table | null {
  const rows = Object.entries(failures).map(([code, count]) => [cell(code), cell(count)]);
  return rows.length === 0 ? null : { caption: 'Failures', head: ['code', 'samples'], rows };
}
