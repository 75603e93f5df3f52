/**
 * manifest.json: everything that can change an answer of a run. A run goes on only with the same; the rest (`about`) is for
 * people.
 */
import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writing } from '../../checkpoint/writing.ts';
import { ZeroovError } from '../../errors.ts';
import { METHOD_OPTIONS } from '../../pipeline/presets.ts';
import { HELD_OUT_SCENES } from '../held-out-scenes.ts';
import { readRunFile } from '../read-run-file.ts';
import { DATASET_NAMES, type Dataset } from '../sample.ts';
import { CHECKPOINT_IDENTITY } from './checkpoint-identity.ts';
import type { Selection } from './select-samples.ts';

/** Raised with every change of what reaches a network or of how a map becomes a mask. */
export const PREPROCESSING = 1;

export const MANIFEST = z.strictObject({
  version: z.literal(1),
  /** The version of zeroov, and with it of the libraries that it pins. */
  zeroov: z.string(),
  preprocessing: z.int(),
  dataset: z.strictObject({
    name: z.enum(DATASET_NAMES),
    split: z.string(),
    /** sha256 over its annotation files. */
    fingerprint: z.string(),
    has: z.strictObject({ box: z.boolean(), mask: z.boolean() }),
  }),
  samples: z.strictObject({
    limit: z.int().nullable(),
    sample: z.int().nullable(),
    count: z.int(),
    /** sha256 over their ids. */
    sha256: z.string(),
  }),
  /** Every option of every variant, by name; the first is the one whose results lie in the run's own folder. */
  variants: z.record(z.string(), METHOD_OPTIONS),
  /** Whether what `zeroov ablate` needs is recorded too. */
  ablation: z.boolean(),
  checkpoints: z.strictObject({
    vlm: CHECKPOINT_IDENTITY.nullable(),
    diffusion: CHECKPOINT_IDENTITY.nullable(),
    sam: CHECKPOINT_IDENTITY.nullable(),
  }),
  about: z.strictObject({
    /** The dataset's folder. */
    root: z.string(),
    /** Where it was made in memory, how. */
    scenes: HELD_OUT_SCENES.nullable(),
    node: z.string(),
    platform: z.string(),
    threads: z.int(),
  }),
});
export type Manifest = z.infer<typeof MANIFEST>;

export interface RunParts
  extends Omit<Manifest, 'version' | 'preprocessing' | 'dataset' | 'samples'> {
  readonly dataset: Dataset;
  readonly selection: Selection;
  /** Positions that were selected. */
  readonly positions: readonly number[];
}

export function manifestOf({ dataset, selection, positions, ...parts }: RunParts): Manifest {
  const { name, split, fingerprint, has } = dataset;
  const hash = createHash('sha256');
  for (const position of positions) hash.update(`${dataset.samples[position]!.id}\n`);
  return {
    version: 1,
    preprocessing: PREPROCESSING,
    dataset: { name, split, fingerprint, has: { ...has } },
    samples: { ...selection, count: positions.length, sha256: hash.digest('hex') },
    ...parts,
  };
}

const FILE = 'manifest.json';

/** @throws RUN_NOT_FOUND, RUN_CORRUPT */
export function readManifest(run: string): Promise<Manifest> {
  return readRunFile(run, { name: FILE, schema: MANIFEST });
}

/** Null where the folder holds no run. @throws RUN_CORRUPT */
export async function findManifest(run: string): Promise<Manifest | null> {
  return readManifest(run).catch((error: unknown) => {
    if (error instanceof ZeroovError && error.code === 'RUN_NOT_FOUND') return null;
    throw error;
  });
}

/** @throws OUTPUT_WRITE */
export async function writeManifest(run: string, manifest: Manifest): Promise<void> {
  const file = join(run, FILE);
  await writing(file, async () => {
    await writeFile(`${file}.part`, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
    await rename(`${file}.part`, file);
  });
}

/** `variants.rsvg-zeroov.tau: 0.3 before, 0.4 now`, one for each field; `about` and names of checkpoints do not count. */
export function differences(before: Manifest, now: Manifest): string[] {
  return compare('', JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(now)));
}

const IGNORED = /^about$|^checkpoints\.\w+\.label$/;
const LONGEST_VALUE = 40;

function compare(name: string, before: unknown, now: unknown): string[] {
  if (IGNORED.test(name)) return [];
  if (isFields(before) && isFields(now)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    return keys.flatMap((key) => compare(name ? `${name}.${key}` : key, before[key], now[key]));
  }
  if (JSON.stringify(before) === JSON.stringify(now)) return [];
  return [`${name}: ${say(before)} before, ${say(now)} now`];
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function say(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}
