/** Variants of the method that are tried on the same samples, and which of them can share what the networks say. */
import type { MethodOptions } from '../../pipeline/presets.ts';
import type { Manifest } from './manifest.ts';

export interface Variant {
  /** Of the preset; it also names the variant's folder. */
  readonly name: string;
  readonly options: MethodOptions;
}

/** Variants that are decided from the same evidence. */
export interface Group {
  readonly variants: readonly Variant[];
  /** What `gather` is asked for: the variants', and what an ablation adds. */
  readonly recorded: readonly MethodOptions[];
}

/** What the networks read of the options: variants that agree on these share one pass. */
const READ_BY_NETWORKS = [
  'layers',
  'layerWeights',
  'positions',
  'maxNewTokens',
  'maxPixels',
  'merge',
  'trajectory',
  'steps',
  'noiseLevel',
  'seed',
] as const satisfies readonly (keyof MethodOptions)[];

/** The resolution that the paper's ablation adds to those of its method. */
const ABLATION_RESOLUTION = 16;

/** Groups in the order of their first variants. `ablation`: also record what `zeroov ablate` needs. */
export function groupVariants(
  variants: readonly Variant[],
  { ablation }: { readonly ablation: boolean },
): Group[] {
  const groups = new Map<string, Variant[]>();
  for (const variant of variants) {
    const key = JSON.stringify(READ_BY_NETWORKS.map((name) => variant.options[name] ?? null));
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(variant);
  }
  return [...groups.values()].map((group) => {
    const own = group.map(({ options }) => options);
    return { variants: group, recorded: ablation ? [...own, ...ablated(own[0]!)] : own };
  });
}

/** Which of a sample's evidence a variant of the run is decided from. */
export function groupOf(
  { variants, ablation }: Pick<Manifest, 'variants' | 'ablation'>,
  variant: string,
): number {
  const named = Object.entries(variants).map(([name, options]) => ({ name, options }));
  return groupVariants(named, { ablation }).findIndex((group) =>
    group.variants.some(({ name }) => name === variant),
  );
}

/** Without the VLM, and at every resolution of the paper's table. */
function ablated(o: MethodOptions): MethodOptions[] {
  const resolutions = [...new Set([ABLATION_RESOLUTION, ...o.resolutions])];
  return [
    { ...o, order: 'F-E' },
    { ...o, order: 'O-F-E', resolutions },
  ];
}
