/** The flags of `zeroov ground` and the options they stand for. */
import { type Command, Option } from 'commander';
import {
  type GroundOptions,
  INTERACTIONS,
  METHOD_OPTIONS,
  ORDERS,
  PRESETS,
  REFINEMENTS,
  resolveOptions,
} from '../pipeline/presets.ts';
import { PROVIDER_CHOICES, type ProviderChoice } from '../runtime/runtime.ts';
import { number, numbers, oneOf, whole } from './parse.ts';
import type { GlobalOptions } from './terminal.ts';

const PROFILES = ['paper', 'release'] as const;
const MERGES = ['pooled', 'flattened'] as const;
const TRAJECTORIES = ['inversion', 'reconstruction', 'single'] as const;
const POSITIONS = ['mrope', 'sequential'] as const;
const PRESET_NAMES = Object.keys(PRESETS) as (keyof typeof PRESETS)[];

/** Flags whose names and values are those of the library's options, undefined where not given. */
export interface GroundFlags extends GlobalOptions, GroundOptions {
  readonly vlm?: string;
  readonly diffusion?: string;
  readonly sam?: string;
  readonly output?: string;
  readonly saveMaps?: boolean;
  readonly provider?: ProviderChoice;
  readonly threads?: number;
}

/** Adds every flag to the command; defaults in the help are the paper's. */
export function addGroundFlags(command: Command): Command {
  command
    .option('--vlm <checkpoint>', 'Qwen2.5-VL: folder or hub id (default: the demo set)')
    .option(
      '--diffusion <checkpoint>',
      'Stable Diffusion v1: folder or hub id (default: the demo set)',
    )
    .option(
      '--sam <checkpoint>',
      'SAM, to refine the mask: folder or hub id (default: the demo set)',
    )
    .option(
      '-o, --output <folder>',
      'write result.json, mask.png, overlay.png and panel.png; or one .geojson, .gpkg or .tif\nwithout it, only print',
    )
    .option('--save-maps', 'also write maps/{overview,structure,attention,evolved}.npy (float32)')
    .option('--json', 'print what result.json holds, an array for several expressions');

  command.optionsGroup('Method:');
  choice(command, '--preset', PRESET_NAMES, 'a published variant (default: rsvg-zeroov)');
  choice(command, '--profile', PROFILES, "the paper's formulas, or those of its released code");
  choice(command, '--order', ORDERS, 'stages: Overview, Focus, Evolve (default: O-F-E)');
  choice(
    command,
    '--interaction',
    INTERACTIONS,
    'how structure and relevance meet (default: cosine)',
  );
  value(command, '--power <n>', number, 'n of exponential (default: 4)');
  choice(
    command,
    '--merge',
    MERGES,
    'how coarse structure is brought to the working grid (default: pooled)',
  );
  value(command, '--resolutions <list>', numbers, 'sides of the attention grids (default: 32,64)');
  choice(command, '--trajectory', TRAJECTORIES, 'where structure is recorded (default: inversion)');
  value(command, '--noise-level <t>', number, 'of single, 0..999 (default: 100)');
  value(command, '--seed <n>', number, "of single's noise (default: 0)");
  value(command, '--steps <n>', number, 'DDIM steps (default: 20)');
  value(command, '--layers <list>', numbers, 'VLM layers to read (default: 16,17,18,19 of 28)');
  value(command, '--layer-weights <list>', numbers, 'one a layer (default: 0.1,0.1,0.3,0.5)');
  value(command, '--max-new-tokens <n>', number, 'longest answer of the VLM (default: 1024)');
  value(
    command,
    '--max-pixels <n>',
    number,
    'largest picture the VLM sees (default: its own bound)',
  );
  const sequential =
    'sequential: 1-D, as transformers without mm_token_type_ids, for parity with such dumps';
  choice(command, '--positions', POSITIONS, `positions of image tokens; ${sequential}`);
  value(command, '--seeds <k>', number, 'K: seeds of the region (default: 7)');
  value(command, '--tau <x>', number, 'τ: the region grows above this, 0..1 (default: 0.3)');
  value(command, '--alpha <x>', number, 'α: the mask is what lies above this, 0..1 (default: 0.4)');

  choice(command, '--refine', REFINEMENTS, 'what SAM redraws the mask from (with --sam: box)');

  command.optionsGroup('Machine:');
  choice(command, '--provider', PROVIDER_CHOICES, 'where networks run (default: auto)');
  const threads = (option: string) => whole(option, { min: 1, max: 1024 });
  value(command, '--threads <n>', threads, "of one network (default: the machine's cores)");
  return command;
}

const METHOD_FLAGS: readonly string[] = ['preset', ...Object.keys(METHOD_OPTIONS.shape)];

/** What the method is to be given: only the flags that were set; who names a SAM wants the mask refined. */
export function methodOptionsOf(flags: GroundFlags): GroundOptions {
  const given: GroundOptions = Object.fromEntries(
    Object.entries(flags).filter(([name]) => METHOD_FLAGS.includes(name)),
  );
  if (flags.sam === undefined || resolveOptions(given).refine !== 'none') return given;
  return { refine: 'box', ...given };
}

function choice(command: Command, flag: string, values: readonly string[], help: string): void {
  const text = `${help}\n${values.join(', ')}`;
  command.addOption(new Option(`${flag} <name>`, text).argParser(oneOf(flag, values)));
}

function value<T>(
  command: Command,
  flags: string,
  parser: (option: string) => (text: string) => T,
  help: string,
): void {
  command.addOption(new Option(flags, help).argParser(parser(flags.split(' ', 1)[0]!)));
}
