import { describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../../tensor/tensor.ts';
import { addNoise, cumulativeAlphas } from './ddim.ts';
import { recordStructure, type StructureOptions } from './structure.ts';

const scheduler = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
} as const;
const scalar = (value: number) => float32([1], Float32Array.of(value));
const options: StructureOptions = {
  latent: scalar(3),
  text: scalar(0),
  trajectory: 'inversion',
  steps: 4,
  noiseLevel: 100,
  seed: 5,
  record: { resolutions: [32], merge: 'pooled', workingGrid: 32, cross: true },
};

/** A network that sees the noise −1 everywhere; its maps are the noise level, and twice that. */
function fakeUnet() {
  const seen: { z: number; t: number; fetch: readonly string[] }[] = [];
  const unet = {
    async run(inputs: Readonly<Record<string, Tensor>>, { fetch = [] as readonly string[] } = {}) {
      const t = Number(inputs['timestep']!.data[0]);
      seen.push({ z: Number(inputs['latent']!.data[0]), t, fetch });
      return { noise: scalar(-1), self_32: scalar(t), cross_16: scalar(2 * t) };
    },
  };
  return { unet, seen };
}

/** z₀ = 3 with the noise −1 at level t: what a deterministic trajectory passes through. */
const alphas = cumulativeAlphas(scheduler);
function placeAt(t: number): number {
  const start = (3 + Math.sqrt(1 - alphas[0]!)) / Math.sqrt(alphas[0]!);
  return addNoise(scalar(start), scalar(-1), alphas[t]!).data[0]!;
}

describe('recordStructure', () => {
  it('inversion: the latent of level t_(i−1) is evaluated at t_i, and recorded', async () => {
    const { unet, seen } = fakeUnet();
    const steps: string[] = [];
    const onStep = (done: number, total: number) => void steps.push(`${done}/${total}`);
    const maps = await recordStructure({ unet, scheduler }, { ...options, onStep });
    expect(seen.map(({ t }) => t)).toEqual([0, 250, 500, 750]);
    for (const [i, t] of [0, 0, 250, 500].entries()) {
      expect(seen[i]!.z).toBeCloseTo(placeAt(t), 5);
    }
    expect(seen.every(({ fetch }) => fetch.join() === 'noise,self_32,cross_16')).toBe(true);
    expect(maps.self.get(32)?.data[0]).toBe(375); // mean of the four levels
    expect(maps.cross?.data[0]).toBe(750);
    expect(maps.latents).toHaveLength(5);
    expect(maps.latents[4]!.data[0]).toBeCloseTo(placeAt(750), 5);
    expect(steps).toEqual(['1/4', '2/4', '3/4', '4/4']);
  });

  it('reconstruction: every latent is evaluated at its own level, from the top, and only that is recorded', async () => {
    const { unet, seen } = fakeUnet();
    const maps = await recordStructure(
      { unet, scheduler },
      { ...options, trajectory: 'reconstruction' },
    );
    const [up, down] = [seen.slice(0, 4), seen.slice(4)];
    expect(up.every(({ fetch }) => fetch.join() === 'noise')).toBe(true);
    expect(down.map(({ t }) => t)).toEqual([750, 500, 250, 0]);
    for (const { t, z } of down) expect(z).toBeCloseTo(placeAt(t), 5);
    expect(maps.self.get(32)?.data[0]).toBe(375);
  });

  it('single: one evaluation, with the noise of the seed', async () => {
    const at = async (change: Partial<StructureOptions>) => {
      const { unet, seen } = fakeUnet();
      await recordStructure({ unet, scheduler }, { ...options, trajectory: 'single', ...change });
      expect(seen).toHaveLength(1);
      return seen[0]!;
    };
    const first = await at({});
    expect(first.t).toBe(100);
    expect(await at({})).toEqual(first);
    expect((await at({ seed: 6 })).z).not.toBe(first.z);
    expect((await at({ noiseLevel: 0 })).z).toBeCloseTo(3, 0); // ᾱ_0 is nearly 1
  });

  it('refuses a noise level that does not exist', async () => {
    const { unet } = fakeUnet();
    const asked = { ...options, trajectory: 'single', noiseLevel: 1000 } as const;
    await expect(recordStructure({ unet, scheduler }, asked)).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      fields: { option: 'noiseLevel', got: '1000' },
    });
  });

  it('stops between two evaluations', async () => {
    const { unet, seen } = fakeUnet();
    const control = new AbortController();
    const onStep = (done: number) => done === 2 && control.abort();
    const asked = { ...options, signal: control.signal, onStep };
    await expect(recordStructure({ unet, scheduler }, asked)).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(seen).toHaveLength(2);
  });
});
