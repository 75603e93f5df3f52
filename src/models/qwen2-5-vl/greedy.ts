import { throwIfAborted } from '../../errors.ts';
import { argmax } from '../../tensor/reduce.ts';
import { type Float32Tensor, float32, int64, type Tensor } from '../../tensor/tensor.ts';
import type { Network } from '../network.ts';
import type { TextConfig } from './config.ts';
import { cacheCarry, emptyCache } from './language.ts';
import {
  type Grid,
  type PositionScheme,
  promptPositions,
  textPosition,
  textRotary,
} from './positions.ts';
import type { PromptTokens } from './prompt.ts';

/** One token found, and where the position it was read from looked. */
export interface Step {
  readonly id: number;
  /** (L, I): of every layer the row to the image tokens, the heads' mean. */
  readonly attention: Float32Tensor;
}

export interface GreedyOptions {
  readonly network: Network;
  readonly config: TextConfig;
  readonly prompt: PromptTokens;
  readonly image: { readonly embeddings: Float32Tensor; readonly grid: Grid };
  readonly positions?: PositionScheme;
  readonly signal?: AbortSignal;
}

/**
 * The most likely token after the prompt, then after that token, and so on for as long as it is asked: one run of the
 * network each, the first with the whole prompt and an empty cache. Who asks decides where the answer ends.
 *
 * @throws CANCELLED, and those of Network.run
 */
export async function* greedySteps(options: GreedyOptions): AsyncGenerator<Step, never> {
  const { network, config, prompt, image, signal } = options;
  const { before, after } = prompt;
  const { positions, next } = promptPositions({
    before: before.length,
    grid: image.grid,
    after: after.length,
    scheme: options.positions,
  });
  const imageTokens = image.grid.height * image.grid.width;
  const range = {
    imageStart: int64([1], [before.length]),
    imageEnd: int64([1], [before.length + imageTokens]),
  };
  const carry = cacheCarry(config);
  const none = { before: ids([]), image: float32([0, config.hidden]) };
  let inputs: Record<string, Tensor> = {
    ...range,
    ...emptyCache(config),
    ...{ before: ids(before), image: image.embeddings, after: ids(after) },
    ...textRotary(positions, config),
  };
  for (let position = next; ; position += 1) {
    throwIfAborted(signal);
    const { logits, attention } = await network.run(inputs, { carry });
    const id = argmax((logits as Float32Tensor).data);
    yield { id, attention: attention as Float32Tensor };
    const rotary = textRotary(textPosition(position), config);
    inputs = { ...range, ...none, after: ids([id]), ...rotary };
  }
}

function ids(values: readonly number[]): Tensor<'int64'> {
  return int64([values.length], values);
}
