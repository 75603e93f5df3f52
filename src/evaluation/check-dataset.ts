/** Whether a download is all there: samples against the published counts, and every picture and mask. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../checkpoint/regular-file.ts';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { checkSample, type SampleCheck } from './check-sample.ts';
import { READERS } from './datasets/readers.ts';
import { assertSplit, openDataset } from './open-dataset.ts';
import type { Dataset, DatasetName, Sample } from './sample.ts';

export interface CheckOptions {
  readonly name: DatasetName;
  readonly root: string;
  /** All when not given. */
  readonly split?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { done: number; failed: number; total: number }) => void;
}

export interface SplitCheck {
  readonly split: string;
  /** Null when it cannot be opened. */
  readonly samples: number | null;
  /** Null where nobody says how many there are. */
  readonly published: number | null;
  readonly state: 'opened' | 'missing' | 'invalid';
  /** Why it is invalid. */
  readonly problem: string | null;
}

export interface FileFault {
  readonly file: string;
  readonly reason: string;
  /** Ids of the samples that need it. */
  readonly samples: readonly string[];
}

export interface DatasetCheck {
  readonly dataset: DatasetName;
  readonly root: string;
  readonly splits: readonly SplitCheck[];
  /** Pictures, masks and annotations that samples need and that are missing or cannot be read. */
  readonly faults: readonly FileFault[];
  /** Samples of which the picture or the truth cannot be read. */
  readonly failed: number;
  /** Pictures that no sample names; known only when every split was opened. */
  readonly extra: readonly string[];
  /** Samples whose mask has another size than their picture. */
  readonly otherSize: readonly string[];
  /** Samples whose box reaches beyond their picture. */
  readonly beyond: readonly string[];
}

/**
 * Opens every split, reads the header of every picture and the whole of every truth.
 *
 * @throws OPTION_INVALID for a split it does not have; DATASET_NOT_FOUND when no split is there; CANCELLED
 */
export async function checkDataset(options: CheckOptions): Promise<DatasetCheck> {
  const { name, split } = options;
  if (split !== undefined) assertSplit(name, split);
  const wanted = split === undefined ? Object.keys(READERS[name].splits) : [split];
  const splits: SplitCheck[] = [];
  const datasets: Dataset[] = [];
  const missing: ZeroovError[] = [];
  for (const one of wanted) {
    const opened = await open(options, one);
    if (opened instanceof ZeroovError) {
      if (opened.code === 'DATASET_NOT_FOUND') missing.push(opened);
    } else datasets.push(opened);
    splits.push(
      describeSplit(opened, { split: one, published: READERS[name].splits[one] ?? null }),
    );
  }
  if (missing.length === wanted.length) throw missing[0]!;
  const findings = await checkSamples(datasets, options);
  const complete = split === undefined && datasets.length === wanted.length;
  return {
    dataset: name,
    root: datasets[0]?.root ?? options.root,
    splits,
    ...findings,
    extra: complete ? await extraPictures(datasets) : [],
  };
}

async function open({ name, root }: CheckOptions, split: string): Promise<Dataset | ZeroovError> {
  try {
    return await openDataset({ name, root, split });
  } catch (error) {
    if (error instanceof ZeroovError && error.code.startsWith('DATASET_')) return error;
    throw error;
  }
}

function describeSplit(
  opened: Dataset | ZeroovError,
  about: Pick<SplitCheck, 'split' | 'published'>,
): SplitCheck {
  if (!(opened instanceof ZeroovError)) {
    return { ...about, samples: opened.samples.length, state: 'opened', problem: null };
  }
  const missing = opened.code === 'DATASET_NOT_FOUND';
  const found = missing
    ? ({ state: 'missing', problem: null } as const)
    : ({ state: 'invalid', problem: opened.message } as const);
  return { ...about, samples: null, ...found };
}

type Findings = Pick<DatasetCheck, 'faults' | 'failed' | 'otherSize' | 'beyond'>;

/** Samples at a time: reading a mask is work for sharp's threads. */
const AT_ONCE = 8;

async function checkSamples(
  datasets: readonly Dataset[],
  { signal, onProgress }: CheckOptions,
): Promise<Findings> {
  const total = datasets.reduce((sum, { samples }) => sum + samples.length, 0);
  const faults = new Map<string, FileFault & { readonly samples: string[] }>();
  const otherSize: string[] = [];
  const beyond: string[] = [];
  let [done, failed] = [0, 0];
  const note = (sample: Sample, outcome: SampleCheck) => {
    for (const { file, reason } of outcome.faults) {
      const key = `${file} ${reason}`;
      const fault = faults.get(key) ?? { file, reason, samples: [] };
      fault.samples.push(sample.id);
      faults.set(key, fault);
    }
    if (outcome.faults.length > 0) failed += 1;
    if (outcome.otherSize) otherSize.push(sample.id);
    if (outcome.beyond) beyond.push(sample.id);
  };
  for (const dataset of datasets) {
    const { samples } = dataset;
    for (let start = 0; start < samples.length; start += AT_ONCE) {
      throwIfAborted(signal);
      const some = samples.slice(start, start + AT_ONCE);
      const outcomes = await Promise.all(some.map((sample) => checkSample(dataset, sample)));
      for (const [i, outcome] of outcomes.entries()) note(some[i]!, outcome);
      done += some.length;
      onProgress?.({ done, failed, total });
    }
  }
  return { faults: [...faults.values()], failed, otherSize, beyond };
}

/** Files beside the pictures of samples that no sample names. */
async function extraPictures(datasets: readonly Dataset[]): Promise<string[]> {
  const { root } = datasets[0]!;
  const named = new Set(datasets.flatMap(({ samples }) => samples.map(({ image }) => image)));
  const folders = new Set([...named].map((image) => dirname(image)));
  const extra: string[] = [];
  for (const folder of folders) {
    const names = await readdir(join(root, folder)).catch((error: unknown) => {
      systemCode(error); // its pictures are among the faults
      return [];
    });
    for (const name of names) if (!named.has(`${folder}/${name}`)) extra.push(`${folder}/${name}`);
  }
  return extra.sort();
}
