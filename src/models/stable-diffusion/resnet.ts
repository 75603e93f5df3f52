/** The residual block that the U-Net and the VAE are made of. */
import type { Value } from '../../graph/graph.ts';
import { conv2d, groupNorm, linear } from '../../graph/layers.ts';
import type { Scope } from '../../graph/scope.ts';

export interface ResnetShape {
  readonly from: number;
  readonly to: number;
  readonly groups: number;
  readonly eps: number;
  /** silu of the time embedding (1, width), added to every pixel; the VAE has none. */
  readonly time?: { readonly activated: Value; readonly width: number };
}

/** (1, from, H, W) → (1, to, H, W). Reference: ResnetBlock2D of diffusers. */
export function resnet(x: Value, at: Scope, { from, to, groups, eps, time }: ResnetShape): Value {
  const norm = groupNorm(x, at.at('norm1'), { width: from, groups, eps });
  let y = conv2d(norm.silu(), at.at('conv1'), { from, to, kernel: 3 }); // (1, to, H, W)
  if (time) {
    const shift = linear(time.activated, at.at('time_emb_proj'), { from: time.width, to }); // (1, to)
    y = y.plus(shift.reshape(1, to, 1, 1));
  }
  y = groupNorm(y, at.at('norm2'), { width: to, groups, eps });
  y = conv2d(y.silu(), at.at('conv2'), { from: to, to, kernel: 3 });
  const shortcut = from === to ? x : conv2d(x, at.at('conv_shortcut'), { from, to, kernel: 1 });
  return shortcut.plus(y);
}
