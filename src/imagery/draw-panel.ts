import type { Box, Mask, RgbImage } from '../tensor/image.ts';
import { resizePillow } from '../tensor/resize.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { Canvas, type Colour } from './canvas.ts';
import { type GroundMarks, paintGroundMarks, resizeMarks } from './ground-marks.ts';
import { heatColour, heatOver } from './heat.ts';
import { fitText, measureText, renderSvg, type TextLine, textElement, wrapText } from './labels.ts';
import { MASK_COLOUR, paintBox, paintMask } from './paint.ts';
import { encodePng } from './png.ts';

/** What a tile shows of the picture. */
export type TilePicture =
  | { readonly kind: 'image' }
  /** [h, w] of any grid, as heat over the dimmed picture. */
  | { readonly kind: 'map'; readonly map: Float32Tensor }
  /** Mask, its box, and the true mask's outline where it is known; all in the picture's pixels. */
  | { readonly kind: 'mask'; readonly mask: Mask; readonly box: Box | null };

export type PanelTile = TilePicture & {
  readonly title: string;
  /** A second, smaller line. */
  readonly note?: string;
};

export interface Panel {
  readonly image: RgbImage;
  /** Above the tiles, e.g. the expression; two lines at most. */
  readonly heading: string;
  /** Below the heading, smaller, one line. */
  readonly caption?: string;
  readonly tiles: readonly PanelTile[];
  /** Of the picture, where its place is known: the picture's own tile gets a scale bar and a north arrow. */
  readonly ground?: GroundMarks | undefined;
  /** The longer side of every tile. */
  readonly tileSidePx?: number;
}

const MAX_TILE_PX = 384;
const MARGIN = 24;
const GAP = 14;
const PAPER: Colour = [255, 255, 255];
const INK = '#14161f';
const FAINT = '#6a7080';
const HEADING = { sizePx: 19, bold: true, colour: INK };
const CAPTION = { sizePx: 13, colour: FAINT };
const TITLE = { sizePx: 14, bold: true, colour: INK };
const NOTE = { sizePx: 11.5, colour: FAINT };
/** Narrower tiles (a picture of 17 × 900) leave no room for their titles. */
const MIN_CELL_PX = 150;
const MARKS = { sizePx: 11 };
const LEGEND = { widthPx: 120, heightPx: 10 };

/** A row of tiles with titles, under a heading: an RGB PNG on white. */
export function drawPanel(panel: Panel): Promise<Buffer> {
  const { tiles } = panel;
  const small = shrink(panel.image, Math.min(MAX_TILE_PX, panel.tileSidePx ?? 288));
  const cellPx = Math.max(small.widthPx, MIN_CELL_PX);
  const innerPx = tiles.length * (cellPx + GAP) - GAP;
  const head = layHead(panel, innerPx);
  const noteRows = tiles.some(({ note }) => note) ? 1 : 0;
  const footPx = 26 + noteRows * 18;
  const size = {
    widthPx: innerPx + 2 * MARGIN,
    heightPx: MARGIN + head.heightPx + small.heightPx + footPx + MARGIN - 6,
  };
  const canvas = Canvas.filled(size, PAPER);
  const top = MARGIN + head.heightPx;
  const lines = [...head.lines];
  for (const [i, tile] of tiles.entries()) {
    const x = MARGIN + i * (cellPx + GAP);
    canvas.paste(drawTile(tile, { ...panel, small }), { x, y: top });
    const y = top + small.heightPx + 21;
    const cut = (text: string, style: typeof NOTE) => fitText(text, { ...style, widthPx: cellPx });
    lines.push({ ...TITLE, text: cut(tile.title, TITLE), x, y });
    if (tile.note) lines.push({ ...NOTE, text: cut(tile.note, NOTE), x, y: y + 18 });
  }
  if (head.legend) paintLegend(canvas, lines, head.legend);
  canvas.stick(renderSvg(lines.map(textElement).join(''), size), { x: 0, y: 0 });
  return encodePng(canvas);
}

interface Head {
  readonly lines: TextLine[];
  readonly heightPx: number;
  /** Where the legend's bar goes, when there is a map and room. */
  readonly legend: { x: number; y: number } | null;
}

function layHead({ heading, caption, tiles }: Panel, innerPx: number): Head {
  const legendPx = LEGEND.widthPx + 90;
  const hasLegend = tiles.some(({ kind }) => kind === 'map') && innerPx > 2.5 * legendPx;
  const widthPx = hasLegend ? innerPx - legendPx : innerPx;
  let y = MARGIN - 6;
  const lines: TextLine[] = [];
  for (const text of wrapText(heading, { ...HEADING, widthPx, maxLines: 2 })) {
    y += lines.length === 0 ? 17 : 26;
    lines.push({ ...HEADING, text, x: MARGIN, y });
  }
  if (caption) {
    y += 22;
    lines.push({ ...CAPTION, text: fitText(caption, { ...CAPTION, widthPx }), x: MARGIN, y });
  }
  const barX = MARGIN + innerPx - LEGEND.widthPx - 32;
  const legend = hasLegend ? { x: barX, y: MARGIN } : null;
  return { lines, heightPx: Math.max(y - MARGIN, hasLegend ? LEGEND.heightPx : 0) + 18, legend };
}

function paintLegend(canvas: Canvas, lines: TextLine[], { x, y }: { x: number; y: number }): void {
  for (let i = 0; i < LEGEND.widthPx; i += 1) {
    const colour = heatColour(i / (LEGEND.widthPx - 1));
    canvas.fill([x + i, y, x + i + 1, y + LEGEND.heightPx], colour);
  }
  const baseline = y + LEGEND.heightPx - 1;
  const low = x - 8 - measureText('low', NOTE);
  lines.push({ ...NOTE, text: 'low', x: low, y: baseline });
  lines.push({ ...NOTE, text: 'high', x: x + LEGEND.widthPx + 7, y: baseline });
}

/** The longer side becomes `sidePx`; small pictures are enlarged. */
function shrink(image: RgbImage, sidePx: number): RgbImage {
  const scale = sidePx / Math.max(image.widthPx, image.heightPx);
  const widthPx = Math.max(1, Math.round(image.widthPx * scale));
  const heightPx = Math.max(1, Math.round(image.heightPx * scale));
  return resizePillow(image, { widthPx, heightPx, filter: 'bicubic' });
}

function drawTile(
  tile: TilePicture,
  { image, small, ground }: Pick<Panel, 'image' | 'ground'> & { small: RgbImage },
): RgbImage {
  if (tile.kind === 'image') {
    if (!ground) return small;
    const marked = Canvas.copyOf(small);
    paintGroundMarks(marked, resizeMarks(ground, { from: image, to: small }), MARKS);
    return marked;
  }
  if (tile.kind === 'map') return heatOver(small, tile.map);
  const canvas = Canvas.copyOf(small);
  const [sx, sy] = [small.widthPx / image.widthPx, small.heightPx / image.heightPx];
  paintMask(canvas, sample(tile.mask, small), { colour: MASK_COLOUR, tint: 0.42, reachPx: 0 });
  if (tile.box) {
    const [x1, y1, x2, y2] = tile.box;
    const linePx = Math.min(small.widthPx, small.heightPx) < 48 ? 1 : 2;
    paintBox(canvas, [x1 * sx, y1 * sy, x2 * sx, y2 * sy], { linePx });
  }
  return canvas;
}

/** A mask at a tile's size: a tile's pixel is inside when the mask is at its centre. */
function sample(mask: Mask, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Mask {
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const x = Math.floor((((i % widthPx) + 0.5) * mask.widthPx) / widthPx);
    const y = Math.floor(((Math.floor(i / widthPx) + 0.5) * mask.heightPx) / heightPx);
    return mask.data[y * mask.widthPx + x]!;
  });
  return { widthPx, heightPx, data };
}
