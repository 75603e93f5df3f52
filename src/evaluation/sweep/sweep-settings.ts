/** The settings that a sweep tries: every combination of the values of its axes. */
import { ZeroovError } from '../../errors.ts';
import { type MethodOptions, PAPER, resolveOptions } from '../../pipeline/presets.ts';

export type Axes = Partial<{
  readonly [Name in
    | 'order'
    | 'interaction'
    | 'seeds'
    | 'tau'
    | 'alpha']: readonly MethodOptions[Name][];
}>;

/** A grid of this many is a mistake: 100 samples would take hours. */
const MOST = 100_000;

/** What the paper chose. */
const PAPER_SETTING = {
  order: PAPER.order,
  interaction: PAPER.interaction,
  seeds: PAPER.seeds,
  tau: PAPER.tau,
  alpha: PAPER.alpha,
};

export interface SweepSettings {
  readonly settings: readonly MethodOptions[];
  /** Where in them the run's own setting and the paper's stand. */
  readonly own: number;
  readonly paper: number;
}

/**
 * The grid of the axes around `base` (what is no axis stays as it is), then the run's own setting and the paper's where the
 * grid has them not. Nothing is refined: that needs the network.
 *
 * @throws OPTION_INVALID for a value out of its range, and for more than 100 000 settings
 */
export function sweepSettings(base: MethodOptions, axes: Axes): SweepSettings {
  const count = Object.values(axes).reduce((product, values) => product * values.length, 1);
  if (count > MOST) {
    const [option, expected] = ['the grid', `at most ${MOST} settings`];
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: String(count) });
  }
  const own: MethodOptions = { ...base, refine: 'none' };
  for (const [axis, values] of Object.entries(axes)) {
    for (const value of values) resolveOptions({ ...own, [axis]: value });
  }
  let grid: MethodOptions[] = [own];
  for (const [axis, values] of Object.entries(axes)) {
    grid = grid.flatMap((o) => values.map((value) => ({ ...o, [axis]: value })));
  }
  const settings = new Map(grid.map((o) => [JSON.stringify(o), o]));
  const [ownKey, paperKey] = [own, { ...own, ...PAPER_SETTING }].map((o) => {
    const key = JSON.stringify(o);
    settings.set(key, settings.get(key) ?? o);
    return key;
  });
  const keys = [...settings.keys()];
  return {
    settings: [...settings.values()],
    own: keys.indexOf(ownKey!),
    paper: keys.indexOf(paperKey!),
  };
}
