import { describe, expect, it } from 'vitest';
import { float32 } from '../../tensor/tensor.ts';
import { addNoise, cumulativeAlphas, ddimStep, ddimTimesteps } from './ddim.ts';

const scheduler = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
} as const;

describe('cumulativeAlphas', () => {
  // alphas_cumprod of diffusers 0.40 DDIMScheduler with these betas, PyTorch 2.13, float32.
  it.each([
    [scheduler, { 0: 0.9991499781608582, 50: 0.9515766501426697, 500: 0.27633246779441833 }],
    [scheduler, { 1: 0.9982960224151611, 950: 0.00824710726737976, 999: 0.00466009508818388 }],
    [
      { ...scheduler, beta_schedule: 'linear', beta_start: 0.0001, beta_end: 0.02 } as const,
      { 0: 0.9998999834060669, 500: 0.07779665291309357, 999: 4.035830352222547e-5 },
    ],
  ])('are those of diffusers', (config, expected) => {
    const alphas = cumulativeAlphas(config);
    expect(alphas).toHaveLength(1000);
    for (const [t, alpha] of Object.entries(expected)) {
      expect(Math.abs(alphas[Number(t)]! / alpha - 1)).toBeLessThan(1e-6);
    }
  });
});

describe('ddimTimesteps', () => {
  it('spreads the steps from 0 up', () => {
    const levels = ddimTimesteps(20, scheduler);
    expect(levels).toHaveLength(20);
    expect([levels[0], levels[1], levels.at(-1)]).toEqual([0, 50, 950]);
    expect(ddimTimesteps(30, scheduler).at(-1)).toBe(29 * 33); // 1000/30 rounded down
  });

  it.each([0, 1001, 2.5])('refuses %s steps', (steps) => {
    expect(() => ddimTimesteps(steps, scheduler)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('ddimStep', () => {
  const picture = float32([3], Float32Array.of(0.5, -2, 1));
  const noise = float32([3], Float32Array.of(1, 0.25, -1.5));

  it('takes a picture with noise to the same picture with the same noise at another level', () => {
    const [from, to] = [0.9, 0.3];
    const reached = ddimStep(addNoise(picture, noise, from), noise, { from, to });
    const expected = addNoise(picture, noise, to);
    for (const [i, z] of reached.data.entries()) expect(z).toBeCloseTo(expected.data[i]!, 6);
  });

  it('stays where it is between equal levels', () => {
    expect(ddimStep(picture, noise, { from: 0.7, to: 0.7 }).data).toEqual(picture.data);
  });

  it('mixes by the roots of the two shares', () => {
    const { data } = addNoise(picture, noise, 0.36); // 0.6 of the picture, 0.8 of the noise
    expect([...data].map((z) => Number(z.toFixed(6)))).toEqual([1.1, -1, -0.6]);
  });
});
