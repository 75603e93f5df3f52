import { groundFrame, northOnScreen } from '../geo/ground-frame.ts';
import type { Place } from '../geo/place.ts';
import type { Size } from '../tensor/image.ts';
import type { Canvas } from './canvas.ts';
import { measureText, renderSvg, textElement } from './labels.ts';
import type { Window } from './window.ts';

/** What a scale bar and a north arrow say of a picture; true at its centre. */
export interface GroundMarks {
  /** Metres on the ground that one pixel's width stands for. */
  readonly metresPerPixel: number;
  /** Where true north is on the picture, length 1, y downwards. */
  readonly north: readonly [x: number, y: number];
}

/** The marks of a window of a placed scene that is shown at the size `out`. */
export function groundMarks(
  place: Place,
  { window, out }: { window: Window; out: Size },
): GroundMarks {
  const centre = [window.x + window.widthPx / 2, window.y + window.heightPx / 2] as const;
  const [x, y] = northOnScreen(place, centre);
  const [right, down] = [(x * out.widthPx) / window.widthPx, (y * out.heightPx) / window.heightPx];
  const length = Math.hypot(right, down);
  return {
    metresPerPixel: (groundFrame(place, centre).columnMetres * window.widthPx) / out.widthPx,
    north: [right / length, down / length],
  };
}

/** The marks of the same picture at another width. */
export function resizeMarks(
  marks: GroundMarks,
  { from, to }: { from: Size; to: Size },
): GroundMarks {
  return { ...marks, metresPerPixel: (marks.metresPerPixel * from.widthPx) / to.widthPx };
}

/** A scale bar's length: the longest of 1, 2, 5 times a power of ten that fits. */
export function scaleBar(
  metresPerPixel: number,
  widthPx: number,
): { readonly metres: number; readonly widthPx: number; readonly label: string } {
  const most = metresPerPixel * widthPx;
  const power = 10 ** Math.floor(Math.log10(most));
  // A hair of slack: 0.1 · 50 is not quite 5.
  const metres = power * ([5, 2].find((step) => step * power <= most * (1 + 1e-9)) ?? 1);
  return { metres, widthPx: metres / metresPerPixel, label: sayLength(metres) };
}

function sayLength(metres: number): string {
  const [value, unit] =
    metres >= 1000 ? [metres / 1000, 'km'] : metres >= 1 ? [metres, 'm'] : [metres * 100, 'cm'];
  return `${Number(value.toPrecision(1))} ${unit}`;
}

export interface MarkStyle {
  /** Of the letters. */
  readonly sizePx: number;
  readonly edge?: 'top' | 'bottom';
}

const northSide = (sizePx: number) => Math.round(sizePx * 2.8);

const PLATE = '#12141c';
const INK = '#ffffff';
/** Smaller pictures have no room for marks. */
const LEAST_PX = 96;

/**
 * Draws a scale bar at the bottom left and a north arrow at the bottom right, or both at the top.
 *
 * @returns the height in px, from that edge, that they take; 0 where there is no room
 */
export function paintGroundMarks(
  canvas: Canvas,
  marks: GroundMarks,
  { sizePx, edge = 'bottom' }: MarkStyle,
): number {
  const gapPx = Math.round(sizePx * 0.35);
  if (Math.min(canvas.widthPx, canvas.heightPx) < Math.max(LEAST_PX, 5 * sizePx)) return 0;
  const padPx = Math.round(sizePx * 0.45);
  const bar = scaleBar(marks.metresPerPixel, canvas.widthPx / 4);
  if (!Number.isFinite(bar.widthPx)) return 0;
  const text = { text: bar.label, sizePx, bold: true, colour: INK };
  const widthPx = Math.ceil(Math.max(bar.widthPx, measureText(bar.label, text))) + 2 * padPx;
  const heightPx = Math.round(sizePx * 2.1);
  const linePx = Math.max(2, Math.round(sizePx / 6));
  const baseline = heightPx - padPx;
  const tick = (x: number) =>
    `<rect x="${x}" y="${baseline - 2 * linePx}" width="${linePx}" height="${3 * linePx}" fill="${INK}"/>`;
  const drawn =
    plate(widthPx, heightPx) +
    `<rect x="${padPx}" y="${baseline}" width="${bar.widthPx}" height="${linePx}" fill="${INK}"/>` +
    tick(padPx) +
    tick(padPx + bar.widthPx - linePx) +
    textElement({ ...text, x: padPx, y: Math.round(sizePx * 1.05) });
  const y = edge === 'top' ? gapPx : canvas.heightPx - gapPx - heightPx;
  canvas.stick(renderSvg(drawn, { widthPx, heightPx }), { x: gapPx, y });
  paintNorth(canvas, marks, { sizePx, gapPx, edge });
  return northSide(sizePx) + 2 * gapPx;
}

function paintNorth(
  canvas: Canvas,
  { north: [right, down] }: GroundMarks,
  { sizePx, gapPx, edge }: Required<MarkStyle> & { gapPx: number },
): void {
  const side = northSide(sizePx);
  const middle = side / 2;
  const degrees = (Math.atan2(right, -down) * 180) / Math.PI;
  // The arrow's tip is at the rim, the N at its foot stays upright.
  const reach = middle * 0.86;
  const tail = middle * 0.12;
  const arrow = `<path d="M0 ${-reach} L${middle * 0.34} ${tail} L0 ${-middle * 0.08} L${-middle * 0.34} ${tail} Z" fill="${INK}" transform="translate(${middle} ${middle}) rotate(${degrees})"/>`;
  const letter = { text: 'N', sizePx: sizePx * 0.9, bold: true, colour: INK };
  const [footX, footY] = [middle - right * middle * 0.52, middle - down * middle * 0.52];
  const text = textElement({
    ...letter,
    x: footX - measureText('N', letter) / 2,
    y: footY + sizePx * 0.33,
  });
  const y = edge === 'top' ? gapPx : canvas.heightPx - gapPx - side;
  const at = { x: canvas.widthPx - gapPx - side, y };
  const size = { widthPx: side, heightPx: side };
  canvas.stick(renderSvg(plate(side, side) + arrow + text, size), at);
}

function plate(widthPx: number, heightPx: number): string {
  return `<rect width="${widthPx}" height="${heightPx}" rx="${Math.min(widthPx, heightPx) / 5}" fill="${PLATE}" fill-opacity="0.75"/>`;
}
