/** report.html: one file that shows a run, opens without a network, and carries no script. */
import { escapeXml } from '../../imagery/labels.ts';
import { VERSION } from '../../pipeline/version.ts';
import { TARGETS } from '../metrics/overlap.ts';
import { PROFILES } from '../metrics/profiles.ts';
import type { Summary } from '../summary.ts';
import type { Gallery } from './gallery.ts';
import { gallerySection } from './gallery-section.ts';
import { heatMap, histogram, passCurve } from './plots.ts';
import { noticeOf, runTable } from './provenance.ts';
import type { ReportData } from './report-data.ts';
import { sensitivityOf } from './sensitivity.ts';
import { STYLE } from './style.ts';
import { tableHtml } from './table-html.ts';
import {
  ablationReport,
  failuresTable,
  groupTables,
  headlineTable,
  profilesTable,
  quotedTable,
  sayInterval,
  sayPercent,
  TARGET_NAMES,
  type Table,
} from './tables.ts';

const BINS = 20;
const STEPS = 50;

export function titleOf({ dataset, split, preset }: Summary): string {
  return `${dataset} ${split}: ${preset ?? 'predictions of another program'}`;
}

export function reportPage(data: ReportData, gallery: Gallery): string {
  const title = escapeXml(titleOf(data.summary));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${sections(data, gallery).join('\n')}
<footer>zeroov ${escapeXml(VERSION)}. Beside this page: summary.json, results.jsonl, predictions.jsonl, samples.csv, coco.json.</footer>
</main>
</body>
</html>
`;
}

/** In the order of the page; one without content is empty. */
function sections(data: ReportData, gallery: Gallery): string[] {
  const { summary, manifest } = data;
  const notice = noticeOf(data).map((sentence) => `<p>${escapeXml(sentence)}</p>`);
  const table = (one: Table | null) => (one ? tableHtml(one) : '');
  return [
    '<p class="lead">Referring expressions: how well what was found agrees with the truth.</p>',
    `<div class="notice">${notice.join('')}</div>`,
    tiles(summary),
    '<h2>Figures</h2>',
    table(headlineTable(summary)),
    charts(data),
    table(profilesTable(summary)),
    table(quotedTable(summary)),
    '<h2>By category, size and kind</h2>',
    ...groupTables(summary).map(table),
    table(failuresTable(summary)),
    ...ablationSection(data),
    sensitivitySection(data),
    gallerySection(gallery),
    manifest ? `<h2>The run</h2>${tableHtml(runTable(manifest, summary.preset), 'facts')}` : '',
  ];
}

function tiles(summary: Summary): string {
  const { n, ok, notFound, failed, metrics, intervals, headline } = summary;
  const figures = TARGETS.toReversed().flatMap((target) => {
    const own = metrics[target][headline];
    const within = intervals[target][headline];
    if (!own || !within) return [];
    const name = TARGET_NAMES[target];
    const between = (interval: readonly [number, number]) => `95 %: ${sayInterval(interval)}`;
    return [
      { value: sayPercent(own.mIoU), lines: [`mIoU of ${name}`, between(within.mIoU)], target },
      {
        value: sayPercent(own.pr['0.5']),
        lines: [`Pr@0.5 of ${name}`, between(within.pr['0.5'])],
        target,
      },
    ];
  });
  const samples = {
    value: `${n}`,
    lines: ['samples', `${ok} found, ${notFound} not found, ${failed} failed`],
    target: '',
  };
  const drawn = [...figures, samples].map(({ value, lines, target }) => {
    const said = lines.map((line) => `<span>${escapeXml(line)}</span>`);
    return `<div class="tile"><b class="${target}">${value}</b>${said.join('')}</div>`;
  });
  return `<div class="tiles">${drawn.join('')}</div>`;
}

function charts({ ious, summary: { headline } }: ReportData): string {
  const shown = TARGETS.filter((target) => ious[target].length > 0);
  if (shown.length === 0) return '';
  const counts = shown.map((target) => ({ target, values: binsOf(ious[target]) }));
  const shares = shown.map((target) => ({
    target,
    values: sharesOf(ious[target], PROFILES[headline][target]?.passes ?? '>='),
  }));
  const key = shown.map(
    (target) => `<li style="--swatch: var(--${target})">${TARGET_NAMES[target]}</li>`,
  );
  const sheet = (name: string, drawn: string) =>
    `<div class="sheet"><h3>${name}</h3><ul class="key">${key.join('')}</ul>${drawn}</div>`;
  return `<div class="charts">${sheet('Samples by IoU', histogram(counts))}${sheet('Pr: samples that pass an IoU', passCurve(shares))}</div>`;
}

/** How many IoUs lie in each twentieth of 0..1; 1 itself is in the last. */
function binsOf(ious: readonly number[]): number[] {
  const bins = Array.from({ length: BINS }, () => 0);
  for (const iou of ious) bins[Math.min(BINS - 1, Math.floor(iou * BINS))]! += 1;
  return bins;
}

/** The share of IoUs that pass 0, 1/50 … 1. */
function sharesOf(ious: readonly number[], passes: '>=' | '>'): number[] {
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const threshold = i / STEPS;
    const passed = ious.filter((iou) => (passes === '>=' ? iou >= threshold : iou > threshold));
    return passed.length / ious.length;
  });
}

function ablationSection({ ablation }: ReportData): string[] {
  if (!ablation) return [];
  return ['<h2>Ablation</h2>', ...ablationReport(ablation).map((table) => tableHtml(table))];
}

function sensitivitySection({ sweep }: ReportData): string {
  const sensitivity = sweep && sensitivityOf(sweep);
  if (!sensitivity) return '';
  const { target, maps, left } = sensitivity;
  const figures = maps.map(
    (map) => `<figure><figcaption>${escapeXml(map.title)}</figcaption>${heatMap(map)}</figure>`,
  );
  const more = left > 0 ? ` ${left} more combinations are in sweep.json.` : '';
  return `<h2>Sensitivity</h2>
<p class="soft">mIoU of ${TARGET_NAMES[target]} in percent on the same ${sweep.n} samples, by the settings that the paper chose by hand; framed: the paper's.
Settings are to be chosen on samples that are not reported.${more}</p>
<div class="sheet maps">${figures.join('')}</div>`;
}
