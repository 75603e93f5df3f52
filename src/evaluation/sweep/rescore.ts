/**
 * Many settings of the method on one sample's stored evidence, without a network: what `decide` and `scoreSample` give for
 * each of them, to the last bit, for a fraction of the work. Settings that differ in α alone share one resized map and one pass
 * over its pixels; those that differ in K and τ too share the structure and, before Evolve, the attention.
 */
import { evolve } from '../../pipeline/evolve.ts';
import { mergeScales, WORKING_GRID } from '../../pipeline/focus.ts';
import { interact } from '../../pipeline/interact.ts';
import { describeBox } from '../../pipeline/mask.ts';
import { relevanceOnGrid } from '../../pipeline/overview.ts';
import type { MethodOptions } from '../../pipeline/presets.ts';
import type { Size } from '../../tensor/image.ts';
import type { Float32Tensor } from '../../tensor/tensor.ts';
import type { StoredEvidence, StoredSample } from '../run/evidence-codec.ts';
import { resizedRows } from './resized-rows.ts';
import { type Rescored, scoreThresholds, type TrueMask, trueMaskOf } from './thresholds.ts';

/** What `o` reads that was not recorded; null when nothing is missing. */
export function missingEvidence(
  { relevance, cross, scales, answer }: StoredEvidence,
  o: MethodOptions,
): string | null {
  if (o.order === 'direct-box') return answer ? null : 'the answer of the VLM';
  if (o.order === 'F-E' && !cross) return 'the cross-attention';
  if (o.order !== 'F-E' && !relevance) return 'the relevance map';
  if (!o.order.includes('F')) return null;
  const resolution = o.resolutions.find((side) => !scales.has(side));
  return resolution === undefined ? null : `the self-attention at ${resolution}²`;
}

/** The scores of every setting, in their order; nothing of them may be missing from the evidence. */
export function rescore(
  { size, truth: { mask } }: Pick<StoredSample, 'size' | 'truth'>,
  evidence: StoredEvidence,
  settings: readonly MethodOptions[],
): Rescored[] {
  const maps = new EvolvedMaps(evidence);
  const trueMask = mask && trueMaskOf(mask);
  const scores: Rescored[] = [];
  for (const indices of groupByMap(settings)) {
    const o = settings[indices[0]!]!;
    if (o.order === 'direct-box') {
      const found = scoreDirectBox(evidence, { size, truth: trueMask });
      for (const i of indices) scores[i] = found;
      continue;
    }
    const alphas = indices.map((i) => settings[i]!.alpha);
    const found = scoreThresholds(resizedRows(maps.of(o), size), { alphas, truth: trueMask });
    for (const [k, i] of indices.entries()) scores[i] = found[k]!;
  }
  return scores;
}

/** Indices of the settings that cut their masks from the same map. */
function groupByMap(settings: readonly MethodOptions[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { alpha: _, refine: __, ...o }] of settings.entries()) {
    const key = o.order === 'direct-box' ? o.order : JSON.stringify(o);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(i);
  }
  return [...groups.values()];
}

/** The box is what the answer spells, not that of its pixels. */
function scoreDirectBox(
  { answer }: StoredEvidence,
  { size, truth }: { readonly size: Size; readonly truth: TrueMask | null },
): Rescored {
  const { box, mask } = describeBox(answer?.box ?? null, size);
  const { widthPx } = size;
  const pixels = Float32Array.from(mask.data);
  const row = (y: number) => pixels.subarray(y * widthPx, (y + 1) * widthPx);
  const [found] = scoreThresholds({ ...size, row }, { alphas: [0.5], truth });
  return { box, mask: found!.mask };
}

/** The maps that masks are cut from, each part of them computed once. */
class EvolvedMaps {
  private readonly made = new Map<string, Float32Tensor>();

  constructor(private readonly seen: StoredEvidence) {}

  /** The fold of `decide`. [32, 32], 0..1 */
  of(o: MethodOptions): Float32Tensor {
    const c = this.relevance(o);
    let map = c;
    for (const stage of o.order.replace('O', '')) {
      if (stage === 'F')
        map = map === c ? this.attention(c, o) : interact(this.structure(o), map, o);
      if (stage === 'E') map = evolve(map, c, o);
    }
    return map;
  }

  private relevance({ order, profile }: MethodOptions): Float32Tensor {
    const ofText = order === 'F-E';
    const map = (ofText ? this.seen.cross : this.seen.relevance)!; // [h, w]
    return this.once(`relevance ${ofText} ${profile}`, () =>
      relevanceOnGrid(map, { grid: WORKING_GRID, profile }),
    );
  }

  private structure(o: MethodOptions): Float32Tensor {
    return this.once(`structure ${o.resolutions} ${o.merge}`, () =>
      mergeScales(this.seen.scales, o),
    );
  }

  /** Before Evolve it depends on neither K nor τ. */
  private attention(c: Float32Tensor, o: MethodOptions): Float32Tensor {
    const { order, profile, resolutions, merge, interaction, power } = o;
    const key = [order === 'F-E', profile, resolutions, merge, interaction, power].join(' ');
    return this.once(`attention ${key}`, () => interact(this.structure(o), c, o));
  }

  private once(key: string, make: () => Float32Tensor): Float32Tensor {
    const map = this.made.get(key) ?? make();
    this.made.set(key, map);
    return map;
  }
}
