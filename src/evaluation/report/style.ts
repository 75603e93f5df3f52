/** The style of report.html: light and dark by what the reader prefers, no font and no file from elsewhere. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --sheet: #ffffff; --ink: #161a22; --soft: #5a6374; --line: #dfe3ea;
  --mask: #c81e63; --box: #a86200; --truth: #087e96; --note: #fff7e8; --note-line: #c98700;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1116; --sheet: #181b22; --ink: #e9ebf1; --soft: #9aa4b8; --line: #2c313d;
    --mask: #ff6ea3; --box: #f2b950; --truth: #40e0ff; --note: #2a2313; --note-line: #d89b1d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 74rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
h3.sort { margin-top: 1.5rem; }
p { margin: .4rem 0; max-width: 62rem; }
.soft, .lead { color: var(--soft); }
.sheet p.soft { font-size: .85rem; margin: .75rem 0 0; }
h2 + .soft { margin-bottom: .75rem; }
.notice { background: var(--note); border-left: 4px solid var(--note-line); border-radius: 0 6px 6px 0;
  padding: .75rem 1rem; margin: 1.25rem 0; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
.tile, .sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; padding: .9rem 1rem; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile .mask { color: var(--mask); } .tile .box { color: var(--box); }
.tile span { display: block; color: var(--soft); font-size: .85rem; }
.tile span:last-child { font-size: .76rem; }
.sheet { margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .5rem; }
th, td { padding: .4rem .6rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); white-space: nowrap; }
thead th:first-child { text-align: left; }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
tbody th { text-align: left; font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
td small { display: block; color: var(--soft); font-size: .76rem; }
td.share { background: linear-gradient(var(--of), var(--of)) left bottom / var(--share) 3px no-repeat; }
.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere; font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.charts .sheet { margin: 0; }
svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.charts .sheet > svg { width: 100%; }
svg .label { fill: var(--soft); }
svg line { stroke: var(--line); }
svg rect.mask { fill: var(--mask); } svg rect.box { fill: var(--box); }
svg polyline { fill: none; stroke-width: 2.25; stroke-linejoin: round; }
svg polyline.mask { stroke: var(--mask); } svg polyline.box { stroke: var(--box); }
svg .marked { fill: none; stroke: var(--ink); stroke-width: 2.5; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; color: var(--soft); font-size: .85rem; padding: 0; margin: .3rem 0; list-style: none; }
.key li::before { content: ""; display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; vertical-align: -.05em; background: var(--swatch); }
.maps { display: flex; flex-wrap: wrap; gap: 1.25rem; }
.maps figure { margin: 0; max-width: 100%; overflow-x: auto; }
.maps figcaption { font-size: .85rem; font-weight: 600; }
.maps svg { max-width: none; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1rem; }
.gallery figure { margin: 0; background: var(--sheet); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; background: var(--line); }
.pair img { display: block; width: 100%; height: auto; }
.stages { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; gap: 2px; margin-top: 2px; background: var(--line); }
.stages div { background: var(--sheet); }
.stages img { display: block; width: 100%; height: auto; }
.stages span { display: block; padding: .1rem .3rem; text-align: center; font-size: .72rem; color: var(--soft); }
.gallery { margin-bottom: 2rem; }
.gallery figcaption { padding: .6rem .8rem .75rem; font-size: .9rem; overflow-wrap: anywhere; }
.gallery q { font-weight: 600; }
.gallery .soft { display: block; font-size: .82rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { background: #fff; } .sheet, .tile, figure { break-inside: avoid; } }
`;
