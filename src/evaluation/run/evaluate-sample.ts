/** One sample under every variant: pictures and truth in, records out, and the evidence that they were decided from. */
import { type ErrorClass, type ErrorCode, throwIfAborted, ZeroovError } from '../../errors.ts';
import type { Evidence } from '../../pipeline/gather.ts';
import { decide } from '../../pipeline/ground.ts';
import type { Grounder } from '../../pipeline/grounder.ts';
import { rleOf } from '../../pipeline/record-parts.ts';
import type { Refined } from '../../pipeline/refine.ts';
import type { RgbImage } from '../../tensor/image.ts';
import { NOTHING, scoreSample } from '../metrics/score-sample.ts';
import type { Dataset, Sample, SampleRecord, Truth } from '../sample.ts';
import type { Entry } from './entry.ts';
import { decodeEvidence, encodeEvidence, type StoredEvidence } from './evidence-codec.ts';
import { Pictures } from './pictures.ts';
import type { Group } from './variants.ts';

export interface Evaluated {
  readonly entry: Entry;
  /** The evidence, encoded; null when the sample failed. */
  readonly evidence: Buffer | null;
  /** Why it failed. */
  readonly error: ZeroovError | null;
}

/** What is asked of a grounder. */
export type Networks = Pick<Grounder, 'gather' | 'refine' | 'provider' | 'dispose'>;

export interface EvaluatorParts {
  readonly dataset: Dataset;
  readonly groups: readonly Group[];
  readonly openNetworks: () => Promise<Networks>;
  readonly signal: AbortSignal;
}

export class Evaluator {
  private readonly pictures: Pictures;
  private networks: Networks | undefined;

  constructor(private readonly parts: EvaluatorParts) {
    this.pictures = new Pictures(parts.dataset);
  }

  /** A failure of the sample is its result; any other error is thrown. */
  async evaluate(position: number): Promise<Evaluated> {
    throwIfAborted(this.parts.signal);
    const sample = this.parts.dataset.samples[position]!;
    try {
      return await this.answer(sample, position);
    } catch (cause) {
      const error = errorOf(cause);
      if (!isOfSample(error)) throw error;
      if (error.class === 'WorkerCrashed') await this.close();
      return this.fail(sample, { position, error });
    }
  }

  /** Ends the inference thread, if one was started; a later sample starts another. */
  async close(): Promise<void> {
    await this.networks?.dispose();
    this.networks = undefined;
  }

  private async answer(sample: Sample, position: number): Promise<Evaluated> {
    const started = performance.now();
    const { image, sha256: picture } = await this.pictures.open(sample);
    const truth = await sample.readTruth();
    this.networks ??= await this.parts.openNetworks();
    const opened = performance.now();
    const gathered = await this.gather(image, sample.expression);
    const seen = performance.now();
    const evidence = encodeEvidence({
      id: sample.id,
      size: image,
      truth: { box: truth.box, mask: truth.mask && rleOf(truth.mask) },
      evidence: gathered,
    });
    // What is scored is what is stored, so that a sweep at the same settings gives the same figures.
    const { evidence: stored } = decodeEvidence(evidence)!;
    const records = await this.decideAll(stored, { sample, image, truth });
    const seconds = {
      open: secondsOf(opened - started),
      overview: secondsOf(1000 * sumOf(gathered, 'overview')),
      focus: secondsOf(1000 * sumOf(gathered, 'focus')),
      decide: secondsOf(performance.now() - seen),
    };
    const provider = this.networks.provider ?? null;
    return { entry: { position, picture, provider, seconds, records }, evidence, error: null };
  }

  private async gather(image: RgbImage, expression: string): Promise<Evidence[]> {
    const { groups, signal } = this.parts;
    const gathered: Evidence[] = [];
    for (const { recorded } of groups) {
      const given = { ...recorded[0]!, signal };
      gathered.push(await this.networks!.gather(image, expression, given, recorded));
    }
    return gathered;
  }

  /** The records of all variants, by name. */
  private async decideAll(
    stored: readonly StoredEvidence[],
    { sample, image, truth }: { sample: Sample; image: RgbImage; truth: Truth },
  ): Promise<Record<string, SampleRecord>> {
    const { groups, signal } = this.parts;
    const records: Record<string, SampleRecord> = {};
    for (const [i, { variants }] of groups.entries()) {
      for (const { name, options } of variants) {
        const decision = decide(stored[i]!, image, options);
        const refined = await this.networks!.refine(image, decision, { ...options, signal });
        records[name] = recordOf(sample, { refined, truth });
      }
    }
    return records;
  }

  private async fail(
    sample: Sample,
    { position, error }: { position: number; error: ZeroovError },
  ): Promise<Evaluated> {
    const { dataset, groups } = this.parts;
    const truth = await readableTruth(sample);
    // Where the dataset lies says nothing about the sample, and would make the results of two machines differ.
    const message = error.message.replaceAll(`${dataset.root}/`, '');
    const record: SampleRecord = {
      ...describe(sample),
      status: 'failed',
      error: { code: error.code, message },
      prediction: { id: sample.id, ...NOTHING },
      scores: scoreSample(NOTHING, truth),
    };
    const names = groups.flatMap(({ variants }) => variants.map(({ name }) => name));
    const entry = {
      position,
      picture: await this.pictures.identify(sample),
      provider: null,
      seconds: {},
      records: Object.fromEntries(names.map((name) => [name, record])),
    };
    return { entry, evidence: null, error };
  }
}

/** Milliseconds as seconds, no more exact than they deserve. */
function secondsOf(ms: number): number {
  return Math.round(ms) / 1000;
}

function sumOf(gathered: readonly Evidence[], stage: keyof Evidence['seconds']): number {
  return gathered.reduce((total, { seconds }) => total + seconds[stage], 0);
}

function recordOf(
  sample: Sample,
  { refined, truth }: { refined: Refined; truth: Truth },
): SampleRecord {
  const { found, box, mask, score } = refined;
  const answer = found ? { box, mask: rleOf(mask), score } : NOTHING;
  return {
    ...describe(sample),
    status: found ? 'ok' : 'not-found',
    prediction: { id: sample.id, ...answer },
    scores: scoreSample(answer, truth),
  };
}

function describe({ id, expression, image, category, kind }: Sample) {
  return { id, expression, image, category, kind };
}

/** A truth that cannot be read leaves nothing to compare with. */
async function readableTruth(sample: Sample): Promise<Truth> {
  return sample.readTruth().catch((error: unknown) => {
    if (error instanceof ZeroovError) return { box: null, mask: null };
    throw error;
  });
}

const CLASSES_OF_SAMPLE: readonly ErrorClass[] = [
  'InputRejected',
  'NumericFailure',
  'WorkerCrashed',
  'InternalError',
];
const CODES_OF_SAMPLE: readonly ErrorCode[] = [
  'EXPRESSION_EMPTY',
  'EXPRESSION_TOO_LONG',
  'MODEL_OOM',
];

/** Whether another sample may still succeed. */
function isOfSample({ class: cls, code }: ZeroovError): boolean {
  return CLASSES_OF_SAMPLE.includes(cls) || CODES_OF_SAMPLE.includes(code);
}

function errorOf(cause: unknown): ZeroovError {
  if (cause instanceof ZeroovError) return cause;
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new ZeroovError('INTERNAL', { reason: reason.split('\n', 1)[0]! }, { cause });
}
