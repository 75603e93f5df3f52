/** Many settings over the samples of a run, from its evidence. */
import { ZeroovError } from '../../errors.ts';
import type { MethodOptions } from '../../pipeline/presets.ts';
import { counts, overlapOf, overlapOfBoxes, overlapOfMasks } from '../metrics/overlap.ts';
import { headlineProfile, PROFILES, type ProfileName } from '../metrics/profiles.ts';
import { isFailed, readEntries } from '../run/entry.ts';
import type { StoredEvidence } from '../run/evidence-codec.ts';
import type { Manifest } from '../run/manifest.ts';
import type { Share } from '../run/run-share.ts';
import { evidenceFile, readEvidence } from '../run/stage-cache.ts';
import { groupOf } from '../run/variants.ts';
import type { SampleRecord } from '../sample.ts';
import { missingEvidence, rescore } from './rescore.ts';
import type { Overlaps } from './setting-figures.ts';
import type { Rescored } from './thresholds.ts';

export interface RescoreParts {
  readonly run: string;
  readonly manifest: Manifest;
  /** Whose evidence is read. */
  readonly variant: string;
  readonly settings: readonly MethodOptions[];
  readonly share: Share;
}

export interface RescoredSample {
  /** Which sample of the run, from 0. */
  readonly i: number;
  /** By setting. */
  readonly overlaps: readonly Overlaps[];
}

/** The samples of the share. @throws RUN_UNFINISHED, RUN_EVIDENCE */
export async function* rescoreShare(parts: RescoreParts): AsyncGenerator<RescoredSample> {
  const { run, manifest, variant, settings, share } = parts;
  const group = groupOf(manifest, variant);
  const scoring = { has: manifest.dataset.has, profile: headlineProfile(manifest.dataset.name) };
  let i = -1;
  for await (const { position, records } of readEntries(run, manifest.samples.count)) {
    i += 1;
    if (i % share.of !== share.worker) continue;
    const record = records[variant]!;
    if (record.status === 'failed') {
      yield { i, overlaps: settings.map(() => overlapsOfFailed(record, scoring)) };
      continue;
    }
    const file = evidenceFile(run, position);
    const sample = await readEvidence(file);
    const evidence = sample.evidence[group]!;
    for (const o of settings) {
      const missing = missingEvidence(evidence, o);
      if (missing) throw new ZeroovError('RUN_EVIDENCE', { file, reason: `lacks ${missing}` });
    }
    const rescored = rescore(sample, evidence, settings);
    yield { i, overlaps: rescored.map((found) => overlapsOf(found, { record, ...scoring })) };
  }
}

/** The evidence of the first sample that did not fail: what is recorded of one is recorded of all. @throws RUN_EVIDENCE */
export async function firstEvidence({
  run,
  manifest,
  variant,
}: Pick<RescoreParts, 'run' | 'manifest' | 'variant'>): Promise<StoredEvidence> {
  for await (const entry of readEntries(run, manifest.samples.count)) {
    if (isFailed(entry)) continue;
    const { evidence } = await readEvidence(evidenceFile(run, entry.position));
    return evidence[groupOf(manifest, variant)]!;
  }
  throw new ZeroovError('RUN_EVIDENCE', { file: run, reason: 'has none: every sample failed' });
}

interface Scoring {
  readonly has: Manifest['dataset']['has'];
  readonly profile: ProfileName;
}

function overlapsOfFailed(record: SampleRecord, { has, profile }: Scoring): Overlaps {
  const of = (target: 'box' | 'mask') =>
    counts(record, { target, has }) ? overlapOf(record.scores, { target, profile }) : null;
  return { box: of('box'), mask: of('mask') };
}

function overlapsOf(
  { box, mask }: Rescored,
  { record, profile }: Scoring & { readonly record: SampleRecord },
): Overlaps {
  const { truth } = record.scores.box ?? {};
  const rules = PROFILES[profile];
  return {
    box: truth ? overlapOfBoxes({ predicted: box, truth }, rules.box!) : null,
    mask: mask && rules.mask && overlapOfMasks(mask, rules.mask),
  };
}
