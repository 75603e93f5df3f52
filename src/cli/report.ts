/** `zeroov report`: makes the report of a run again, from its results. */
import { join } from 'node:path';
import { Command } from 'commander';
import { ZeroovError } from '../errors.ts';
import { openDataset } from '../evaluation/open-dataset.ts';
import { readRunFile } from '../evaluation/read-run-file.ts';
import { writeReport } from '../evaluation/report/write-report.ts';
import { folderOf } from '../evaluation/run/complete-run.ts';
import { findManifest, type Manifest } from '../evaluation/run/manifest.ts';
import type { Dataset } from '../evaluation/sample.ts';
import { SUMMARY_SCHEMA } from '../evaluation/summary.ts';
import { reopenDataset, WITHOUT_PICTURES } from './opened-run.ts';
import { type GlobalOptions, openTerminal } from './terminal.ts';

const HELP = `
Writes report.html and report.md anew from summary.json and results.jsonl, for every preset of the run. The pictures of its examples
are read from the dataset where the run found it, or from --root; without it, the report goes without pictures.

Examples:
  $ zeroov report run
  $ zeroov report run --root data/rrsis-d
`;

interface Flags extends GlobalOptions {
  readonly root?: string;
}

export function reportCommand(): Command {
  return new Command('report')
    .description("make a run's report again")
    .argument('<run>', 'folder that "zeroov evaluate -o" wrote')
    .option('--root <folder>', 'the dataset, where it lies now')
    .addHelpText('after', HELP)
    .action(async (run: string, _flags: unknown, self: Command) => {
      await report(run, self.optsWithGlobals<Flags>());
    });
}

async function report(run: string, flags: Flags): Promise<void> {
  const { root } = flags;
  const terminal = openTerminal(flags);
  const manifest = await findManifest(run);
  const dataset =
    root === undefined ? await datasetOf(manifest) : await openRoot(run, { root, manifest });
  if (!dataset) terminal.note(WITHOUT_PICTURES);
  const names = manifest ? Object.keys(manifest.variants) : [''];
  for (const [i, name] of names.entries()) {
    const folder = folderOf(run, { i, name });
    await writeReport(folder, { run, manifest, dataset });
    terminal.print(`wrote ${join(folder, 'report.html')}`);
  }
}

async function datasetOf(manifest: Manifest | null): Promise<Dataset | null> {
  return manifest && reopenDataset(manifest);
}

/** @throws OPTION_INVALID for another dataset than the run's */
async function openRoot(
  run: string,
  { root, manifest }: { readonly root: string; readonly manifest: Manifest | null },
): Promise<Dataset> {
  const { dataset: name, split } = await readRunFile(run, {
    name: 'summary.json',
    schema: SUMMARY_SCHEMA,
  });
  const dataset = await openDataset({ name, root, split });
  if (manifest && manifest.dataset.fingerprint !== dataset.fingerprint) {
    const expected = `the ${name} whose annotations the run saw`;
    throw new ZeroovError('OPTION_INVALID', { option: '--root', expected, got: root });
  }
  return dataset;
}
