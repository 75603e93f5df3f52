import { describe, expect, it } from 'vitest';
import { type PresetName, resolveOptions } from '../../pipeline/presets.ts';
import { groupVariants } from './variants.ts';

const variants = (...names: PresetName[]) =>
  names.map((name) => ({ name, options: resolveOptions({ preset: name }) }));
const names = (groups: ReturnType<typeof groupVariants>) =>
  groups.map((group) => group.variants.map(({ name }) => name));

describe('variants', () => {
  it('share a pass of the networks unless these read another option', () => {
    const asked = variants('rsvg-zeroov', 'release', 'no-evolve', 'diffpng-vlm', 'direct-box');
    // `release` merges the matrices in another way, inside the U-Net's graph.
    expect(names(groupVariants(asked, { ablation: false }))).toEqual([
      ['rsvg-zeroov', 'no-evolve', 'diffpng-vlm', 'direct-box'],
      ['release'],
    ]);
    const [shared] = groupVariants(asked, { ablation: false });
    expect(shared!.recorded).toEqual(shared!.variants.map(({ options }) => options));
  });

  it('are told apart by each of these options', () => {
    const base = resolveOptions();
    const others = [
      { ...base, steps: 10 },
      { ...base, layers: [1, 2, 3, 4] },
      { ...base, tau: 0.5 },
    ];
    const asked = [base, ...others].map((options, i) => ({ name: `${i}`, options }));
    expect(names(groupVariants(asked, { ablation: false }))).toEqual([['0', '3'], ['1'], ['2']]);
  });

  it('for an ablation also record 16² and cross-attention', () => {
    const [group] = groupVariants(variants('rsvg-zeroov'), { ablation: true });
    const resolutions = new Set(group!.recorded.flatMap((o) => o.resolutions));
    expect([...resolutions].sort()).toEqual([16, 32, 64]);
    expect(group!.recorded.map((o) => o.order)).toContain('F-E');
  });
});
