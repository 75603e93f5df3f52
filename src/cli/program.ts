/** All commands of the command line. */
import { Command, Help } from 'commander';
import { VERSION } from '../pipeline/version.ts';
import { ablateCommand } from './ablate.ts';
import { compareCommand } from './compare.ts';
import type { Context } from './context.ts';
import { datasetsCommand } from './datasets.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { evaluateCommand } from './evaluate.ts';
import { groundCommand } from './ground.ts';
import { inspectCommand } from './inspect.ts';
import { modelsCommand } from './models.ts';
import { reportCommand } from './report.ts';
import { segmentCommand } from './segment.ts';
import { sweepCommand } from './sweep.ts';
import { synthesizeCommand } from './synthesize.ts';

const HELP = `
Examples:
  $ zeroov demo
  $ zeroov ground harbour.png "the white ship next to the pier" -o out
  $ zeroov evaluate synthetic --scenes 20 -o run
  $ zeroov models pull Qwen/Qwen2.5-VL-3B-Instruct
  $ zeroov doctor

"zeroov help COMMAND" says more. Exit status: 0 answered (found or not), 2 usage, 3 picture refused,
4 checkpoint refused, 5 some samples failed, 6 disk, memory or network, 7 locked, 8 not to be resumed, 9 damaged run,
10 numbers not finite, 11 inference ended, 70 a bug, 130 interrupted.
`;

export function buildProgram(context: Context): Command {
  const program = new Command('zeroov')
    .description(
      'Say what you are looking for in an aerial or satellite picture, in your own words, and get its outline.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .option('-q, --quiet', 'no bars and no notes on stderr')
    .option('-v, --verbose', 'more on stderr; stacks of errors')
    .option('--no-color', 'no colours (as the environment variable NO_COLOR)')
    .addHelpText('after', HELP);
  const commands = [
    groundCommand(context),
    demoCommand(context),
    modelsCommand(context),
    inspectCommand(),
    segmentCommand(context),
    evaluateCommand(context),
    sweepCommand(context),
    ablateCommand(context),
    compareCommand(),
    reportCommand(),
    datasetsCommand(context),
    synthesizeCommand(),
    doctorCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  inheritEverywhere(program);
  return program;
}

/** Errors are thrown to `main`, which says them in one sentence; help shows the options of all commands too. */
function inheritEverywhere(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => undefined });
  command.configureHelp({ showGlobalOptions: true, helpWidth: Math.min(100, helpWidth()) });
  for (const child of command.commands) inheritEverywhere(child);
}

function helpWidth(): number {
  return new Help().helpWidth ?? process.stdout.columns ?? 100;
}
