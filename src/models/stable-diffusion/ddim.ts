/**
 * DDIM: how much of a latent is picture and how much is noise at each level, and the step from one level to the next.
 *
 * ᾱ_t falls from nearly 1 (t = 0, the picture) to nearly 0. Source: Song et al., Denoising Diffusion Implicit Models,
 * eq. 12 with σ = 0; METHOD.md §2 for the constants.
 */
import { ZeroovError } from '../../errors.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { SchedulerConfig } from './config.ts';

/** ᾱ_t for t = 0..999: the running product of 1 − β in float32, as the networks' authors trained. */
export function cumulativeAlphas(config: SchedulerConfig): Float32Array {
  const { num_train_timesteps: count, beta_start, beta_end, beta_schedule } = config;
  const root = beta_schedule === 'scaled_linear';
  const [first, last] = root
    ? [Math.sqrt(beta_start), Math.sqrt(beta_end)]
    : [beta_start, beta_end];
  let product = 1;
  return Float32Array.from({ length: count }, (_, t) => {
    const even = Math.fround(first + ((last - first) * t) / Math.max(1, count - 1));
    const beta = Math.fround(root ? even * even : even);
    product *= Math.fround(1 - beta);
    return product;
  });
}

/** Noise levels of the trajectory, rising: 0, 50, …, 950 for 20 steps of 1000. @throws OPTION_INVALID */
export function ddimTimesteps(
  steps: number,
  { num_train_timesteps: count }: SchedulerConfig,
): number[] {
  if (!Number.isInteger(steps) || steps < 1 || steps > count) {
    const expected = `a whole number from 1 to ${count}`;
    throw new ZeroovError('OPTION_INVALID', { option: 'steps', expected, got: String(steps) });
  }
  const stride = Math.floor(count / steps);
  return Array.from({ length: steps }, (_, i) => i * stride);
}

/**
 * One step along the deterministic path: with the noise ε predicted for z, z′ = √ᾱ′·(z − √(1−ᾱ)·ε)/√ᾱ + √(1−ᾱ′)·ε.
 *
 * @param alphas ᾱ of the level z is at, and ᾱ′ of the level to reach
 */
export function ddimStep(
  latent: Float32Tensor,
  noise: Float32Tensor,
  { from, to }: { from: number; to: number },
): Float32Tensor {
  const keep = Math.sqrt(to / from);
  const add = Math.sqrt(1 - to) - keep * Math.sqrt(1 - from);
  return mix(latent, noise, { keep, add });
}

/** √ᾱ·z₀ + √(1−ᾱ)·ε: the picture's latent at a noise level, without a trajectory. */
export function addNoise(
  latent: Float32Tensor,
  noise: Float32Tensor,
  alpha: number,
): Float32Tensor {
  return mix(latent, noise, { keep: Math.sqrt(alpha), add: Math.sqrt(1 - alpha) });
}

function mix(
  latent: Float32Tensor,
  noise: Float32Tensor,
  { keep, add }: { keep: number; add: number },
): Float32Tensor {
  return float32(
    latent.shape,
    latent.data.map((z, i) => keep * z + add * noise.data[i]!),
  );
}
