import { describe, expect, it } from 'vitest';
import { PAPER } from '../../pipeline/presets.ts';
import { sweepSettings } from './sweep-settings.ts';

describe('the settings of a sweep', () => {
  const base = { ...PAPER, interaction: 'multiplicative', refine: 'box' } as const;

  it('are all combinations, then the run’s own and the paper’s where the grid lacks them', () => {
    const { settings, own, paper } = sweepSettings(base, { tau: [0.1, 0.3], alpha: [0.2, 0.6] });
    const said = settings.map(({ interaction, tau, alpha }) => [interaction, tau, alpha]);
    expect(said).toEqual([
      ['multiplicative', 0.1, 0.2],
      ['multiplicative', 0.1, 0.6],
      ['multiplicative', 0.3, 0.2],
      ['multiplicative', 0.3, 0.6],
      ['multiplicative', 0.3, 0.4],
      ['cosine', 0.3, 0.4],
    ]);
    expect([own, paper]).toEqual([4, 5]);
    expect(settings.every(({ refine }) => refine === 'none')).toBe(true);
  });

  it('have none twice', () => {
    const { settings, own, paper } = sweepSettings(PAPER, { alpha: [0.3, 0.4], seeds: [7] });
    expect(settings).toHaveLength(2);
    expect([own, paper]).toEqual([1, 1]);
  });

  it.each([{ tau: [0.3, 1.5] }, { seeds: [2.5] }])('are refused out of their range: %j', (axes) => {
    const named = expect.objectContaining({ option: Object.keys(axes)[0] });
    const refusal = expect.objectContaining({ code: 'OPTION_INVALID', fields: named });
    expect(() => sweepSettings(base, axes)).toThrow(refusal);
  });

  it('are refused where they are too many', () => {
    const many = Array.from({ length: 400 }, (_, i) => i / 400);
    const refused = () => sweepSettings(base, { tau: many, alpha: many });
    expect(refused).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
