/** The "direct box" baseline: the box that the VLM's answer spells, brought back from the picture it was shown. */
import type { Box, Size } from '../tensor/image.ts';

const NUMBER = String.raw`\s*(-?\d+(?:\.\d+)?)\s*`;
const BOX = new RegExp([NUMBER, NUMBER, NUMBER, NUMBER].join(','));

/**
 * The first four comma-separated numbers of the answer as [x1, y1, x2, y2], from pixels of the RESIZED input to pixels
 * of the picture, cut at its edges. Null when the answer has no such numbers or they enclose nothing: "not found".
 */
export function directBox(
  answer: string,
  { resized, image }: { resized: Size; image: Size },
): Box | null {
  const numbers = BOX.exec(answer)?.slice(1).map(Number);
  if (!numbers) return null;
  const scaleX = image.widthPx / resized.widthPx;
  const scaleY = image.heightPx / resized.heightPx;
  const cut = (value: number, limit: number) => Math.min(limit, Math.max(0, value));
  const [x1, y1, x2, y2] = numbers.map((value, i) =>
    i % 2 === 0 ? cut(value * scaleX, image.widthPx) : cut(value * scaleY, image.heightPx),
  ) as [number, number, number, number];
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null;
}
