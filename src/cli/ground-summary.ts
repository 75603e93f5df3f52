/** A grounding in a few lines for people. */
import { humanBytes } from '../errors.ts';
import { sayCrs } from '../geo/crs.ts';
import type { ResultRecord } from '../pipeline/record.ts';
import { folderOf } from './ground-files.ts';
import type { GroundFlags } from './ground-flags.ts';
import { outputTarget } from './output-target.ts';
import type { Terminal } from './terminal.ts';

export interface SummaryContext {
  /** Which expression of how many. */
  readonly i: number;
  readonly of: number;
  /** Names of the files that say where it lies. */
  readonly placed: readonly string[];
  readonly flags: GroundFlags;
  readonly terminal: Terminal;
}

/** found and score; box; area; place; seconds per stage; files written. */
export function summaryOf(record: ResultRecord, context: SummaryContext): string[] {
  const { found, score, box, areaPx, image, seconds, expression, provider, threads } = record;
  const { terminal } = context;
  const line = (name: string, text: string) => `${terminal.style('bold', name.padEnd(9))}${text}`;
  const word = found ? terminal.style('green', 'found') : terminal.style('yellow', 'not found');
  const strength = score === null ? '' : `  score ${score.toFixed(2)}`;
  const share = (100 * areaPx) / (image.widthPx * image.heightPx);
  const total = Object.values(seconds).reduce((sum, value) => sum + value, 0);
  const stages = Object.entries(seconds).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  const where = `${provider}, ${threads} threads, ${humanBytes(record.peakMemoryBytes)} at most`;
  return [
    line('answer', `${word}${strength}  "${expression}"`),
    line('box', box ? sayBox(box) : 'none'),
    line('area', `${areaPx} px, ${share.toFixed(1)} % of ${image.widthPx} × ${image.heightPx}`),
    ...(record.refinement ? [line('refined', sayRefinement(record.refinement))] : []),
    line('place', sayPlace(record)),
    line('seconds', `${total.toFixed(1)}: ${stages.join(', ')} (${where})`),
    line('files', filesLine(expression, context)),
  ];
}

/** The coordinate system, or why there is none. */
export function sayPlace({ place, warnings }: Pick<ResultRecord, 'place' | 'warnings'>): string {
  if (place) return sayCrs({ name: place.crs, epsg: place.epsg });
  return ['none', ...warnings.map(({ message }) => message)].join(': ');
}

function sayRefinement({ by, predictedIou, before }: NonNullable<ResultRecord['refinement']>) {
  if (predictedIou === null) return 'not: no proposal of SAM agreed, the mask is as it was';
  const estimate = `IoU ${predictedIou.toFixed(2)} by its own estimate`;
  return `by SAM from ${by}, ${estimate}; before: ${before.areaPx} px`;
}

function sayBox([x1, y1, x2, y2]: NonNullable<ResultRecord['box']>): string {
  const round = (value: number) => Math.round(value * 10) / 10;
  const corners = [x1, y1, x2, y2].map(round).join(', ');
  return `${corners} px (${round(x2 - x1)} × ${round(y2 - y1)})`;
}

function filesLine(expression: string, { i, of, placed, flags }: SummaryContext): string {
  if (flags.output === undefined) return 'none; give -o FOLDER to write mask, pictures and record';
  if (outputTarget(flags.output).file) return flags.output;
  const folder = folderOf({ expression, i, of });
  const place = [flags.output.replace(/\/+$/, ''), folder].filter(Boolean).join('/');
  const names = ['result.json', 'mask.png', 'overlay.png', 'panel.png', ...placed];
  const maps = flags.saveMaps ? ['maps/'] : [];
  return `${place}/ ${[...new Set([...names.map(shortened), ...maps])].join(', ')}`;
}

/** A file in a folder by its folder. */
function shortened(name: string): string {
  return name.replace(/\/.*/, '/');
}
