/** sheet.png of `zeroov synthesize`: what was made, at a look. */
import { Canvas } from '../imagery/canvas.ts';
import { renderSvg, type TextLine, textElement, wrapText } from '../imagery/labels.ts';
import { paintBox } from '../imagery/paint.ts';
import type { Expression } from '../synthetic/expressions.ts';
import type { Scene } from '../synthetic/scene.ts';
import type { RgbImage } from '../tensor/image.ts';
import { resizePillow } from '../tensor/resize.ts';

const COLUMNS = 6;
const TILE_PX = 256;
const GAP_PX = 14;
const CAPTION = { sizePx: 13, colour: '#14161f' };
const LINES = 2;
const LINE_PX = 18;

/** Scenes side by side, six a row, each with the box of one of its expressions, and that expression below it. */
export function drawSheet(scenes: readonly Scene[]): RgbImage {
  const columns = Math.min(COLUMNS, scenes.length);
  const rows = Math.ceil(scenes.length / columns);
  const [stepX, stepY] = [TILE_PX + GAP_PX, TILE_PX + LINES * LINE_PX + GAP_PX];
  const size = { widthPx: columns * stepX + GAP_PX, heightPx: rows * stepY + GAP_PX };
  const canvas = Canvas.filled(size, [255, 255, 255]);
  const captions: TextLine[] = [];
  for (const [i, scene] of scenes.entries()) {
    const [x, y] = [GAP_PX + (i % columns) * stepX, GAP_PX + Math.floor(i / columns) * stepY];
    const shown = expressionOf(scene, i);
    canvas.paste(drawScene(scene, shown?.box ?? null), { x, y });
    const wrap = { ...CAPTION, widthPx: TILE_PX, maxLines: LINES };
    for (const [line, text] of wrapText(shown?.text ?? '', wrap).entries()) {
      captions.push({ ...CAPTION, text, x, y: y + TILE_PX + (line + 1) * LINE_PX - 4 });
    }
  }
  canvas.stick(renderSvg(captions.map(textElement).join(''), size), { x: 0, y: 0 });
  return canvas;
}

/** Of something that is there; another one in every scene, so that a sheet shows all kinds. */
function expressionOf({ expressions }: Scene, i: number): Expression | undefined {
  const there = expressions.filter(({ box }) => box !== null);
  return there[i % there.length];
}

function drawScene({ image }: Scene, box: Expression['box']): RgbImage {
  const tile = { widthPx: TILE_PX, heightPx: TILE_PX };
  const canvas = Canvas.copyOf(resizePillow(image, { ...tile, filter: 'bicubic' }));
  const scale = TILE_PX / image.widthPx;
  if (box) {
    const [x1, y1, x2, y2] = box;
    paintBox(canvas, [x1 * scale, y1 * scale, x2 * scale, y2 * scale], { linePx: 2 });
  }
  return canvas;
}
