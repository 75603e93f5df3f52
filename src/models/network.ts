/**
 * A network: a graph over a checkpoint, running. This is where graph, runtime and checkpoint meet.
 *
 * It is built and loaded when first used and released on request, so that a stage holds its own weights only. Every run
 * ends with a look at the files the weights are mapped from: an answer from files that changed is an error.
 */
import { basename } from 'node:path';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { findNonFinite } from '../checkpoint/find-non-finite.ts';
import { ZeroovError } from '../errors.ts';
import type { BuiltGraph } from '../graph/graph.ts';
import type { RunOptions, Runtime, Session } from '../runtime/runtime.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface NetworkParts {
  readonly runtime: Runtime;
  readonly checkpoint: Checkpoint;
  /** Builds the graph: pure, milliseconds. */
  readonly build: () => BuiltGraph;
}

export class Network {
  private session: Promise<Session> | undefined;

  constructor(private readonly parts: NetworkParts) {}

  /** Loads the network if it is not; `run` does so by itself. */
  async load(): Promise<Session> {
    this.session ??= this.parts.runtime.load(this.parts.build());
    try {
      return await this.session;
    } catch (error) {
      this.session = undefined;
      throw error;
    }
  }

  /** @throws NOT_FINITE (naming the weight that is not), CHECKPOINT_CHANGED, MODEL_OOM, RUNTIME_CRASHED */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    options?: RunOptions,
  ): Promise<Record<string, Tensor>> {
    const session = await this.load();
    try {
      const outputs = await session.run(inputs, options);
      await this.parts.checkpoint.verifyUnchanged();
      return outputs;
    } catch (error) {
      await this.parts.checkpoint.verifyUnchanged();
      throw error instanceof ZeroovError && error.code === 'NOT_FINITE'
        ? await this.blame(error as ZeroovError<'NOT_FINITE'>)
        : error;
    }
  }

  /** Gives the memory back; the next run loads again. */
  async release(): Promise<void> {
    const session = this.session;
    this.session = undefined;
    await (await session)?.release();
  }

  /** Looks for the weight that is not finite, which a NaN output nearly always comes from. */
  private async blame(error: ZeroovError<'NOT_FINITE'>): Promise<ZeroovError> {
    for (const tensor of this.parts.build().weights.values()) {
      const index = await findNonFinite(tensor);
      if (index === null) continue;
      const cause = `weight "${tensor.name}" of ${basename(tensor.file)} is not finite at index ${index}`;
      return new ZeroovError('NOT_FINITE', { ...error.fields, cause }, { cause: error });
    }
    const cause = 'every weight is finite: the numbers overflow';
    return new ZeroovError('NOT_FINITE', { ...error.fields, cause }, { cause: error });
  }
}
