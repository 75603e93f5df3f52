/**
 * Structure: the U-Net is led along a trajectory of noise levels, and what each place of the picture attends to is
 * averaged over its steps.
 */
import { throwIfAborted, ZeroovError } from '../../errors.ts';
import { randomNormal } from '../../tensor/random-normal.ts';
import { type Float32Tensor, float32, sizeOf } from '../../tensor/tensor.ts';
import type { Network } from '../network.ts';
import type { SchedulerConfig } from './config.ts';
import { addNoise, cumulativeAlphas, ddimStep, ddimTimesteps } from './ddim.ts';
import { CROSS_OUTPUT, type MapRecord, selfOutput } from './recorded-maps.ts';

/**
 * `inversion`: recorded while the picture's latent z₀ is led up to noise. `reconstruction`: recorded afterwards, at the
 * latents of the way back down. `single`: one evaluation at one noise level, with seeded noise.
 */
export type Trajectory = 'inversion' | 'reconstruction' | 'single';

export interface StructureOptions {
  /** z₀ [1, 4, S, S], from the VAE encoder. */
  readonly latent: Float32Tensor;
  /** [77, C], from the text encoder. */
  readonly text: Float32Tensor;
  readonly trajectory: Trajectory;
  /** DDIM steps of the inversion. */
  readonly steps: number;
  /** t of `single`, 0..999. */
  readonly noiseLevel: number;
  /** Seed of the noise of `single`. */
  readonly seed: number;
  readonly record: MapRecord;
  readonly signal?: AbortSignal;
  /** After every evaluation of the U-Net. */
  readonly onStep?: (done: number, total: number) => void;
}

export interface RecordedMaps {
  /** By resolution: [n, n], n positions of the working grid (or fewer); row i is what position i attends to. */
  readonly self: ReadonlyMap<number, Float32Tensor>;
  /** [256, 77]: what each position of 16² attends to in the text. */
  readonly cross: Float32Tensor | undefined;
  /** Latents along the trajectory, z₀ first. */
  readonly latents: readonly Float32Tensor[];
}

/** A latent and the noise level t that the U-Net is told it is at. */
interface Place {
  readonly latent: Float32Tensor;
  readonly t: number;
}

/**
 * Follows a trajectory and returns the mean maps. `unet` is the network of `buildUnet` with the same `record`.
 *
 * @throws OPTION_INVALID, CANCELLED (between two evaluations), NOT_FINITE and what else a network throws
 */
export async function recordStructure(
  { unet, scheduler }: { unet: Pick<Network, 'run'>; scheduler: SchedulerConfig },
  o: StructureOptions,
): Promise<RecordedMaps> {
  const alphas = cumulativeAlphas(scheduler);
  const mean = new MapMean(o.record);
  const total = { inversion: o.steps, reconstruction: 2 * o.steps, single: 1 }[o.trajectory];
  let done = 0;

  /** The noise in a latent; what is attended to meanwhile goes into the mean when `recorded`. */
  const predict = async ({ latent, t }: Place, recorded: boolean): Promise<Float32Tensor> => {
    throwIfAborted(o.signal);
    const inputs = { latent, timestep: float32([1], Float32Array.of(t)), text: o.text };
    const fetch = recorded ? ['noise', ...mean.outputs] : ['noise'];
    const outputs = (await unet.run(inputs, { fetch })) as Record<string, Float32Tensor>;
    if (recorded) mean.add(outputs);
    done += 1;
    o.onStep?.(done, total);
    return outputs['noise']!;
  };

  if (o.trajectory === 'single') {
    const place = noisyPlace(o, alphas);
    await predict(place, true);
    return mean.result([o.latent, place.latent]);
  }

  // Up: at step i the U-Net sees z_i and t_i, and z_{i+1} is reached, which is at level t_i. Below t_0 = 0 lies ᾱ_0.
  const timesteps = ddimTimesteps(o.steps, scheduler);
  const latents = [o.latent];
  for (const [i, t] of timesteps.entries()) {
    const latent = latents[i]!;
    const noise = await predict({ latent, t }, o.trajectory === 'inversion');
    const levels = { from: alphas[timesteps[i - 1] ?? 0]!, to: alphas[t]! };
    latents.push(ddimStep(latent, noise, levels));
  }
  if (o.trajectory === 'inversion') return mean.result(latents);

  // Down: every latent with the level it is at, z_20 with t = 950 first, z_1 with t = 0 last.
  for (const [i, t] of [...timesteps.entries()].reverse()) {
    await predict({ latent: latents[i + 1]!, t }, true);
  }
  return mean.result(latents);
}

/** The picture's latent with seeded noise. @throws OPTION_INVALID */
function noisyPlace(
  { latent, noiseLevel: t, seed }: StructureOptions,
  alphas: Float32Array,
): Place {
  const alpha = alphas[t];
  if (alpha === undefined) {
    const expected = `a whole number from 0 to ${alphas.length - 1}`;
    throw new ZeroovError('OPTION_INVALID', { option: 'noiseLevel', expected, got: String(t) });
  }
  const noise = float32(latent.shape, randomNormal(seed, sizeOf(latent.shape)));
  return { latent: addNoise(latent, noise, alpha), t };
}

/** The mean of each recorded map over the evaluations. */
class MapMean {
  readonly outputs: readonly string[];
  private readonly sums = new Map<string, Float32Tensor>();
  private count = 0;

  constructor(private readonly record: MapRecord) {
    this.outputs = [...record.resolutions.map(selfOutput), ...(record.cross ? [CROSS_OUTPUT] : [])];
  }

  add(maps: Readonly<Record<string, Float32Tensor>>): void {
    this.count += 1;
    for (const name of this.outputs) {
      const map = maps[name]!;
      const sum = this.sums.get(name);
      if (!sum) this.sums.set(name, map);
      else for (let i = 0; i < sum.data.length; i += 1) sum.data[i]! += map.data[i]!;
    }
  }

  result(latents: readonly Float32Tensor[]): RecordedMaps {
    const mean = (name: string) => {
      const { shape, data } = this.sums.get(name)!;
      return float32(
        shape,
        data.map((sum) => sum / this.count),
      );
    };
    const { resolutions, cross } = this.record;
    const self = new Map(resolutions.map((side) => [side, mean(selfOutput(side))]));
    return { self, cross: cross ? mean(CROSS_OUTPUT) : undefined, latents };
  }
}
