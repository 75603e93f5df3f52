/** What the demo's page shows of a grounding: a picture a stage, the last ones against the truth. */
import { Canvas } from '../imagery/canvas.ts';
import { heatOver } from '../imagery/heat.ts';
import { MASK_COLOUR, paintBox, paintMask, TRUTH_COLOUR } from '../imagery/paint.ts';
import { encodePng } from '../imagery/png.ts';
import type { Grounding } from '../pipeline/ground.ts';
import type { Finding } from '../pipeline/mask.ts';
import type { Mask, RgbImage } from '../tensor/image.ts';

export interface StagePicture {
  readonly title: string;
  readonly note: string;
  /** At the scene's size. */
  readonly png: Uint8Array;
}

/** Scene and true mask, both of the same size. */
export interface Seen {
  readonly image: RgbImage;
  readonly truth: Mask;
}

/** input, relevance, attention, evolved map, mask and, where SAM redrew it, the refined mask. */
export async function drawStages(
  { maps, refinement, ...found }: Pick<Grounding, 'maps' | 'refinement' | keyof Finding>,
  { image, truth }: Seen,
): Promise<StagePicture[]> {
  const stages = [
    { title: 'relevance', note: 'where the VLM looks while it answers', map: maps.overview },
    { title: 'attention', note: 'with the structure of the picture', map: maps.attention },
    { title: 'evolved', note: 'the region grown from the seeds', map: maps.evolved },
  ];
  const drawn = [
    { title: 'input', note: `${image.widthPx} × ${image.heightPx} px`, picture: image },
    ...stages.flatMap(({ map, ...text }) =>
      map ? [{ ...text, picture: heatOver(image, map) }] : [],
    ),
    {
      title: 'mask',
      note: 'what lies above α, and its box',
      picture: mark(refinement?.before ?? found, { image, truth }),
    },
    ...(refinement
      ? [{ title: 'refined', note: 'redrawn by SAM', picture: mark(found, { image, truth }) }]
      : []),
  ];
  const pictures: StagePicture[] = [];
  for (const { picture, ...text } of drawn) {
    pictures.push({ ...text, png: await encodePng(picture) });
  }
  return pictures;
}

function mark({ mask, box }: Pick<Finding, 'mask' | 'box'>, { image, truth }: Seen): RgbImage {
  const canvas = Canvas.copyOf(image);
  paintMask(canvas, mask, { colour: MASK_COLOUR, tint: 0.42, reachPx: 0 });
  paintMask(canvas, truth, { colour: TRUTH_COLOUR, tint: 0, reachPx: 0 });
  if (box) paintBox(canvas, box, { linePx: 1 });
  return canvas;
}
