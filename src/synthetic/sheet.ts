import type { Box, RgbImage } from '../tensor/image.ts';
import { type Canvas, paint } from './raster.ts';
import type { Scene } from './scene.ts';

const COLUMNS = 6;
const GAP_PX = 4;

/** A contact sheet: scenes side by side, six a row, each with the box of its first expression drawn in. */
export function drawSheet(scenes: readonly Scene[]): RgbImage {
  const tile = Math.max(1, ...scenes.map((s) => s.image.widthPx));
  const columns = Math.max(1, Math.min(COLUMNS, scenes.length));
  const rows = Math.max(1, Math.ceil(scenes.length / columns));
  const widthPx = columns * (tile + GAP_PX) + GAP_PX;
  const heightPx = rows * (tile + GAP_PX) + GAP_PX;
  const data = new Uint8Array(widthPx * heightPx * 3).fill(255);
  const canvas: Canvas = { widthPx, heightPx, data, owner: new Uint8Array(widthPx * heightPx) };
  scenes.forEach((scene, i) => {
    const left = GAP_PX + (i % columns) * (tile + GAP_PX);
    const top = GAP_PX + Math.floor(i / columns) * (tile + GAP_PX);
    copyInto(canvas, scene.image, [left, top]);
    const box = scene.expressions.find((e) => e.box !== null)?.box;
    if (box) outline(canvas, box, [left, top]);
  });
  return { widthPx, heightPx, data };
}

function copyInto(canvas: Canvas, image: RgbImage, [left, top]: readonly [number, number]): void {
  const stride = image.widthPx * 3;
  for (let y = 0; y < image.heightPx; y += 1) {
    const row = image.data.subarray(y * stride, (y + 1) * stride);
    canvas.data.set(row, ((top + y) * canvas.widthPx + left) * 3);
  }
}

function outline(canvas: Canvas, box: Box, [left, top]: readonly [number, number]): void {
  const [x0, y0, x1, y1] = [box[0] + left, box[1] + top, box[2] + left, box[3] + top];
  const corners = [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ] as const;
  corners.forEach((from, i) => {
    const to = corners[(i + 1) % 4]!;
    paint(canvas, { kind: 'capsule', from, to, radius: 1 }, { colour: [255, 0, 200] });
  });
}
