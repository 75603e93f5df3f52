import { escapeXml } from '../../imagery/labels.ts';
import { BOX_COLOUR, MASK_COLOUR, TRUTH_COLOUR } from '../../imagery/paint.ts';
import type { DrawnExample, DrawnPicture } from './draw-example.ts';
import type { Gallery, GalleryItem } from './gallery.ts';

const SORTS = {
  best: { title: 'Best', about: 'IoU of one half and more, the highest.' },
  worst: {
    title: 'Worst',
    about: 'Something was found, but not what was meant: IoU below one half.',
  },
  missed: { title: 'Failed or not found', about: 'Failed samples first.' },
} as const;

const KEY = [
  { text: 'answer: mask', colour: MASK_COLOUR },
  { text: 'answer: box', colour: BOX_COLOUR },
  { text: 'truth', colour: TRUTH_COLOUR },
];

/** Pictures with truth and answer, a few of each sort; sorts without any are left out. */
export function gallerySection(gallery: Gallery): string {
  const sections = Object.entries(SORTS).flatMap(([sort, { title, about }]) => {
    const items = gallery[sort as keyof Gallery];
    if (items.length === 0) return [];
    return `<h3 class="sort">${title}</h3><p class="soft">${about}</p><div class="gallery">${items.map(figure).join('')}</div>`;
  });
  if (sections.length === 0) return '';
  const key = KEY.map(
    ({ text, colour }) => `<li style="--swatch: rgb(${colour.join(' ')})">${text}</li>`,
  );
  return `<h2>Examples</h2>${sayMissing(gallery)}<ul class="key">${key.join('')}</ul>${sections.join('')}`;
}

function sayMissing(gallery: Gallery): string {
  const items = Object.values(gallery).flat();
  const without = items.filter(({ drawn }) => drawn === null).length;
  if (without === 0) return '';
  return `<p class="soft">${without} of ${items.length} are shown without pictures, which could not be read: “zeroov report RUN --root DIR” draws them from the dataset in DIR.</p>`;
}

function figure({ record, iou, drawn }: GalleryItem): string {
  const { id, expression, category, status, error } = record;
  const pictures = drawn
    ? `<div class="pair">${image(drawn.plain, `picture of sample ${id}`)}${image(drawn.marked, `the same with answer and truth`)}</div>${stageStrip(drawn.stages)}`
    : '';
  const verdict = { ok: 'found', 'not-found': 'not found', failed: 'failed' }[status];
  const facts = [
    verdict,
    ...(status === 'ok' && iou !== null ? [`IoU ${iou.toFixed(2)}`] : []),
    ...(category === null ? [] : [category]),
    `sample ${id}`,
  ];
  const reason = error
    ? `<span class="soft">${escapeXml(`${error.message} [${error.code}]`)}</span>`
    : '';
  return `<figure>${pictures}<figcaption><q>${escapeXml(expression)}</q><span class="soft">${escapeXml(facts.join(' · '))}</span>${reason}</figcaption></figure>`;
}

/** What the method saw on the way, stage by stage. */
function stageStrip(stages: DrawnExample['stages']): string {
  if (stages.length === 0) return '';
  const cells = stages.map(
    ({ stage, ...drawn }) => `<div>${image(drawn, `${stage} map`)}<span>${stage}</span></div>`,
  );
  return `<div class="stages">${cells.join('')}</div>`;
}

function image({ url, widthPx, heightPx }: DrawnPicture, alt: string): string {
  return `<img src="${url}" width="${widthPx}" height="${heightPx}" alt="${escapeXml(alt)}">`;
}
