/** `zeroov sweep`: other settings of a finished run, from its evidence; no network runs. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { writeReport } from '../evaluation/report/write-report.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import { sweepDocument } from '../evaluation/sweep/sweep-document.ts';
import { type Axes, sweepSettings } from '../evaluation/sweep/sweep-settings.ts';
import { INTERACTIONS, ORDERS } from '../pipeline/presets.ts';
import type { Context } from './context.ts';
import { toJson } from './json.ts';
import { numberRanges } from './number-ranges.ts';
import { openRun, type RunFlags, reportPartsOf, runCommand, writeDocument } from './opened-run.ts';
import { oneOf } from './parse.ts';
import { rescoreRun } from './rescore-processes.ts';
import { sweepLines } from './sweep-lines.ts';
import { openTerminal } from './terminal.ts';

const HELP = `
Every combination of the values is tried; what is not named stays as it was in the run. Without any, τ 0.1:0.6:0.05 and
α 0.2:0.6:0.05. RUN gets sweep.json, and its report the sensitivity.

Examples:
  $ zeroov sweep run
  $ zeroov sweep run --tau 0.1:0.6:0.05 --alpha 0.2:0.6:0.1 --seeds 3,7,15
  $ zeroov sweep run --interaction cosine,weighted,multiplicative --order O-F-E,O-E-F --json
`;

const DEFAULT_AXES = {
  tau: numberRanges('--tau')('0.1:0.6:0.05'),
  alpha: numberRanges('--alpha')('0.2:0.6:0.05'),
};
const AXES = ['order', 'interaction', 'seeds', 'tau', 'alpha'] as const;

export function sweepCommand({ signal }: Context): Command {
  const names =
    <T extends string>(flag: string, values: readonly T[]) =>
    (text: string) =>
      text.split(',').map(oneOf(flag, values));
  const add = (flag: string, help: string, parser: (text: string) => unknown) =>
    new Option(`${flag} <values>`, help).argParser(parser);
  return runCommand('sweep')
    .description('try other settings on what a finished run has recorded')
    .addOption(add('--seeds', 'K, e.g. 3:15:2', numberRanges('--seeds')))
    .addOption(add('--tau', 'τ, e.g. 0.1:0.6:0.05', numberRanges('--tau')))
    .addOption(add('--alpha', 'α, e.g. 0.2,0.4', numberRanges('--alpha')))
    .addOption(add('--interaction', INTERACTIONS.join(', '), names('--interaction', INTERACTIONS)))
    .addOption(add('--order', ORDERS.join(', '), names('--order', ORDERS)))
    .addHelpText('after', HELP)
    .action(async (run: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<RunFlags & Axes>();
      await sweep(run, { flags, signal });
    });
}

async function sweep(
  path: string,
  { flags, signal }: { flags: RunFlags & Axes; signal: AbortSignal },
): Promise<void> {
  const terminal = openTerminal(flags);
  const opened = await openRun(path, flags.preset);
  const given = Object.fromEntries(
    AXES.flatMap((axis) => (flags[axis] ? [[axis, flags[axis]]] : [])),
  );
  const axes: Axes = Object.keys(given).length > 0 ? given : DEFAULT_AXES;
  const settings = sweepSettings(opened.options, axes);
  const scores = await rescoreRun({
    ...opened,
    ...settings,
    workers: flags.workers,
    signal,
    terminal,
  });
  if (!scores) return;
  const swept = sweepDocument(opened, settings, scores);
  const { folder } = opened;
  const file = join(folder, 'sweep.json');
  await withRunLock(path, async () => {
    await writeDocument(file, swept);
    await writeReport(folder, await reportPartsOf(opened, terminal));
  });
  if (flags.json) terminal.print(toJson(swept));
  else for (const line of [...sweepLines(swept), `wrote ${file}`]) terminal.print(line);
}
