/** `zeroov synthesize`: scenes with exact masks and expressions that are true and unique. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { makeFolder, writing } from '../checkpoint/writing.ts';
import { STAGES, type StageName } from '../synthetic/stages.ts';
import { checkWriteOptions, LAYOUTS, type Layout, writeScenes } from '../synthetic/write.ts';
import { number, oneOf } from './parse.ts';
import { drawSheet } from './scene-sheet.ts';
import { type GlobalOptions, openTerminal } from './terminal.ts';

const HELP = `
DIR gets images/SEED.png, masks/SEED_ID.png and scenes.jsonl (one line a scene: objects, boxes, expressions).
The same seed gives the same bytes everywhere. With --layout rrsis-d it gets rrsisd/refs(unc).p, rrsisd/instances.json and
images/rrsisd/JPEGImages instead, as that dataset has them: one picture, box and mask an expression, split test.

Examples:
  $ zeroov synthesize --count 100 --seed 1 -o scenes
  $ zeroov synthesize --count 24 --seed 7 --stage b --size 128 --sheet -o look
  $ zeroov synthesize --count 50 --seed 1 --layout rrsis-d -o rrsisd-like
`;

interface Flags extends GlobalOptions {
  readonly count: number;
  readonly seed: number;
  readonly output: string;
  readonly stage?: StageName;
  readonly layout?: Layout;
  readonly size?: number;
  readonly sheet?: boolean;
}

export function synthesizeCommand(): Command {
  const stages = Object.keys(STAGES) as StageName[];
  const layouts = Object.keys(LAYOUTS) as Layout[];
  return new Command('synthesize')
    .description('make overhead scenes with exact masks and true, unique expressions')
    .requiredOption('--count <n>', 'how many scenes', number('--count'))
    .requiredOption('--seed <s>', 'seed of the first; each next has the next', number('--seed'))
    .requiredOption('-o, --output <dir>', 'where to write them')
    .option(
      '--stage <name>',
      `how hard: ${stages.join(', ')} (default: d)`,
      oneOf('--stage', stages),
    )
    .option(
      '--layout <name>',
      `${layouts.join(' or ')} (default: scenes)`,
      oneOf('--layout', layouts),
    )
    .option('--size <px>', 'side of the square pictures (default: 256)', number('--size'))
    .option('--sheet', 'also sheet.png: the first 24, each with one expression and its box')
    .option('--json', 'print {scenes, objects, expressions} as JSON')
    .addHelpText('after', HELP)
    .action(async (_flags: unknown, command: Command) => {
      const { count, seed, output, stage, layout, size, sheet, ...globals } =
        command.optsWithGlobals<Flags>();
      const terminal = openTerminal(globals);
      const options = {
        count,
        seed,
        folder: output,
        stage,
        layout,
        sizePx: size,
        drawSheet: sheet ? drawSheet : undefined,
      };
      checkWriteOptions(options);
      await writing(output, () => makeFolder(resolve(output)));
      const written = await writeScenes(options);
      const { scenes, objects, expressions } = written;
      terminal.print(
        globals.json
          ? JSON.stringify(written)
          : `${scenes} scenes, ${objects} objects, ${expressions} expressions in ${output}`,
      );
    });
}
