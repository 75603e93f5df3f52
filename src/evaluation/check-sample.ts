/** Whether the picture and the truth of one sample can be read, and whether they fit each other. */
import { stat } from 'node:fs/promises';
import sharp from 'sharp';
import { ZeroovError } from '../errors.ts';
import type { Size } from '../tensor/image.ts';
import { unreadable } from './datasets/truth.ts';
import { locateImage } from './locate-image.ts';
import type { Dataset, Sample, Truth } from './sample.ts';

export interface SampleCheck {
  /** Files that are missing or cannot be read. */
  readonly faults: readonly { readonly file: string; readonly reason: string }[];
  /** The mask has another size than the picture. */
  readonly otherSize: boolean;
  /** The box reaches beyond the picture. */
  readonly beyond: boolean;
}

/** Reads the header of the picture and the whole of the truth. */
export async function checkSample(dataset: Dataset, sample: Sample): Promise<SampleCheck> {
  const size = await orFault(() => pictureSize(dataset, sample));
  const truth = await orFault(() => sample.readTruth());
  const faults = [size, truth].flatMap((one) => ('fault' in one ? [one.fault] : []));
  if ('fault' in size || 'fault' in truth) return { faults, otherSize: false, beyond: false };
  return { faults, ...compare(size.value, truth.value) };
}

type OrFault<T> = { readonly value: T } | { readonly fault: { file: string; reason: string } };

async function orFault<T>(work: () => Promise<T>): Promise<OrFault<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof ZeroovError)) throw error;
    const { file, reason } = error.toJSON();
    return { fault: { file: String(file), reason: String(reason) } };
  }
}

/** From the header alone. @throws DATASET_SAMPLE */
async function pictureSize(dataset: Dataset, sample: Sample): Promise<Size> {
  const path = await locateImage(dataset, sample);
  const source = { sample: sample.id, file: sample.image };
  if (!(await stat(path)).isFile()) throw unreadable(source, 'is not a regular file');
  try {
    const { width, height } = await sharp(path, { limitInputPixels: false }).metadata();
    return { widthPx: width, heightPx: height };
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw unreadable(source, `is damaged (${reason})`, cause);
  }
}

function compare({ widthPx, heightPx }: Size, { box, mask }: Truth) {
  const [x1, y1, x2, y2] = box ?? [0, 0, 0, 0];
  return {
    otherSize: mask !== null && (mask.widthPx !== widthPx || mask.heightPx !== heightPx),
    beyond: x1 < 0 || y1 < 0 || x2 > widthPx || y2 > heightPx,
  };
}
