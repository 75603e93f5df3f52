/** `zeroov ablate`: the paper's tables from the evidence of a run; no network runs. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { ablationDocument } from '../evaluation/ablation/ablation-document.ts';
import { type AblationRow, ablationTables } from '../evaluation/ablation/ablation-tables.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import { missingEvidence } from '../evaluation/sweep/rescore.ts';
import { firstEvidence } from '../evaluation/sweep/rescore-run.ts';
import { ablationLines } from './ablation-lines.ts';
import type { Context } from './context.ts';
import { toJson } from './json.ts';
import { openRun } from './opened-run.ts';
import { writing } from './output-folder.ts';
import { whole } from './parse.ts';
import { rescoreRun } from './rescore-processes.ts';
import { type GlobalOptions, openTerminal } from './terminal.ts';

const HELP = `
Quoted figures are the paper's, measured ones the run's. "zeroov evaluate --ablation" records all that the tables need.
RUN gets ablation.json.

Examples:
  $ zeroov evaluate synthetic --ablation -o run
  $ zeroov ablate run
`;

interface Flags extends GlobalOptions {
  readonly preset?: string;
  readonly workers?: number;
}

export function ablateCommand({ signal }: Context): Command {
  return new Command('ablate')
    .description("the paper's ablation tables from what a finished run has recorded")
    .argument('<run>', 'folder that "zeroov evaluate -o" wrote')
    .option('--preset <name>', "which of the run's presets (default: its first)")
    .option(
      '--workers <n>',
      'processes (default: one a core)',
      whole('--workers', { min: 1, max: 256 }),
    )
    .option('--json', 'print what ablation.json holds')
    .addHelpText('after', HELP)
    .action(async (run: string, _flags: unknown, self: Command) => {
      await ablate(run, { flags: self.optsWithGlobals<Flags>(), signal });
    });
}

async function ablate(
  path: string,
  { flags, signal }: { flags: Flags; signal: AbortSignal },
): Promise<void> {
  const terminal = openTerminal(flags);
  const opened = await openRun(path, flags.preset);
  const evidence = await firstEvidence(opened);
  const recorded = [...evidence.scales.keys()];
  const { name: dataset } = opened.manifest.dataset;
  const tables = ablationTables(opened.options, { dataset, recorded });
  const settings = tables.flatMap(({ rows }) =>
    rows.flatMap(({ options }) =>
      options && !missingEvidence(evidence, options) ? [options] : [],
    ),
  );
  const job = { ...opened, settings, workers: flags.workers, signal, terminal };
  const scores = await rescoreRun(job);
  if (!scores) return;
  const measure = ({ options }: AblationRow) => {
    const i = options ? settings.indexOf(options) : -1;
    if (i >= 0) return { measured: scores[i]!, missing: null };
    const missing = options && `not recorded: ${missingEvidence(evidence, options)}`;
    return { measured: null, missing: missing ?? 'not measured' };
  };
  const ablated = ablationDocument(opened, tables, measure);
  const file = join(opened.folder, 'ablation.json');
  await withRunLock(path, () => writing(file, () => writeFile(file, `${toJson(ablated)}\n`)));
  if (flags.json) terminal.print(toJson(ablated));
  else for (const line of [...ablationLines(ablated), `wrote ${file}`]) terminal.print(line);
}
