/** Tiny datasets in temporary folders, opened and broken. */
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { ZeroovError } from '../../src/errors.ts';
import { openDataset } from '../../src/evaluation/open-dataset.ts';
import type { DatasetName } from '../../src/evaluation/sample.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeTinyDataset } from './tiny-datasets.ts';
import { boxMask, TINY_SAMPLES } from './tiny-samples.ts';

/** Positions in TINY_SAMPLES of the split `test`, in the order of most datasets. */
export const TEST = [2, 3, 4];

export const EXPRESSIONS = TINY_SAMPLES.map(({ expression }) => expression);
export const BOXES = TINY_SAMPLES.map(({ box }) => box);
export const MASKS = BOXES.map((box) => boxMask(box));

export const pick = <T>(list: readonly T[], positions: readonly number[] = TEST): T[] =>
  positions.map((i) => list[i]!);

/** The folder of a new one. */
export async function tinyDataset(name: DatasetName): Promise<string> {
  const folder = temporaryFolder();
  await writeTinyDataset(name, folder);
  return folder;
}

/** Opens a dataset and reads every truth. */
export async function readWhole(name: DatasetName, { root }: { root: string }) {
  const dataset = await openDataset({ name, root });
  const truths = await Promise.all(dataset.samples.map((sample) => sample.readTruth()));
  return { ...dataset, truths };
}

/** The error of the table that `work` ends in. */
export async function refusal(work: Promise<unknown>): Promise<ZeroovError> {
  const error = await work.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ZeroovError);
  return error as ZeroovError;
}

/** Changes a JSON file. */
export async function edit<T>(file: string, change: (value: T) => void): Promise<void> {
  const value = JSON.parse(await readFile(file, 'utf8')) as T;
  change(value);
  await writeFile(file, JSON.stringify(value));
}
