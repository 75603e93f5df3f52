/** A finished run that a command works on: its manifest, one of its variants, and its dataset, if that is still there. */
import { Command } from 'commander';
import { ZeroovError } from '../errors.ts';
import { heldOutScenes } from '../evaluation/held-out-scenes.ts';
import { openDataset } from '../evaluation/open-dataset.ts';
import type { ReportParts } from '../evaluation/report/write-report.ts';
import { folderOf } from '../evaluation/run/complete-run.ts';
import { type Manifest, readManifest } from '../evaluation/run/manifest.ts';
import type { Dataset } from '../evaluation/sample.ts';
import { TextFile } from '../evaluation/text-file.ts';
import type { MethodOptions } from '../pipeline/presets.ts';
import { toJson } from './json.ts';
import { whole } from './parse.ts';
import type { GlobalOptions, Terminal } from './terminal.ts';

export const WITHOUT_PICTURES = 'no dataset at hand: the report goes without pictures; give --root';

export interface OpenedRun {
  readonly run: string;
  readonly manifest: Manifest;
  readonly variant: string;
  readonly options: MethodOptions;
  /** Where the variant's outcome lies. */
  readonly folder: string;
}

export interface RunFlags extends GlobalOptions {
  readonly preset?: string;
  readonly workers?: number;
}

/** A command that works on what a run has recorded, with the flags that all of these have. */
export function runCommand(name: string): Command {
  const workers = whole('--workers', { min: 1, max: 256 });
  return new Command(name)
    .argument('<run>', 'folder that "zeroov evaluate -o" wrote')
    .option('--preset <name>', "which of the run's presets (default: its first)")
    .option('--workers <n>', 'processes (default: one a core)', workers)
    .option('--json', 'print the document that RUN gets');
}

/** The variant is the first one unless named. @throws RUN_NOT_FOUND, RUN_CORRUPT, OPTION_INVALID */
export async function openRun(run: string, preset: string | undefined): Promise<OpenedRun> {
  const manifest = await readManifest(run);
  const names = Object.keys(manifest.variants);
  const variant = preset ?? names[0]!;
  const options = manifest.variants[variant];
  if (!options) {
    const expected = `one of the run's presets: ${names.join(', ')}`;
    throw new ZeroovError('OPTION_INVALID', { option: '--preset', expected, got: variant });
  }
  const folder = folderOf(run, { i: names.indexOf(variant), name: variant });
  return { run, manifest, variant, options, folder };
}

/** Null where it is no longer what the run saw; then a report goes without its pictures. */
export async function reopenDataset({ dataset, about }: Manifest): Promise<Dataset | null> {
  const { name, split, fingerprint } = dataset;
  try {
    const opened = about.scenes
      ? heldOutScenes(about.scenes)
      : await openDataset({ name, root: about.root, split });
    return opened.fingerprint === fingerprint ? opened : null;
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}

/** What a report of the run is written from; says so where that is without pictures. */
export async function reportPartsOf(
  { run, manifest }: OpenedRun,
  terminal: Terminal,
): Promise<ReportParts> {
  const dataset = await reopenDataset(manifest);
  if (!dataset) terminal.note(`${WITHOUT_PICTURES} to "zeroov report"`);
  return { run, manifest, dataset };
}

/** Puts a JSON document of a run in place when it is whole. @throws OUTPUT_WRITE */
export async function writeDocument(path: string, value: unknown): Promise<void> {
  const file = new TextFile(path);
  try {
    await file.write(`${toJson(value)}\n`);
    await file.close();
    await file.place();
  } finally {
    await file.abandon();
  }
}
