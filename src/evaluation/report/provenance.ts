/** Where the figures of a report come from, said plainly. */
import { humanBytes } from '../../errors.ts';
import { SOURCE } from '../paper.ts';
import type { CheckpointIdentity } from '../run/checkpoint-identity.ts';
import type { Manifest } from '../run/manifest.ts';
import type { Summary } from '../summary.ts';
import type { ReportData } from './report-data.ts';
import type { Cell, Table } from './tables.ts';

const NETWORKS = { vlm: 'VLM', diffusion: 'diffusion', sam: 'SAM' } as const;

/** Checkpoints of this repository, by where they lie; of any other a file does not tell how it was made. */
const OURS = [
  {
    place: /(^|[\\/])checkpoints[\\/]demo[\\/]/,
    about:
      'That is the demo set: small networks trained on synthetic scenes, which know nothing else. Figures made with it say nothing about real imagery, nor about the method.',
  },
  {
    place: /(^|[\\/])tests[\\/]fixtures[\\/]/,
    about:
      'Those are random checkpoints, made for tests: they know nothing, and neither do these figures.',
  },
] as const;
const OTHERS = `Files do not tell what a checkpoint was trained on, or whether it was. Only figures made with the checkpoints that the paper names (${SOURCE}) may be laid beside the paper's.`;

/** Sentences that stand above every figure: what answered, on how much, and what that says. */
export function noticeOf({
  summary,
  manifest,
}: Pick<ReportData, 'summary' | 'manifest'>): string[] {
  if (!manifest) return [sourceWithoutManifest(summary)];
  const used = checkpointsOf(manifest);
  const names = used.map(({ name, identity }) => `${name} ${identity.label}`);
  return [
    `Checkpoints: ${names.join('; ') || 'none'}.`,
    OURS.find(({ place }) => used.some(({ identity }) => place.test(identity.label)))?.about ??
      OTHERS,
    ...sayChoice(manifest),
  ];
}

function sourceWithoutManifest({ preset }: Summary): string {
  return preset === null
    ? 'Predictions that another program made, read from a file: zeroov ran no network. What made them is not known here.'
    : 'The folder has no manifest.json: the checkpoints that made these answers are not known.';
}

function sayChoice({ samples: { limit, sample, count } }: Manifest): string[] {
  if (limit === null) return [];
  const which = sample === null ? 'the first ones' : `chosen with the seed ${sample}`;
  return [`Not the whole split: only ${count} of its samples were tried, ${which}.`];
}

function checkpointsOf({ checkpoints }: Manifest) {
  return Object.entries(NETWORKS).flatMap(([key, name]) => {
    const identity = checkpoints[key as keyof typeof NETWORKS];
    return identity ? [{ name, identity }] : [];
  });
}

/** What a run has to be repeated with. */
export function runTable(manifest: Manifest, preset: string | null): Table {
  const { zeroov, dataset, samples, about } = manifest;
  const options = Object.entries(manifest.variants[preset ?? ''] ?? {}).map(
    ([name, value]) => `${name} ${value}`,
  );
  const facts: [name: string, value: string][] = [
    ['zeroov', zeroov],
    // Not the threads: with other workers the same answers are the same report.
    ['node, platform', `${about.node}, ${about.platform}`],
    ['annotations', `sha256 ${dataset.fingerprint}`],
    ['samples', `${samples.count}, ids sha256 ${samples.sha256}`],
    ...checkpointsOf(manifest).map(({ name, identity }): [string, string] => [
      name,
      `${identity.label}, ${sayWeights(identity)}`,
    ]),
    ['options', options.join('; ')],
  ];
  const cells = (fact: readonly string[]): Cell[] => fact.map((text) => ({ text }));
  return { caption: 'What it was made with', head: ['', ''], rows: facts.map(cells) };
}

function sayWeights({ weights }: CheckpointIdentity): string {
  const bytes = weights.reduce((sum, file) => sum + file.bytes, 0);
  const first = weights[0] ? `, sha256 ${weights[0].sha256.slice(0, 16)}…` : '';
  return `${weights.length} weight ${weights.length === 1 ? 'file' : 'files'}, ${humanBytes(bytes)}${first}`;
}
