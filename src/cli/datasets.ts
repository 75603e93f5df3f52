/** `zeroov datasets`: where the benchmarks come from and how they lie; whether a download is all there. */
import { Command } from 'commander';
import { ZeroovError } from '../errors.ts';
import { checkDataset, type DatasetCheck } from '../evaluation/check-dataset.ts';
import { READERS } from '../evaluation/datasets/readers.ts';
import { detectDataset } from '../evaluation/find-dataset.ts';
import { DATASET_NAMES, type DatasetName } from '../evaluation/sample.ts';
import type { Context } from './context.ts';
import { checkLines, factLines, incompleteness } from './datasets-report.ts';
import { toJson } from './json.ts';
import { oneOf } from './parse.ts';
import { sampleBar } from './progress.ts';
import { type GlobalOptions, openTerminal, type Terminal } from './terminal.ts';

const CHECK_HELP = `
Counts the samples of every split against the published numbers, reads the header of every picture and every mask, and
lists what is missing, damaged or not used. The exit status is 5 when something is missing or damaged.

Examples:
  $ zeroov datasets check data/RRSIS-D
  $ zeroov datasets check data/opt_rsvg --name opt-rsvg --split test --json
`;

export function datasetsCommand(context: Context): Command {
  return new Command('datasets')
    .description('say where the benchmarks come from, and check a download')
    .addCommand(listCommand())
    .addCommand(checkCommand(context));
}

function listCommand(): Command {
  return new Command('list')
    .description('list the datasets that zeroov reads: splits, layout, source, licence')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  $ zeroov datasets list\n  $ zeroov datasets list --json\n',
    )
    .action((_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const terminal = openTerminal(flags);
      if (flags.json) return terminal.print(toJson(DATASET_NAMES.map(factsOf)));
      for (const name of DATASET_NAMES) {
        terminal.print(`${terminal.style('bold', name)}  ${READERS[name].title}`);
        for (const line of factLines(READERS[name])) terminal.print(line);
        terminal.print('');
      }
    });
}

function factsOf(name: DatasetName) {
  const { title, splits, layout, source, licence } = READERS[name];
  return { name, title, splits, layout, source, licence };
}

interface CheckFlags extends GlobalOptions {
  readonly name?: DatasetName;
  readonly split?: string;
}

function checkCommand({ signal }: Context): Command {
  return new Command('check')
    .description('check that a download is all there')
    .argument('<dir>', 'its folder')
    .option(
      '--name <dataset>',
      `which it is: ${DATASET_NAMES.join(', ')} (default: what it looks like)`,
      oneOf('--name', DATASET_NAMES),
    )
    .option('--split <name>', 'only this split')
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHECK_HELP)
    .action(async (root: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CheckFlags>();
      const terminal = openTerminal(flags);
      const name = flags.name ?? (await detectDataset(root));
      const bar = sampleBar(terminal);
      const check = await checkDataset({
        name,
        root,
        split: flags.split,
        signal,
        onProgress: bar.show,
      }).finally(bar.stop);
      report(check, { terminal, json: flags.json === true });
    });
}

/** @throws DATASET_INCOMPLETE after everything was printed */
function report(
  check: DatasetCheck,
  { terminal, json }: { readonly terminal: Terminal; readonly json: boolean },
): void {
  const faults = incompleteness(check);
  if (json) terminal.print(toJson({ ...check, complete: faults === null }));
  else for (const line of checkLines(check)) terminal.print(line);
  if (faults === null) return;
  const { dataset, root } = check;
  const error = new ZeroovError('DATASET_INCOMPLETE', { dataset, root, faults });
  if (!json) throw error;
  // One JSON document is promised, and it says what is wrong.
  terminal.note(`zeroov: ${error.message} [${error.code}]`);
  process.exitCode = error.exit;
}
