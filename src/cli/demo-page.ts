/** demo.html: one page with every picture inside it; light or dark by what the reader prefers. */
import { escapeXml } from '../imagery/labels.ts';
import type { StagePicture } from './demo-pictures.ts';

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
  readonly pictures: readonly StagePicture[];
}

export interface DemoPage {
  /** What these checkpoints know, said plainly. */
  readonly notice: string;
  /** What gets checkpoints for real imagery. */
  readonly commands: readonly string[];
  readonly cases: readonly DemoCase[];
  /** Versions and machine. */
  readonly footer: string;
}

const TITLE = 'zeroov: three expressions in one scene';

const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --sheet: #fff; --ink: #161a22; --soft: #5a6374; --line: #dfe3ea; --note: #fff7e8; --note-line: #c98700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1116; --sheet: #181b22; --ink: #e9ebf1; --soft: #9aa4b8; --line: #2c313d; --note: #2a2313; --note-line: #d89b1d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0; overflow-wrap: anywhere; }
p { margin: .4rem 0; max-width: 62rem; }
.soft, footer, figcaption { color: var(--soft); font-size: .85rem; }
.notice { background: var(--note); border-left: 4px solid var(--note-line); border-radius: 0 6px 6px 0; padding: .75rem 1rem; margin: 1.25rem 0; }
pre { margin: .5rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, monospace; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.2rem 1.2rem; margin: 1.25rem 0; }
.verdict { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: .35rem 0 .9rem; font-variant-numeric: tabular-nums; }
.verdict b { font-size: 1.05rem; }
.stages { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.6rem, 1fr)); gap: .8rem; }
figure { margin: 0; }
img { display: block; width: 100%; height: auto; border-radius: 5px; }
figcaption { line-height: 1.35; margin-top: .35rem; }
figcaption b { display: block; color: var(--ink); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; margin: 1rem 0 0; padding: 0; color: var(--soft); font-size: .85rem; }
.key i { display: inline-block; width: 1em; height: .8em; border-radius: 2px; margin-right: .4em; vertical-align: -.05em; }
.key .heat { width: 5em; background: linear-gradient(90deg, #12104a, #50177b, #b0246d, #ec5c3f, #f6a53a, #f3f19b); }
footer { margin-top: 2rem; overflow-wrap: anywhere; }
@media print { section { break-inside: avoid; } }
`;

const KEY = `<ul class="key">
<li><i class="heat"></i>low to high</li>
<li><i style="background: #ff2d78"></i>mask</li>
<li><i style="background: #ffe13c"></i>its box</li>
<li><i style="background: #40e0ff"></i>outline of the truth</li>
</ul>`;

export function demoPage({ notice, commands, cases, footer }: DemoPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TITLE}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${TITLE}</h1>
<p class="soft">A vision-language model says where to look, a diffusion model knows shapes, a region grows where both agree, and SAM redraws its outline. None of them was trained to outline what an expression means.</p>
<div class="notice"><p>${escapeXml(notice)} For real imagery:</p>
<pre><code>${commands.map(escapeXml).join('\n')}</code></pre></div>
${cases.map(section).join('\n')}
${KEY}
<footer>${escapeXml(footer)}</footer>
</main>
</body>
</html>
`;
}

function section(shown: DemoCase): string {
  const { expression, kind, found, iou, iouBefore, seconds, answer, pictures } = shown;
  const parts = [
    found ? `<b>found</b>` : `<b>not found</b>`,
    `IoU with the truth <b>${iouBefore.toFixed(2)}</b>, refined <b>${iou.toFixed(2)}</b>`,
    `${seconds.toFixed(1)} s`,
    `told apart by: ${escapeXml(kind)}`,
    `the VLM answered <code>${escapeXml(answer)}</code>`,
  ];
  return `<section>
<h2>“${escapeXml(expression)}”</h2>
<p class="verdict">${parts.map((part) => `<span>${part}</span>`).join('')}</p>
<div class="stages">${pictures.map((picture) => figure(picture, expression)).join('')}</div>
</section>`;
}

function figure({ title, note, png }: StagePicture, expression: string): string {
  const base64 = Buffer.from(png).toString('base64');
  return `<figure><img alt="${escapeXml(`${title} for “${expression}”`)}" src="data:image/png;base64,${base64}">
<figcaption><b>${escapeXml(title)}</b>${escapeXml(note)}</figcaption></figure>`;
}
