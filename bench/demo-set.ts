/**
 * What does the demo set find in synthetic scenes it has not seen? Prints the tables of checkpoints/demo/README.md.
 *
 *   npx tsx bench/demo-set.ts RUN [--expressions 500] [--scenes 60] [--others 150] [--absent 60] [--workers 2]
 *     [-- --vlm DIR --diffusion DIR …]
 *
 * All figures are those of `zeroov evaluate synthetic`, `ablate` and `sweep`, which it calls: one run for each trajectory and
 * one for what is not there, in folders of RUN. The other trajectories see `--others` of the same expressions. The same
 * command goes on where it was stopped. What stands behind `--` goes
 * to every `evaluate`. Seeds from 970 000 000 are for reporting; training/choose-options.ts chooses on others.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { AblationDocument } from '../src/evaluation/ablation/ablation-document.ts';
import { OBJECT_SIZES, objectSizeOf } from '../src/evaluation/metrics/object-size.ts';
import { headlineProfile } from '../src/evaluation/metrics/profiles.ts';
import { Tally } from '../src/evaluation/metrics/tally.ts';
import { readEntries } from '../src/evaluation/run/entry.ts';
import { type Manifest, readManifest } from '../src/evaluation/run/manifest.ts';
import { evidenceFile, readEvidence } from '../src/evaluation/run/stage-cache.ts';
import type { FigureGroup, Summary } from '../src/evaluation/summary.ts';
import type { SettingScores } from '../src/evaluation/sweep/setting-figures.ts';
import type { SweepDocument } from '../src/evaluation/sweep/sweep-document.ts';
import { KINDS } from '../src/synthetic/stages.ts';
import { argmax } from '../src/tensor/reduce.ts';
import { decodeRle } from '../src/tensor/rle.ts';
import { machine, median } from './report.ts';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    expressions: { type: 'string', default: '500' },
    scenes: { type: 'string', default: '60' },
    others: { type: 'string', default: '150' },
    absent: { type: 'string', default: '60' },
    workers: { type: 'string', default: '2' },
  },
});
const [folder, ...passed] = positionals;
if (folder === undefined) {
  console.error('Which folder is the run to go to? npx tsx bench/demo-set.ts RUN');
  process.exit(2);
}

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/** What the command prints; its progress is shown. Ends this program when it fails. */
function zeroov(...args: string[]): string {
  const call = [...process.execArgv, MAIN, ...args];
  const stdio = ['ignore', 'pipe', 'inherit'] as const;
  const { status, stdout } = spawnSync(process.execPath, call, {
    stdio: [...stdio],
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout.toString();
}

/** A run of `zeroov evaluate` over expressions drawn at random from the scenes. */
function evaluate(name: string, limit: string, ...args: string[]): string {
  const run = join(folder as string, name);
  const drawn = ['--scenes', flags.scenes, '--limit', limit, '--sample', '1'];
  const running = ['--provider', 'cpu', '--workers', flags.workers, '-o', run];
  zeroov('evaluate', 'synthetic', ...drawn, ...running, ...args, ...passed);
  return run;
}

const PRESETS = {
  'rsvg-zeroov': 'O-F-E',
  'rsvg-zeroov+sam': 'O-F-E + SAM',
  'direct-box': 'direct box',
  'direct-box+sam': 'direct box + SAM',
  'overview-only': 'overview only',
} as const;
const there = ['--kinds', KINDS.filter((kind) => kind !== 'absent').join(',')];
const presets = ['rsvg-zeroov', 'rsvg-zeroov+sam'].flatMap((name) => ['--preset', name]);

const main = evaluate(
  'inversion',
  flags.expressions,
  ...there,
  ...Object.keys(PRESETS).flatMap((name) => ['--preset', name]),
  '--ablation',
);
const others = ['reconstruction', 'single'].map((name) => ({
  name,
  run: evaluate(name, flags.others, ...there, ...presets, '--no-cache', '--trajectory', name),
}));
const absent = evaluate('absent', flags.absent, '--kinds', 'absent', ...presets, '--no-cache');

const manifest = await readManifest(main);
const own = manifest.variants['rsvg-zeroov']!;
const TRIED = {
  seeds: [1, 3, 5, 7, 11, 15],
  tau: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
  alpha: [0.2, 0.3, 0.4, 0.5, 0.6],
};
const around = (values: readonly number[], chosen: number) =>
  [...new Set([...values, chosen])].sort((a, b) => a - b).join();
const ablation: AblationDocument = JSON.parse(zeroov('ablate', main, '--json'));

/** The settings that differ from the run's own in one value only. */
const sensitivity = (['seeds', 'tau', 'alpha'] as const).map((axis) => {
  const tried = around(TRIED[axis], own[axis]);
  const swept: SweepDocument = JSON.parse(zeroov('sweep', main, '--json', `--${axis}`, tried));
  const settings = swept.settings.filter(({ interaction }) => interaction === own.interaction);
  return { axis, settings: settings.toSorted((a, b) => a[axis] - b[axis]) };
});

const summaryOf = async (run: string, preset?: string): Promise<Summary> =>
  JSON.parse(await readFile(join(run, preset ?? '', 'summary.json'), 'utf8'));
const percent = (value: number | null | undefined) => value?.toFixed(1) ?? '–';

/** A Markdown table whose columns stand below each other as text, too. */
function print(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!))).join(' | ')} |`;
  const rule = widths.map((width, k) =>
    k === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  console.log(['', line(head), line(rule), ...rows.map(line)].join('\n'));
}

const FIGURES = ['box Pr@0.5', 'box mIoU', 'mask Pr@0.5', 'mask mIoU'];
const profile = headlineProfile('synthetic');
const ofScores = ({ box, mask }: SettingScores) =>
  [box?.pr50, box?.mIoU, mask?.pr50, mask?.mIoU].map(percent);
const ofGroup = ({ metrics: { box, mask } }: Pick<FigureGroup, 'metrics'>) =>
  [box, mask].flatMap((by) => [percent(by[profile]?.pr['0.5']), percent(by[profile]?.mIoU)]);

/** The rows of a table of `zeroov ablate` that were measured. */
const ablated = (title: string, name: (label: string) => string) =>
  ablation.tables
    .find((table) => table.title === title)!
    .rows.flatMap(({ label, measured }) =>
      measured ? [[name(label), ...ofScores(measured)]] : [],
    );

/** How often the relevance map's largest cell lies in the object (its centre, on the mask): hits and n by kind and size. */
async function countPeaks(): Promise<Map<string, [hits: number, n: number]>> {
  const peaks = new Map<string, [hits: number, n: number]>();
  for await (const { position, records } of readEntries(main, manifest.samples.count)) {
    const { kind, scores, status } = records['rsvg-zeroov']!;
    if (status === 'failed') continue;
    const { evidence, truth } = await readEvidence(evidenceFile(main, position));
    const [height, width] = truth.mask!.size;
    const { shape, data } = evidence[0]!.relevance!;
    const [rows, columns] = shape as readonly [h: number, w: number];
    const at = argmax(data);
    const x = Math.floor((((at % columns) + 0.5) * width) / columns);
    const y = Math.floor(((Math.floor(at / columns) + 0.5) * height) / rows);
    const hit = decodeRle(truth.mask!).data[y * width + x]!;
    for (const label of ['all', kind!, objectSizeOf(scores)!]) {
      const [hits, n] = peaks.get(label) ?? [0, 0];
      peaks.set(label, [hits + hit, n + 1]);
    }
  }
  return peaks;
}

/** Seconds that an expression took in its worker, the median. */
async function secondsOf(run: string): Promise<string> {
  const lines = (await readFile(join(run, 'timings.jsonl'), 'utf8')).trim().split('\n');
  const sums = lines.map((line) => {
    const { seconds } = JSON.parse(line) as { seconds: Record<string, number> };
    return Object.values(seconds).reduce((sum, part) => sum + part, 0);
  });
  return median(sums).toFixed(2);
}

const said = ({ about: { scenes }, samples }: Manifest) =>
  `${samples.count} expressions drawn from ${scenes!.scenes} scenes of stage ${scenes!.stage}, ${scenes!.sizePx} px, seeds from ${scenes!.seed}`;
const summaries = new Map<string, Summary>();
for (const [i, preset] of Object.keys(PRESETS).entries()) {
  summaries.set(preset, await summaryOf(main, i === 0 ? undefined : preset));
}
const peaks = await countPeaks();
const share = ([hits, n]: readonly [number, number] = [0, 0]) => percent((100 * hits) / n);

console.log(machine());
console.log(`${said(manifest)}; percent.`);
const seconds = [`inversion ${await secondsOf(main)} s`];
for (const { name, run } of others) seconds.push(`${name} ${await secondsOf(run)} s`);
console.log(`An expression, median, ${flags.workers} workers at once: ${seconds.join(', ')}.`);
console.log(`Argmax of the relevance map in the object: ${share(peaks.get('all'))}.`);

const row = (preset: keyof typeof PRESETS) => [PRESETS[preset], ...ofGroup(summaries.get(preset)!)];
const STAGE_NAMES: Readonly<Record<string, string>> = {
  'without VLM': 'without VLM (F-E)',
  'without diffusion': 'without Focus (O-E)',
  'without Evolve': 'without Evolve (O-F)',
  'order O-E-F': 'O-E-F',
};

/** The main run over the expressions that another run saw, too: a row a preset. */
async function ofSame(run: string): Promise<string[][]> {
  const { samples } = await readManifest(run);
  const seen = new Set<number>();
  for await (const { position } of readEntries(run, samples.count)) seen.add(position);
  const rows = [];
  for (const [preset, name] of [
    ['rsvg-zeroov', 'inversion'],
    ['rsvg-zeroov+sam', 'inversion + SAM'],
  ] as const) {
    const has = { box: true, mask: true };
    const tally = new Tally({ dataset: 'synthetic', split: 'test', preset, has });
    for await (const { position, records } of readEntries(main, manifest.samples.count)) {
      if (seen.has(position)) tally.add(records[preset]!);
    }
    rows.push([name, ...ofGroup(tally.summary())]);
  }
  return rows;
}
const trajectories = await ofSame(others[0]!.run);
for (const { name, run } of others) {
  trajectories.push([name, ...ofGroup(await summaryOf(run))]);
  trajectories.push([`${name} + SAM`, ...ofGroup(await summaryOf(run, 'rsvg-zeroov+sam'))]);
}
print(
  [`${own.interaction}, ${own.resolutions.map((side) => `${side}²`).join(' + ')}`, ...FIGURES],
  [
    row('direct-box'),
    row('direct-box+sam'),
    row('overview-only'),
    ...ablated('stages', (label) => STAGE_NAMES[label] ?? '').filter(([name]) => name !== ''),
    row('rsvg-zeroov'),
    row('rsvg-zeroov+sam'),
  ],
);
const { count } = (await readManifest(others[0]!.run)).samples;
print([`O-F-E by trajectory, ${count} of them`, ...FIGURES], trajectories);
print(
  ['O-F-E by interaction', ...FIGURES],
  ablated('interaction', (label) => label),
);
print(
  ['O-F-E by resolutions', ...FIGURES],
  ablated('resolutions', (label) => label),
);

const AXES = { seeds: 'K', tau: 'τ', alpha: 'α' } as const;
for (const { axis, settings } of sensitivity) {
  const rows = settings.map((s) => [
    `${s[axis]}${s[axis] === own[axis] ? ' (chosen)' : ''}`,
    ...ofScores(s),
  ]);
  print([`O-F-E by ${AXES[axis]}`, ...FIGURES], rows);
}

const GROUP_HEAD = [
  ...['n', 'argmax inside', 'direct box: box Pr@0.5', 'mIoU'],
  ...['O-F-E: box Pr@0.5', 'mIoU', 'mask Pr@0.5', 'mIoU', '+ SAM: mask Pr@0.5', 'mIoU'],
];
for (const [by, labels, column] of [
  ['byKind', KINDS, 'by kind of expression'],
  ['bySize', OBJECT_SIZES, 'by size of the object'],
] as const) {
  const groups = (preset: string) => summaries.get(preset)![by];
  const rows = labels.flatMap((label) => {
    const plain = groups('rsvg-zeroov')[label];
    if (!plain) return [];
    const box = ofGroup(groups('direct-box')[label]!).slice(0, 2);
    const refined = ofGroup(groups('rsvg-zeroov+sam')[label]!).slice(2);
    const peak = share(peaks.get(label));
    return [[label, `${plain.n}`, peak, ...box, ...ofGroup(plain), ...refined]];
  });
  print([column, ...GROUP_HEAD], rows);
}

const { n, notFound } = await summaryOf(absent);
console.log(
  `\nOf ${n} expressions about what is not there, "not found" was answered to ${notFound}.`,
);
