/**
 * Three charts as SVG, in the page's own colours: classes `box` and `mask` name the series, text and lines take theirs from the
 * page's style. Widths are those of a phone; the page scales them.
 */
import { heatColour } from '../../imagery/heat.ts';
import { escapeXml } from '../../imagery/labels.ts';
import type { Target } from '../metrics/overlap.ts';

export interface Series {
  readonly target: Target;
  /** In equal steps over IoU 0..1. */
  readonly values: readonly number[];
}

const SIZE = { width: 400, height: 232 };
/** Where the data goes. */
const FIELD = { left: 46, top: 10, width: 342, height: 182 };

/** Bars side by side: how many samples have an IoU of so much. */
export function histogram(series: readonly Series[]): string {
  const top = niceTop(Math.max(1, ...series.flatMap(({ values }) => values)));
  const bars = series.flatMap(({ target, values }, of) => {
    const step = FIELD.width / values.length;
    const width = (step - 2) / series.length;
    return values.map((value, i) => {
      const height = (value / top) * FIELD.height;
      const x = FIELD.left + i * step + 1 + of * width;
      const from = i / values.length;
      const range = `${from.toFixed(2)} to ${(from + 1 / values.length).toFixed(2)}`;
      const title = `<title>${target}: ${value} samples of IoU ${range}</title>`;
      const place = `x="${n(x)}" y="${n(FIELD.top + FIELD.height - height)}"`;
      return `<rect class="${target}" ${place} width="${n(width)}" height="${n(height)}">${title}</rect>`;
    });
  });
  const ticks = [0, top / 2, top].map((value) => ({ at: value / top, text: `${value}` }));
  return chart('How many samples have which IoU', axes('IoU', ticks) + bars.join(''));
}

/** Lines: the share of samples, 0..1, that pass each IoU. */
export function passCurve(series: readonly Series[]): string {
  const ticks = [0, 25, 50, 75, 100].map((value) => ({ at: value / 100, text: `${value} %` }));
  const lines = series.map(({ target, values }) => {
    const points = values.map((share, i) => {
      const x = FIELD.left + (i / (values.length - 1)) * FIELD.width;
      return `${n(x)},${n(FIELD.top + (1 - share) * FIELD.height)}`;
    });
    return `<polyline class="${target}" points="${points.join(' ')}"/>`;
  });
  return chart('Share of samples that pass each IoU', axes('IoU', ticks) + lines.join(''));
}

export interface HeatMap {
  readonly title: string;
  readonly columns: { readonly name: string; readonly labels: readonly string[] };
  readonly rows: { readonly name: string; readonly labels: readonly string[] };
  /** By row, then column; null where there is no value. Percent. */
  readonly values: readonly (readonly (number | null)[])[];
  /** What the ends of the colours stand for. */
  readonly range: readonly [low: number, high: number];
  /** Framed, e.g. the paper's. */
  readonly marked: { readonly row: number; readonly column: number } | null;
}

const CELL = { width: 44, height: 24 };
const MARGIN = { left: 44, top: 22, bottom: 34 };

/** A cell for every pair of values, with its figure. */
export function heatMap({ title, columns, rows, values, range, marked }: HeatMap): string {
  const [low, high] = range;
  const width = MARGIN.left + columns.labels.length * CELL.width + 4;
  const height = MARGIN.top + rows.labels.length * CELL.height + MARGIN.bottom;
  const x = (column: number) => MARGIN.left + column * CELL.width;
  const y = (row: number) => MARGIN.top + row * CELL.height;
  const cells = values.flatMap((line, row) =>
    line.map((value, column) => {
      if (value === null) return '';
      const share = high > low ? (value - low) / (high - low) : 0.5;
      return heatCell(value, { x: x(column), y: y(row), share });
    }),
  );
  const frame = marked ? cellRect({ x: x(marked.column), y: y(marked.row) }, 'class="marked"') : '';
  const labels = [
    ...columns.labels.map((text, i) => label(text, { x: x(i) + CELL.width / 2, y: height - 20 })),
    ...rows.labels.map((text, i) => label(text, { x: 34, y: y(i) + 16, anchor: 'end' })),
    label(columns.name, { x: (width + MARGIN.left) / 2, y: height - 4 }),
    label(rows.name, { x: 34, y: 14, anchor: 'end' }),
  ];
  return svg({ title, width, height, content: cells.join('') + frame + labels.join('') });
}

function heatCell(value: number, { share, ...at }: Place & { readonly share: number }): string {
  const colour = heatColour(share);
  // Rec. 709 luma tells whether dark or light text stands out.
  const luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
  const ink = luma > 120 ? '#14161f' : '#ffffff';
  const text = `<text x="${at.x + CELL.width / 2}" y="${at.y + 16}" fill="${ink}" text-anchor="middle">${value.toFixed(1)}</text>`;
  return cellRect(at, `fill="rgb(${colour})"`) + text;
}

function cellRect({ x, y }: Place, look: string): string {
  return `<rect ${look} x="${x}" y="${y}" width="${CELL.width - 1}" height="${CELL.height - 1}"/>`;
}

interface Tick {
  /** 0..1, from below. */
  readonly at: number;
  readonly text: string;
}

function axes(name: string, ticks: readonly Tick[]): string {
  const { left, top, width, height } = FIELD;
  const levels = ticks.map(({ at, text }) => {
    const y = n(top + (1 - at) * height);
    const line = `<line x1="${left}" x2="${left + width}" y1="${y}" y2="${y}"/>`;
    return line + label(text, { x: left - 6, y: Number(y) + 4, anchor: 'end' });
  });
  const bottom = top + height;
  const places = [0, 0.2, 0.4, 0.6, 0.8, 1].map((value) =>
    label(`${value}`, { x: left + value * width, y: bottom + 16 }),
  );
  const title = label(name, { x: left + width / 2, y: bottom + 34 });
  return [...levels, ...places, title].join('');
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'middle' | 'end';
}

function label(text: string, { x, y, anchor = 'middle' }: Place): string {
  return `<text class="label" x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

function chart(title: string, content: string): string {
  return svg({ title, ...SIZE, content });
}

function svg(drawn: { title: string; width: number; height: number; content: string }): string {
  const { title, width, height, content } = drawn;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${escapeXml(title)}">${content}</svg>`;
}

/** A little above `value`, even, so that its half is a whole number, and round: 12, 18, 30, 80, 140, 500. */
function niceTop(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = value < 2 * unit ? unit / 5 : value < 5 * unit ? unit : 2 * unit;
  const even = Math.max(2, step);
  return Math.ceil(value / even) * even;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}
