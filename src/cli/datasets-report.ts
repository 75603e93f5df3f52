/** What is known of a dataset, and what was found of a download, for people. */
import type { DatasetCheck, FileFault, SplitCheck } from '../evaluation/check-dataset.ts';
import type { DatasetReader } from '../evaluation/datasets/reader.ts';
import { READERS } from '../evaluation/datasets/readers.ts';

/** Of each list; `--json` has all. */
const SHOWN = 10;

export function factLines({ splits, layout, source, licence }: DatasetReader): string[] {
  const counts = Object.entries(splits).map(([split, count]) => `${split} ${count ?? ''}`.trim());
  return [
    `  splits   ${counts.join(', ')}`,
    ...layout.map((line, i) => `  ${i === 0 ? 'layout ' : '       '}  ${line}`),
    `  source   ${source}`,
    `  licence  ${licence}`,
  ];
}

export function checkLines(check: DatasetCheck): string[] {
  const { dataset, root, splits, faults, extra, otherSize, beyond } = check;
  const sound = incompleteness(check) === null;
  return [
    `${dataset} in ${root}`,
    ...splits.map((split) => `  ${split.split.padEnd(6)}${saySplit(split)}`),
    ...listed('missing or damaged', faults.map(sayFault)),
    ...listed('not named by any sample', extra),
    ...listed(
      'mask of another size than the picture (scored as the metrics say, no fault)',
      otherSize,
    ),
    ...listed('box beyond the picture (scored as it is, no fault)', beyond),
    sound ? 'all there' : `to get what is missing: ${READERS[dataset].source}`,
  ];
}

function saySplit({ samples, published, problem }: SplitCheck): string {
  if (samples === null) return problem ?? 'not there';
  if (published === null || published === samples) return `${samples} samples`;
  return samples < published
    ? `${samples} of ${published} samples`
    : `${samples} samples, ${published} were published`;
}

function sayFault({ file, reason, samples }: FileFault): string {
  const of = samples.length === 1 ? `sample ${samples[0]}` : `${samples.length} samples`;
  return `${file} ${reason} (${of})`;
}

function listed(what: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const rest = items.length - SHOWN;
  const more = rest > 0 ? [`  … and ${rest} more (--json lists all)`] : [];
  return [`${items.length} ${what}:`, ...items.slice(0, SHOWN).map((item) => `  ${item}`), ...more];
}

/** In a few words; null where nothing is. A split that nobody published may be left out. */
export function incompleteness({ splits, faults, failed }: DatasetCheck): string | null {
  const said = splits.flatMap(({ split, samples, published, state }) => {
    if (state === 'invalid') return [`${split} cannot be opened`];
    if (published === null || (samples ?? 0) >= published) return [];
    return [`${split} has ${samples ?? 0} of ${published} samples`];
  });
  if (faults.length > 0) {
    said.push(`${faults.length} missing or damaged, which ${failed} samples need`);
  }
  return said.length === 0 ? null : said.join('; ');
}
