/** A sweep as heat maps: one for every combination of what is on neither axis. */
import { TARGETS, type Target } from '../metrics/overlap.ts';
import type { HeatMap } from './plots.ts';
import type { SweepResult, SweepSetting } from './sweep-result.ts';

const NAMES = { order: '', interaction: '', seeds: 'K', tau: 'τ', alpha: 'α' } as const;
type Axis = keyof typeof NAMES;
const NUMERIC = ['tau', 'alpha', 'seeds'] as const satisfies Axis[];

/** More maps than these are no overview. */
const MOST = 12;

export interface Sensitivity {
  readonly target: Target;
  readonly maps: readonly HeatMap[];
  /** How many maps there would be more. */
  readonly left: number;
}

/** mIoU of the masks, or of the boxes where there are no masks; null for a sweep without either. */
export function sensitivityOf({ settings, paper }: SweepResult): Sensitivity | null {
  const target = TARGETS.toReversed().find((one) => settings.some((setting) => setting[one]));
  if (!target) return null;
  const ious = settings.flatMap((setting) => setting[target]?.mIoU ?? []);
  const grid = {
    target,
    axes: axesOf(settings),
    range: [Math.min(...ious), Math.max(...ious)] as const,
    paper: settings[paper] ?? null,
  };
  const facets = new Map<string, SweepSetting[]>();
  for (const setting of settings) {
    const title = sayRest(setting, grid.axes);
    facets.set(title, [...(facets.get(title) ?? []), setting]);
  }
  const shown = [...facets].slice(0, MOST);
  const maps = shown.map(([title, own]) => mapOf(own, { ...grid, title }));
  return { target, maps, left: facets.size - maps.length };
}

interface Grid {
  readonly target: Target;
  readonly axes: readonly [row: Axis, column: Axis];
  readonly range: HeatMap['range'];
  readonly paper: SweepSetting | null;
}

/** The two numbers of which the most values were tried. */
function axesOf(settings: readonly SweepSetting[]): Grid['axes'] {
  const [row, column] = NUMERIC.toSorted(
    (a, b) => valuesOf(settings, b).length - valuesOf(settings, a).length,
  );
  return [row!, column!];
}

function mapOf(
  settings: readonly SweepSetting[],
  { title, target, axes, range, paper }: Grid & { readonly title: string },
): HeatMap {
  const [row, column] = axes;
  const [rows, columns] = [valuesOf(settings, row), valuesOf(settings, column)];
  const values = rows.map((y) =>
    columns.map((x) => {
      const setting = settings.find((one) => one[row] === y && one[column] === x);
      return setting?.[target]?.mIoU ?? null;
    }),
  );
  const marked = paper && settings.includes(paper);
  return {
    title,
    rows: { name: NAMES[row], labels: rows.map(String) },
    columns: { name: NAMES[column], labels: columns.map(String) },
    values,
    range,
    marked: marked
      ? { row: rows.indexOf(paper[row]), column: columns.indexOf(paper[column]) }
      : null,
  };
}

/** Ascending. */
function valuesOf(settings: readonly SweepSetting[], axis: Axis): (string | number)[] {
  return [...new Set(settings.map((setting) => setting[axis]))].sort(
    (a, b) => Number(a) - Number(b),
  );
}

/** What is on neither axis: "O-F-E cosine, K 7". */
function sayRest(setting: SweepSetting, axes: Grid['axes']): string {
  const rest = NUMERIC.filter((axis) => !axes.includes(axis));
  const numbers = rest.map((axis) => `${NAMES[axis]} ${setting[axis]}`);
  return [`${setting.order} ${setting.interaction}`, ...numbers].join(', ');
}
