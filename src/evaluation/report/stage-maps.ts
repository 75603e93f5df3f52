/** What the stages of the method saw of a sample, decided again from the evidence that its run has kept. */
import { ZeroovError } from '../../errors.ts';
import { decide } from '../../pipeline/ground.ts';
import type { Float32Tensor } from '../../tensor/tensor.ts';
import type { Manifest } from '../run/manifest.ts';
import { evidenceFile, readEvidence } from '../run/stage-cache.ts';
import { groupOf } from '../run/variants.ts';
import { missingEvidence } from '../sweep/rescore.ts';

export interface StageMap {
  readonly stage: 'relevance' | 'attention' | 'evolved';
  /** [h, w] */
  readonly map: Float32Tensor;
}

/** Where the evidence of a variant lies. */
export interface EvidenceSource {
  readonly run: string;
  readonly manifest: Manifest;
  readonly variant: string;
}

/** In the order of the stages; none where nothing was kept, or not of this sample. */
export async function stageMapsOf(
  { id, position }: { readonly id: string; readonly position: number },
  { run, manifest, variant }: EvidenceSource,
): Promise<StageMap[]> {
  const options = manifest.variants[variant];
  if (!options) return [];
  const stored = await readEvidence(evidenceFile(run, position)).catch((error: unknown) => {
    if (error instanceof ZeroovError && error.code === 'RUN_EVIDENCE') return null;
    throw error;
  });
  const evidence = stored?.id === id ? stored.evidence[groupOf(manifest, variant)] : undefined;
  if (!stored || !evidence || missingEvidence(evidence, options)) return [];
  const { overview, attention, evolved } = decide(evidence, stored.size, options).maps;
  const seen = { relevance: overview, attention, evolved };
  return Object.entries(seen).flatMap(([stage, map]) =>
    map ? [{ stage: stage as StageMap['stage'], map }] : [],
  );
}
