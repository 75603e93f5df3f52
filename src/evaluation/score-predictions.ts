/** Scores what another program predicted: no model of ours runs. */
import { ZeroovError } from '../errors.ts';
import { describeMask } from '../pipeline/mask.ts';
import type { Size } from '../tensor/image.ts';
import { maskOf, NOTHING, scoreSample } from './metrics/score-sample.ts';
import { type Located, PredictionFile } from './prediction-file.ts';
import { Pictures } from './run/pictures.ts';
import type { Dataset, Prediction, Sample, SampleRecord, Truth } from './sample.ts';

export interface PredictionJob {
  readonly dataset: Dataset;
  /** Those of the dataset that count. */
  readonly samples: readonly Sample[];
  /** predictions.jsonl */
  readonly file: string;
}

export interface ScoredPredictions {
  /** What is scored: boxes only where a line has one, masks likewise; both where no line has either. */
  readonly has: Dataset['has'];
  /** A record for every sample, in order. A sample without a line has failed. */
  readonly records: AsyncGenerator<SampleRecord>;
}

/**
 * Checks the whole file; the records are then made as they are asked for.
 *
 * @throws PREDICTIONS_UNREADABLE, PREDICTION_INVALID; the records throw the latter for a mask that is of neither the truth's nor
 *   the picture's size
 */
export async function scorePredictions(job: PredictionJob): Promise<ScoredPredictions> {
  const { samples, has } = job.dataset;
  const predictions = await PredictionFile.open(job.file, new Set(samples.map(({ id }) => id)));
  const any = predictions.has.box || predictions.has.mask ? predictions.has : has;
  const scored = { box: has.box && any.box, mask: has.mask && any.mask };
  return { has: scored, records: recordsOf(predictions, { ...job, has: scored }) };
}

interface Scoring extends PredictionJob {
  readonly has: Dataset['has'];
}

async function* recordsOf(
  predictions: PredictionFile,
  scoring: Scoring,
): AsyncGenerator<SampleRecord> {
  try {
    for (const sample of scoring.samples) {
      yield await recordOf(sample, { ...scoring, located: await predictions.read(sample.id) });
    }
  } finally {
    await predictions.close();
  }
}

async function recordOf(
  sample: Sample,
  scoring: Scoring & { readonly located: Located | null },
): Promise<SampleRecord> {
  const { located, dataset } = scoring;
  const { id, expression, image, category, kind } = sample;
  const about = { id, expression, image, category, kind };
  const prediction = located?.prediction ?? { id, ...NOTHING };
  const truth = await readTruth(sample, scoring);
  if (truth instanceof ZeroovError) {
    const message = truth.message.replaceAll(`${dataset.root}/`, '');
    const error = { code: truth.code, message };
    return { ...about, status: 'failed', error, prediction, scores: { box: null, mask: null } };
  }
  if (located) await assertSize(sample, { ...scoring, located, truth });
  const scores = scoreSample(prediction, truth);
  if (located) return { ...about, status: statusOf(prediction), prediction, scores };
  const { code, message } = new ZeroovError('PREDICTION_MISSING', { sample: id });
  return { ...about, status: 'failed', error: { code, message }, prediction, scores };
}

/** Without what is not scored; the error of a truth that cannot be read is the sample's. */
async function readTruth(sample: Sample, { has }: Scoring): Promise<Truth | ZeroovError> {
  try {
    const { box, mask } = await sample.readTruth();
    return { box: has.box ? box : null, mask: has.mask ? mask : null };
  } catch (error) {
    if (error instanceof ZeroovError) return error;
    throw error;
  }
}

function statusOf({ box, mask }: Prediction): SampleRecord['status'] {
  const found = box !== null || (mask !== null && describeMask(maskOf(mask)).found);
  return found ? 'ok' : 'not-found';
}

/** A mask may have the picture's size where the true mask has another. @throws PREDICTION_INVALID */
async function assertSize(
  sample: Sample,
  { dataset, file, located, truth }: Scoring & { located: Located; truth: Truth },
): Promise<void> {
  const { mask } = located.prediction;
  if (!mask || !truth.mask) return;
  const fits = ({ heightPx, widthPx }: Size) =>
    mask.size[0] === heightPx && mask.size[1] === widthPx;
  if (fits(truth.mask)) return;
  const picture = await sizeOfPicture(sample, dataset);
  if (picture && fits(picture)) return;
  const say = ({ heightPx, widthPx }: Size) => `${heightPx} × ${widthPx}`;
  const sizes = `the true mask has ${say(truth.mask)}, the picture ${picture ? say(picture) : 'cannot be read'}`;
  const reason = `the mask's size is ${mask.size.join(' × ')} (height × width), but ${sizes}`;
  throw new ZeroovError('PREDICTION_INVALID', { file, line: located.line, reason });
}

async function sizeOfPicture(sample: Sample, dataset: Dataset): Promise<Size | null> {
  try {
    return (await new Pictures(dataset).open(sample)).image;
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}
