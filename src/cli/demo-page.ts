/** demo.html: one page with every picture inside it. */

export interface DemoCase {
  readonly expression: string;
  /** What the expression tells its object apart by. */
  readonly kind: string;
  readonly found: boolean;
  /** Of the mask with the truth, 0..1. */
  readonly iou: number;
  /** The same before SAM redrew the mask. */
  readonly iouBefore: number;
  readonly seconds: number;
  readonly answer: string;
  /** PNG: input, relevance, attention, evolved map, mask with the outline of the truth. */
  readonly panel: Uint8Array;
}

export interface DemoPage {
  readonly title: string;
  /** What these checkpoints know, said plainly. */
  readonly notice: string;
  readonly cases: readonly DemoCase[];
  /** Versions and machine. */
  readonly footer: string;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
.notice { border-left: 4px solid #c80; padding: .5rem 1rem; }
section { border-top: 1px solid #8886; margin-top: 2rem; }
img { max-width: 100%; border-radius: 4px; }
figure { margin: 1rem 0; }
figcaption, footer { color: #777; font-size: .9rem; }
code { overflow-wrap: anywhere; }
`;

export function demoPage({ title, notice, cases, footer }: DemoPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="notice">${escapeHtml(notice)}</p>
${cases.map(section).join('\n')}
<footer>${escapeHtml(footer)}</footer>
</body>
</html>
`;
}

function section(shown: DemoCase): string {
  const { expression, kind, found, iou, iouBefore, seconds, answer, panel } = shown;
  const verdict = found
    ? `found, IoU ${iouBefore.toFixed(2)} with the truth, ${iou.toFixed(2)} refined by SAM`
    : 'not found';
  return `<section>
<h2>“${escapeHtml(expression)}”</h2>
<p>${escapeHtml(kind)} · <strong>${verdict}</strong> · ${seconds.toFixed(1)} s · the VLM said <code>${escapeHtml(answer)}</code></p>
<figure>${picture(panel, `input, relevance, attention, evolved map, mask and refined mask for “${expression}”`)}
<figcaption>The thin outline in the last two pictures is the truth.</figcaption></figure>
</section>`;
}

function picture(png: Uint8Array, alt: string): string {
  const base64 = Buffer.from(png).toString('base64');
  return `<img alt="${escapeHtml(alt)}" src="data:image/png;base64,${base64}">`;
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (letter) => entities[letter]!);
}
