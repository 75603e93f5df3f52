import type { Box, Mask, RgbImage } from '../tensor/image.ts';
import { Canvas } from './canvas.ts';
import { type GroundMarks, paintGroundMarks } from './ground-marks.ts';
import { fitText, measureText, renderSvg, textElement } from './labels.ts';
import { MASK_COLOUR, paintBox, paintMask } from './paint.ts';
import { encodePng } from './png.ts';

export interface Overlay {
  readonly image: RgbImage;
  /** Of the picture's size. */
  readonly mask: Mask;
  /** null: nothing was found, only the label is drawn. */
  readonly box: Box | null;
  /** Shortened with "…" to the picture's width; left out of pictures too small for any. */
  readonly label: string;
  /** Where the place is known: a scale bar and a north arrow are drawn. */
  readonly ground?: GroundMarks | undefined;
}

/** The picture with the mask tinted and outlined, its box, and a label above the box: an RGB PNG of the same size. */
export function drawOverlay({ image, mask, box, label, ground }: Overlay): Promise<Buffer> {
  const canvas = Canvas.copyOf(image);
  const side = Math.min(image.widthPx, image.heightPx);
  // Lines and letters grow with the picture, so that they look alike once it is scaled to a screen.
  const linePx = Math.min(8, Math.max(1, Math.round(side / 250)));
  paintMask(canvas, mask, { colour: MASK_COLOUR, tint: 0.38, reachPx: Math.floor(linePx / 2) });
  if (box) paintBox(canvas, box, { linePx });
  const sizePx = Math.min(40, Math.max(12, Math.round(side / 34)));
  // What is found at the bottom is not to be covered.
  const edge =
    box && box[3] > image.heightPx - 4 * sizePx && box[1] > 4 * sizePx ? 'top' : 'bottom';
  const tookPx = ground ? paintGroundMarks(canvas, ground, { sizePx, edge }) : 0;
  const taken = { topPx: edge === 'top' ? tookPx : 0, footPx: edge === 'top' ? 0 : tookPx };
  paintLabel(canvas, { label, box, sizePx, ...taken });
  return encodePng(canvas);
}

interface Label {
  readonly label: string;
  readonly box: Box | null;
  readonly sizePx: number;
  /** What scale bar and north arrow take at the top and at the bottom. */
  readonly topPx: number;
  readonly footPx: number;
}

function paintLabel(canvas: Canvas, { label, box, sizePx, topPx, footPx }: Label): void {
  const padPx = Math.round(sizePx * 0.45);
  const gapPx = Math.round(sizePx * 0.35);
  const roomPx = canvas.widthPx - 2 * (padPx + gapPx);
  const heightPx = Math.round(sizePx * 1.75);
  if (canvas.heightPx < heightPx + 2 * gapPx || roomPx < 2 * sizePx) return;
  const text = fitText(label, { widthPx: roomPx, sizePx, bold: true });
  if (text === '') return;
  const style = { sizePx, bold: true, colour: '#ffffff' };
  const widthPx = Math.ceil(measureText(text, style)) + 2 * padPx;
  const ground = `<rect width="${widthPx}" height="${heightPx}" rx="${heightPx / 4}" fill="#12141c" fill-opacity="0.82"/>`;
  const line = textElement({ ...style, text, x: padPx, y: Math.round(sizePx * 1.23) });
  canvas.stick(renderSvg(ground + line, { widthPx, heightPx }), place());

  /** Above the box, else below it, else at the picture's top; always inside. */
  function place() {
    const [x1, y1, , y2] = box ?? [0, 0, 0, 0];
    const above = Math.floor(y1) - 2 * gapPx - heightPx;
    const below = Math.ceil(y2) + 2 * gapPx;
    const fitsBelow = box !== null && below + heightPx + gapPx + footPx <= canvas.heightPx;
    const y = above >= gapPx + topPx ? above : fitsBelow ? below : gapPx + topPx;
    const x = Math.min(Math.max(gapPx, Math.floor(x1)), canvas.widthPx - widthPx - gapPx);
    return { x, y };
  }
}
