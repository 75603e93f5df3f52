/** The pictures of an example, as data URLs: what was looked at, and the same with truth and answer drawn in. */
import sharp from 'sharp';
import { ZeroovError } from '../../errors.ts';
import { Canvas } from '../../imagery/canvas.ts';
import { heatOver } from '../../imagery/heat.ts';
import { MASK_COLOUR, paintBox, paintMask, TRUTH_COLOUR } from '../../imagery/paint.ts';
import type { Box, Mask, RgbImage, Size } from '../../tensor/image.ts';
import { nearestIndicesPillow, resizePillow } from '../../tensor/resize.ts';
import { maskOf } from '../metrics/score-sample.ts';
import { Pictures } from '../run/pictures.ts';
import type { Dataset, Prediction, Sample, Truth } from '../sample.ts';
import type { StageMap } from './stage-maps.ts';

/** The longer side: sharp on a phone, and three dozen pairs stay below two megabytes. */
const SIDE_PX = 320;
/** Three maps lie below a pair, and are smooth. */
const STAGE_SIDE_PX = 208;

export interface DrawnPicture extends Size {
  /** A data URL: WebP. */
  readonly url: string;
}

export interface DrawnExample {
  readonly plain: DrawnPicture;
  readonly marked: DrawnPicture;
  readonly stages: readonly (DrawnPicture & Pick<StageMap, 'stage'>)[];
}

interface ExampleParts {
  readonly sample: Sample;
  readonly dataset: Dataset;
  readonly maps: readonly StageMap[];
}

/** Null where the picture or its truth cannot be read. */
export async function drawExample(
  prediction: Prediction,
  { sample, dataset, maps }: ExampleParts,
): Promise<DrawnExample | null> {
  try {
    const { image } = await new Pictures(dataset).open(sample);
    const truth = await sample.readTruth();
    const small = shrink(image, SIDE_PX);
    const marked = mark(small, { prediction, truth, scale: small.widthPx / image.widthPx });
    return {
      plain: await encode(small),
      marked: await encode(marked),
      stages: await drawStages(maps, shrink(image, STAGE_SIDE_PX)),
    };
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}

/** Each map as heat over the picture. */
async function drawStages(
  maps: readonly StageMap[],
  small: RgbImage,
): Promise<DrawnExample['stages']> {
  const drawn: DrawnExample['stages'][number][] = [];
  for (const { stage, map } of maps) drawn.push({ stage, ...(await encode(heatOver(small, map))) });
  return drawn;
}

interface Marks {
  readonly prediction: Prediction;
  readonly truth: Truth;
  /** Of the small picture to the whole. */
  readonly scale: number;
}

/** The answer's mask and box, the truth's outline, and its box where it has no mask. */
function mark(small: RgbImage, { prediction, truth, scale }: Marks): RgbImage {
  const canvas = Canvas.copyOf(small);
  const scaled = (box: Box) => box.map((edge) => edge * scale) as unknown as Box;
  if (prediction.mask) {
    const style = { colour: MASK_COLOUR, tint: 0.42, reachPx: 1 };
    paintMask(canvas, atSize(maskOf(prediction.mask), small), style);
  }
  if (truth.mask) {
    paintMask(canvas, atSize(truth.mask, small), { colour: TRUTH_COLOUR, tint: 0, reachPx: 1 });
  } else if (truth.box) {
    canvas.frame(scaled(truth.box).map(Math.round) as unknown as Box, 2, TRUTH_COLOUR);
  }
  if (prediction.box) paintBox(canvas, scaled(prediction.box), { linePx: 2 });
  return canvas;
}

function shrink(image: RgbImage, sidePx: number): RgbImage {
  const scale = sidePx / Math.max(image.widthPx, image.heightPx);
  const side = (px: number) => Math.max(1, Math.round(px * scale));
  const size = { widthPx: side(image.widthPx), heightPx: side(image.heightPx) };
  return resizePillow(image, { ...size, filter: 'bicubic' });
}

function atSize(mask: Mask, { widthPx, heightPx }: Size): Mask {
  const rows = nearestIndicesPillow(mask.heightPx, heightPx);
  const columns = nearestIndicesPillow(mask.widthPx, widthPx);
  const data = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => {
    const row = rows[Math.floor(i / widthPx)]!;
    return mask.data[row * mask.widthPx + columns[i % widthPx]!]!;
  });
  return { widthPx, heightPx, data };
}

async function encode({ data, widthPx, heightPx }: RgbImage): Promise<DrawnPicture> {
  const raw = { width: widthPx, height: heightPx, channels: 3 } as const;
  const bytes = await sharp(data, { raw }).webp({ quality: 82 }).toBuffer();
  return { url: `data:image/webp;base64,${bytes.toString('base64')}`, widthPx, heightPx };
}
