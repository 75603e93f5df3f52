/** `zeroov evaluate`: a dataset in; records, figures and a report out. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { ZeroovError } from '../errors.ts';
import { writeOutcome } from '../evaluation/outcome.ts';
import { writeReport } from '../evaluation/report/write-report.ts';
import { different } from '../evaluation/run/begin-run.ts';
import { findManifest } from '../evaluation/run/manifest.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import { selectSamples } from '../evaluation/run/select-samples.ts';
import { DATASET_NAMES, type DatasetName } from '../evaluation/sample.ts';
import { scorePredictions } from '../evaluation/score-predictions.ts';
import type { Summary } from '../evaluation/summary.ts';
import type { Context } from './context.ts';
import { chooseDataset } from './evaluate-dataset.ts';
import { addEvaluateFlags, type EvaluateFlags } from './evaluate-flags.ts';
import { evaluateRun, evaluateShare, type RunJob } from './evaluate-run.ts';
import { summaryLines } from './evaluate-summary.ts';
import { toJson } from './json.ts';
import { oneOf } from './parse.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { shareOfThisProcess } from './worker-processes.ts';

const HELP = `
RUN gets summary.json, results.jsonl, predictions.jsonl, report.html and more; with several presets the second and later ones have
theirs in RUN/PRESET. A run that was stopped goes on with the same command; one with other weights, options or data is refused.
A sample that fails counts as nothing found, and the exit status is 5.

Examples:
  $ zeroov evaluate synthetic --scenes 20 -o run
  $ zeroov evaluate rrsis-d --root data/rrsis-d --limit 100 --sample 1 --preset rsvg-zeroov no-evolve -o run \\
      --vlm Qwen/Qwen2.5-VL-7B-Instruct --diffusion CompVis/stable-diffusion-v1-4
  $ zeroov evaluate risbench --root data/risbench --predictions mine.jsonl -o theirs
`;

export function evaluateCommand({ signal }: Context): Command {
  const command = new Command('evaluate')
    .description('run the method over a dataset, or score predictions, by the published metrics')
    .argument('<dataset>', DATASET_NAMES.join(', '), oneOf('the dataset', DATASET_NAMES))
    .addHelpText('after', HELP);
  return addEvaluateFlags(command).action(
    async (name: DatasetName, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<EvaluateFlags>();
      await run({ name, flags, signal });
    },
  );
}

interface Asked {
  readonly name: DatasetName;
  readonly flags: EvaluateFlags;
  readonly signal: AbortSignal;
}

async function run({ name, flags, signal }: Asked): Promise<void> {
  const share = shareOfThisProcess();
  const terminal = openTerminal(share ? { ...flags, quiet: true } : flags);
  const { dataset, scenes } = await chooseDataset(name, flags);
  const selection = { limit: flags.limit ?? null, sample: flags.sample ?? null };
  const positions = selectSamples(dataset.samples.length, selection);
  const job = { dataset, scenes, selection, positions, flags, signal, terminal };
  if (share) await evaluateShare(job, share);
  else if (flags.predictions !== undefined) report([await score(job, flags.predictions)], job);
  else report(await evaluateRun(job), job);
}

/** Predictions of another program: quick, so that nothing is kept to go on with. */
async function score({ dataset, positions, flags }: RunJob, file: string): Promise<Summary> {
  const run = flags.output;
  if (await isSameFile(file, join(run, 'predictions.jsonl'))) {
    const expected = 'another file than the predictions.jsonl that -o writes';
    throw new ZeroovError('OPTION_INVALID', { option: '--predictions', expected, got: file });
  }
  return withRunLock(run, async () => {
    if (await findManifest(run))
      throw different(run, [`variants before, predictions of ${file} now`]);
    const samples = positions.map((position) => dataset.samples[position]!);
    const { name, split } = dataset;
    const { has, records } = await scorePredictions({ dataset, samples, file });
    const subject = { dataset: name, split, preset: null, has };
    const summary = await writeOutcome(run, { subject, records });
    await writeReport(run, { manifest: null, dataset });
    return summary;
  });
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => null)));
  return first !== null && first === second;
}

/** @throws RUN_FAILURES after everything was written and printed */
function report(
  summaries: readonly Summary[],
  { flags, terminal }: { flags: EvaluateFlags; terminal: Terminal },
): void {
  const run = flags.output;
  if (flags.json) terminal.print(toJson(summaries.length === 1 ? summaries[0] : summaries));
  else {
    for (const line of summaryLines(summaries)) terminal.print(line);
    terminal.print(
      `wrote ${join(run, 'summary.json')}, results.jsonl, predictions.jsonl, report.html`,
    );
  }
  const { failed, n: of, failures } = summaries[0]!;
  if (failed === 0) return;
  const codes = Object.entries(failures).map(([code, count]) => `${code} ${count}`);
  const error = new ZeroovError('RUN_FAILURES', { failed, of, codes: codes.join(', '), run });
  if (!flags.json) throw error;
  // One JSON document is promised, and it says which failed.
  terminal.note(`zeroov: ${error.message} [${error.code}]`);
  process.exitCode = error.exit;
}
