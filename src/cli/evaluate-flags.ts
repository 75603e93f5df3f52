/** The flags of `zeroov evaluate`. */
import { type Command, Option } from 'commander';
import { FIRST_SEED } from '../evaluation/held-out-scenes.ts';
import { METHOD_OPTIONS, PRESETS, type PresetName } from '../pipeline/presets.ts';
import { KINDS, type Kind, STAGES, type StageName } from '../synthetic/stages.ts';
import { addGroundFlags, type GroundFlags } from './ground-flags.ts';
import { oneOf, whole } from './parse.ts';

const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
const STAGE_NAMES = Object.keys(STAGES) as StageName[];

export interface EvaluateFlags extends Omit<GroundFlags, 'preset' | 'saveMaps' | 'output'> {
  readonly output: string;
  readonly preset?: readonly PresetName[];
  readonly root?: string;
  readonly split?: string;
  readonly limit?: number;
  readonly sample?: number;
  readonly predictions?: string;
  readonly workers: number;
  /** False with `--no-cache`. */
  readonly cache: boolean;
  readonly ablation?: boolean;
  readonly lowMemory?: boolean;
  readonly haltAfter: number;
  readonly scenes?: number;
  readonly stage?: StageName;
  readonly kinds?: readonly Kind[];
  readonly size?: number;
  readonly firstSeed?: number;
}

/** Of `ground`, those that say with what and how. */
const SHARED: readonly string[] = [
  ...['vlm', 'diffusion', 'sam', 'provider', 'threads'],
  ...Object.keys(METHOD_OPTIONS.shape),
];
/** What predictions of another program have no use for. */
const OF_MODELS = [
  ...['preset', 'ablation', 'workers', 'cache', 'lowMemory', 'haltAfter'],
  ...SHARED,
];
const MOST = 1_000_000_000;

export function addEvaluateFlags(command: Command): Command {
  const count = (flag: string) => whole(flag, { min: 1, max: MOST });
  const seed = (flag: string) => whole(flag, { min: 0, max: 2 ** 53 - 2 ** 33 });
  command
    .requiredOption('-o, --output <run>', "the run's folder; the same command goes on with it")
    .option('--root <folder>', 'where the dataset lies, as it was downloaded')
    .option('--split <name>', 'which part of it (default: test)')
    .addOption(
      new Option(
        '--preset <name...>',
        `variants to compare (default: rsvg-zeroov)\n${PRESET_NAMES.join(', ')}`,
      ).argParser((text: string, before: readonly PresetName[] = []) => [
        ...before,
        oneOf('--preset', PRESET_NAMES)(text),
      ]),
    )
    .option('--limit <n>', 'only the first n samples', count('--limit'))
    .option('--sample <seed>', 'with --limit: n random samples instead', seed('--sample'))
    .addOption(
      new Option(
        '--predictions <file>',
        'score the predictions of another program (JSON lines); no model runs',
      ).conflicts(OF_MODELS),
    )
    .addOption(
      new Option(
        '--ablation',
        'also record what "zeroov ablate" needs: 16² and cross-attention',
      ).conflicts('cache'),
    )
    .option('--json', 'print what summary.json holds, an array for several presets');

  command.optionsGroup('Running:');
  command
    .option(
      '--workers <n>',
      'processes, each with its own models',
      whole('--workers', { min: 1, max: 256 }),
      1,
    )
    .option('--no-cache', 'keep no evidence: no sweep and no ablation later, 3.5 MB a sample less')
    .option(
      '--low-memory',
      'release every network after use: slower, as much memory as the largest',
    )
    .option(
      '--halt-after <n>',
      'stop after n failures of one kind in a row',
      count('--halt-after'),
      20,
    );

  command.optionsGroup('Synthetic scenes made on the spot (dataset synthetic without --root):');
  const made = (flags: string, help: string) => new Option(flags, help).conflicts('root');
  command
    .addOption(
      made('--scenes <n>', 'how many (default: 20)').argParser(
        whole('--scenes', { min: 1, max: 1_000_000 }),
      ),
    )
    .addOption(
      made(
        '--stage <name>',
        `how hard: ${STAGE_NAMES.join(', ')} (default: as the demo set)`,
      ).argParser(oneOf('--stage', STAGE_NAMES)),
    )
    .addOption(
      made(
        '--kinds <list>',
        `only expressions of these kinds (default: all of the stage)\n${KINDS.join(', ')}`,
      ).argParser((text: string) => text.split(',').map(oneOf('--kinds', KINDS))),
    )
    .addOption(
      made('--size <px>', 'side of the pictures (default: as the demo set)').argParser(
        whole('--size', { min: 32, max: 4096 }),
      ),
    )
    .addOption(
      made('--first-seed <n>', `of the first scene (default: ${FIRST_SEED})`).argParser(
        seed('--first-seed'),
      ),
    );

  const { options } = addGroundFlags(command.createCommand());
  for (const option of options.filter((o) => SHARED.includes(o.attributeName()))) {
    command.addOption(option);
  }
  return command;
}
