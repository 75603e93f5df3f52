import { createRequire } from 'node:module';
import { Resvg } from '@resvg/resvg-js';
import type { Sticker } from './canvas.ts';

/** Our own font file: containers often have none, and a text without a font draws nothing. */
const { resolve } = createRequire(import.meta.url);
const FONT = {
  loadSystemFonts: false,
  fontFiles: ['DejaVuSans', 'DejaVuSans-Bold'].map((face) =>
    resolve(`dejavu-fonts-ttf/ttf/${face}.ttf`),
  ),
  defaultFontFamily: 'DejaVu Sans',
};

export interface TextStyle {
  readonly sizePx: number;
  readonly bold?: boolean;
  /** A CSS colour; black unless told. */
  readonly colour?: string;
}

/** One line of text, `x` its left edge and `y` its baseline in px. */
export interface TextLine extends TextStyle {
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** Renders SVG elements on a transparent ground of the given size. */
export function renderSvg(
  elements: string,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Sticker {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${widthPx}" height="${heightPx}">${elements}</svg>`;
  const rendered = new Resvg(svg, { font: FONT }).render();
  return { widthPx: rendered.width, heightPx: rendered.height, data: rendered.pixels };
}

/** A `<text>` element; anything may stand in the text. */
export function textElement({ text, x, y, ...style }: TextLine): string {
  const { sizePx, bold = false, colour = '#000000' } = style;
  const weight = bold ? 'bold' : 'normal';
  return (
    `<text x="${x}" y="${y}" font-family="DejaVu Sans" font-size="${sizePx}" font-weight="${weight}" ` +
    `fill="${colour}" xml:space="preserve">${escapeXml(text)}</text>`
  );
}

/** Advances of single characters in em, measured once each; `true` for bold. */
const advances = new Map<boolean, Map<string, number>>([
  [false, new Map()],
  [true, new Map()],
]);

/** Width of a line in px: the sum of its characters' advances (kerning and ligatures left aside). */
export function measureText(text: string, { sizePx, bold = false }: TextStyle): number {
  const known = advances.get(bold)!;
  let width = 0;
  for (const character of text) {
    let advance = known.get(character);
    if (advance === undefined) {
      advance = inkWidth(`|${character}|`, bold) - inkWidth('||', bold);
      known.set(character, advance);
    }
    width += advance;
  }
  return width * sizePx;
}

/** In em. */
function inkWidth(text: string, bold: boolean): number {
  const sizePx = 100;
  const element = textElement({ text, x: 0, y: 0, sizePx, bold });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">${element}</svg>`;
  return (new Resvg(svg, { font: FONT }).getBBox()?.width ?? 0) / sizePx;
}

/** The text, or as much of its beginning as fits `widthPx` followed by "…"; empty when not even that fits. */
export function fitText(
  text: string,
  { widthPx, ...style }: TextStyle & { widthPx: number },
): string {
  const characters = Array.from(oneLine(text));
  if (fits(characters.join(''))) return characters.join('');
  let [low, high] = [-1, characters.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(shortened(middle))) low = middle;
    else high = middle - 1;
  }
  return low < 0 ? '' : shortened(low);

  function shortened(length: number): string {
    return `${characters.slice(0, length).join('').trimEnd()}…`;
  }
  function fits(candidate: string): boolean {
    return measureText(candidate, style) <= widthPx;
  }
}

/** Breaks a text at spaces into at most `maxLines` lines of `widthPx`; what is left over ends in "…". */
export function wrapText(
  text: string,
  options: TextStyle & { widthPx: number; maxLines: number },
): string[] {
  const { maxLines, ...line } = options;
  const words = oneLine(text).split(' ');
  const lines: string[] = [];
  while (words.length > 0 && lines.length < maxLines - 1) {
    let count = words.length;
    while (count > 1 && measureText(words.slice(0, count).join(' '), line) > line.widthPx)
      count -= 1;
    lines.push(fitText(words.splice(0, count).join(' '), line));
  }
  if (words.length > 0) lines.push(fitText(words.join(' '), line));
  return lines.filter((wrapped) => wrapped !== '');
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}

/** What XML 1.0 cannot hold (control characters, lone surrogates) becomes U+FFFD. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character]!);
}
