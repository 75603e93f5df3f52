/** `zeroov ablate`: the paper's tables from the evidence of a run; no network runs. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { ablationDocument } from '../evaluation/ablation/ablation-document.ts';
import { type AblationRow, ablationTables } from '../evaluation/ablation/ablation-tables.ts';
import type { Target } from '../evaluation/metrics/overlap.ts';
import { readRunFile } from '../evaluation/read-run-file.ts';
import { writeReport } from '../evaluation/report/write-report.ts';
import { folderOf } from '../evaluation/run/complete-run.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import { SUMMARY_SCHEMA } from '../evaluation/summary.ts';
import { missingEvidence } from '../evaluation/sweep/rescore.ts';
import { firstEvidence } from '../evaluation/sweep/rescore-run.ts';
import type { SettingScores } from '../evaluation/sweep/setting-figures.ts';
import { ablationLines } from './ablation-lines.ts';
import type { Context } from './context.ts';
import { toJson } from './json.ts';
import {
  type OpenedRun,
  openRun,
  type RunFlags,
  reportPartsOf,
  runCommand,
  writeDocument,
} from './opened-run.ts';
import { rescoreRun } from './rescore-processes.ts';
import { openTerminal } from './terminal.ts';

const HELP = `
Quoted figures are the paper's, measured ones the run's. "zeroov evaluate --ablation" records all that the tables need.
RUN gets ablation.json, and its report the tables.

Examples:
  $ zeroov evaluate synthetic --ablation -o run
  $ zeroov ablate run
`;

export function ablateCommand({ signal }: Context): Command {
  return runCommand('ablate')
    .description("the paper's ablation tables from what a finished run has recorded")
    .addHelpText('after', HELP)
    .action(async (run: string, _flags: unknown, self: Command) => {
      await ablate(run, { flags: self.optsWithGlobals<RunFlags>(), signal });
    });
}

async function ablate(
  path: string,
  { flags, signal }: { flags: RunFlags; signal: AbortSignal },
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
  const refined = await refinedScores(opened);
  const measure = ({ options, refined: preset }: AblationRow) => {
    const i = options ? settings.indexOf(options) : -1;
    const measured = preset ? refined.get(preset) : scores[i];
    if (measured) return { measured, missing: null };
    if (preset) return { measured: null, missing: `needs SAM: evaluate with --preset ${preset}` };
    const missing = options && `not recorded: ${missingEvidence(evidence, options)}`;
    return { measured: null, missing: missing ?? 'not measured' };
  };
  const ablated = ablationDocument(opened, tables, measure);
  const file = join(opened.folder, 'ablation.json');
  await withRunLock(path, async () => {
    await writeDocument(file, ablated);
    await writeReport(opened.folder, await reportPartsOf(opened, terminal));
  });
  if (flags.json) terminal.print(toJson(ablated));
  else for (const line of [...ablationLines(ablated), `wrote ${file}`]) terminal.print(line);
}

/** What the run itself measured of its presets that SAM refines, which evidence cannot tell. */
async function refinedScores({ run, manifest }: OpenedRun): Promise<Map<string, SettingScores>> {
  const measured = new Map<string, SettingScores>();
  for (const [i, [name, { refine }]] of Object.entries(manifest.variants).entries()) {
    if (refine === 'none') continue;
    const folder = folderOf(run, { i, name });
    const summary = { name: 'summary.json', schema: SUMMARY_SCHEMA };
    const { metrics, headline } = await readRunFile(folder, summary);
    const of = (target: Target) => {
      const figures = metrics[target][headline];
      return figures ? { ...figures, pr50: figures.pr['0.5'] } : null;
    };
    measured.set(name, { box: of('box'), mask: of('mask') });
  }
  return measured;
}
