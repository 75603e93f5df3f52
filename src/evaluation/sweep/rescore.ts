/**
 * Many settings of the method on one sample's stored evidence, without a network: what `decide` and `scoreSample` give for
 * each of them, to the last bit, for a fraction of the work. Settings with the same map share one pass over its pixels,
 * whatever their α; those that differ in K and τ too share the structure and, before Evolve, the attention.
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
  for (const { map, indices } of groupByMap(settings, maps)) {
    const found = map
      ? scoreThresholds(resizedRows(map, size), {
          alphas: indices.map((i) => settings[i]!.alpha),
          truth: trueMask,
        })
      : indices.map(() => scoreDirectBox(evidence, { size, truth: trueMask }));
    for (const [k, i] of indices.entries()) scores[i] = found[k]!;
  }
  return scores;
}

interface SameMap {
  /** Null: the direct box. */
  readonly map: Float32Tensor | null;
  /** Of the settings that cut their masks from it. */
  readonly indices: number[];
}

/** Other K and τ often grow the same region. */
function groupByMap(settings: readonly MethodOptions[], maps: EvolvedMaps): Iterable<SameMap> {
  const groups = new Map<string, SameMap>();
  for (const [i, o] of settings.entries()) {
    const map = o.order === 'direct-box' ? null : maps.of(o);
    const key = map ? Buffer.from(map.data.buffer).toString('latin1') : o.order;
    const group = groups.get(key) ?? { map, indices: [] };
    groups.set(key, group);
    group.indices.push(i);
  }
  return groups.values();
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
  const rows = { ...size, from: 0, to: widthPx, row };
  const [found] = scoreThresholds(rows, { alphas: [0.5], truth });
  return { box, mask: found!.mask };
}

type MapOptions = Omit<MethodOptions, 'alpha' | 'refine'>;

/** The maps that masks are cut from, each part of them computed once. */
class EvolvedMaps {
  private readonly made = new Map<string, Float32Tensor>();

  constructor(private readonly seen: StoredEvidence) {}

  /** The fold of `decide`, whatever α. [32, 32], 0..1 */
  of({ alpha: _, refine: __, ...o }: MethodOptions): Float32Tensor {
    return this.once(JSON.stringify(o), () => this.fold(o));
  }

  private fold(o: MapOptions): Float32Tensor {
    const c = this.relevance(o);
    let map = c;
    for (const stage of o.order.replace('O', '')) {
      if (stage === 'F')
        map = map === c ? this.attention(c, o) : interact(this.structure(o), map, o);
      if (stage === 'E') map = evolve(map, c, o);
    }
    return map;
  }

  private relevance({ order, profile }: MapOptions): Float32Tensor {
    const ofText = order === 'F-E';
    const map = (ofText ? this.seen.cross : this.seen.relevance)!; // [h, w]
    return this.once(`relevance ${ofText} ${profile}`, () =>
      relevanceOnGrid(map, { grid: WORKING_GRID, profile }),
    );
  }

  private structure(o: MapOptions): Float32Tensor {
    return this.once(`structure ${o.resolutions} ${o.merge}`, () =>
      mergeScales(this.seen.scales, o),
    );
  }

  /** Before Evolve it depends on neither K nor τ. */
  private attention(c: Float32Tensor, o: MapOptions): Float32Tensor {
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
