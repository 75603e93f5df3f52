/**
 * Networks running: onnxruntime sessions in a thread of their own, and what provider they run on.
 *
 * ```ts
 * const runtime = startRuntime({ provider: 'auto' });
 * const session = await runtime.load(graph);
 * const { noise } = await session.run({ latent, timestep, text });
 * await session.release();
 * await runtime.close();
 * ```
 */
import { availableParallelism } from 'node:os';
import { ZeroovError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Provider, Reply, Request } from './messages.ts';
import { type Port, startThread } from './port.ts';
import { PROVIDERS, whyNot } from './providers.ts';

export type { Provider } from './messages.ts';

/** `auto`: the first of CUDA, WebGPU and CPU that starts. A named provider that cannot start is an error. */
export type ProviderChoice = 'auto' | Provider;
export const PROVIDER_CHOICES = ['auto', 'cpu', 'webgpu', 'cuda'] as const;

/** What a runtime loads; graph/'s BuiltGraph is one. */
export interface LoadableGraph {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly folder: string | undefined;
  readonly outputs: readonly { readonly name: string }[];
}

export interface RunOptions {
  /** Outputs to return; default all that are not carried. */
  readonly fetch?: readonly string[];
  /** Output → input of values that stay in the thread and feed the next run. Not passed: they are dropped. */
  readonly carry?: Readonly<Record<string, string>>;
}

export interface Session {
  readonly graph: LoadableGraph;
  /** @throws NOT_FINITE, MODEL_OOM, RUNTIME_REFUSED, RUNTIME_CRASHED */
  run(
    inputs: Readonly<Record<string, Tensor>>,
    options?: RunOptions,
  ): Promise<Record<string, Tensor>>;
  /** Gives the network's memory back. */
  release(): Promise<void>;
}

export interface Runtime {
  /** The provider that networks really run on; undefined before the first is loaded. */
  readonly provider: Provider | undefined;
  readonly threads: number;
  /** @throws PROVIDER_UNAVAILABLE, MODEL_OOM, RUNTIME_REFUSED, RUNTIME_CRASHED */
  load(graph: LoadableGraph): Promise<Session>;
  /** Waits for the step that runs; what was asked after it is answered RUNTIME_CRASHED. */
  close(): Promise<void>;
}

export interface RuntimeOptions {
  readonly provider?: ProviderChoice;
  /** Threads of one network run; default the machine's cores. */
  readonly threads?: number;
}

/** A runtime whose inference thread starts with the first network. */
export function startRuntime({
  provider = 'auto',
  threads = availableParallelism(),
}: RuntimeOptions = {}): Runtime {
  return new ThreadRuntime(provider, threads);
}

class ThreadRuntime implements Runtime {
  provider: Provider | undefined;
  private readonly pending = new Map<number, (reply: Reply | string) => void>();
  private started: Port | undefined;
  private ended: string | undefined;
  private lastId = 0;

  constructor(
    private readonly choice: ProviderChoice,
    readonly threads: number,
  ) {}

  async load(graph: LoadableGraph): Promise<Session> {
    const session = this.lastId + 1;
    const { name, bytes, folder } = graph;
    const candidates = this.provider ? [this.provider] : this.candidates();
    for (const provider of candidates) {
      const request = { kind: 'load', session, name, bytes, folder, provider } as const;
      const { failure } = await this.ask({ ...request, threads: this.threads });
      if (!failure) {
        this.provider = provider;
        return this.session(graph, session);
      }
      if (provider !== candidates.at(-1)) continue;
      const { reason } = failure;
      if (failure.code === 'RUNTIME_REFUSED' && this.choice !== 'cpu' && provider !== 'cpu') {
        throw new ZeroovError('PROVIDER_UNAVAILABLE', { provider, reason: firstLine(reason) });
      }
      throw new ZeroovError(failure.code as 'MODEL_OOM', {
        network: name,
        reason: firstLine(reason),
      });
    }
    throw new ZeroovError('INTERNAL', { reason: 'no provider to try' });
  }

  async close(): Promise<void> {
    this.ended ??= 'closed';
    await this.started?.close();
  }

  private port(): Port {
    if (this.started) return this.started;
    const port = startThread();
    port.onReply((reply) => this.settle(reply.id, reply));
    port.onEnd((reason) => {
      this.ended ??= reason;
      for (const id of [...this.pending.keys()]) this.settle(id, this.ended);
    });
    this.started = port;
    return port;
  }

  private candidates(): readonly Provider[] {
    return this.choice === 'auto' ? PROVIDERS.filter((p) => !whyNot(p)) : [this.choice];
  }

  private session(graph: LoadableGraph, session: number): Session {
    return {
      graph,
      run: (inputs, options) => this.run(graph, session, inputs, options),
      release: async () => {
        if (!this.ended) await this.ask({ kind: 'release', session });
      },
    };
  }

  private async run(
    graph: LoadableGraph,
    session: number,
    inputs: Readonly<Record<string, Tensor>>,
    { carry = {}, fetch }: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    const wanted = fetch ?? graph.outputs.map((o) => o.name).filter((name) => !(name in carry));
    const { failure, outputs } = await this.ask({
      kind: 'run',
      session,
      inputs,
      carry,
      fetch: wanted,
    });
    if (!failure) return { ...outputs };
    const network = graph.name;
    if (failure.code === 'NOT_FINITE') {
      const { output = '', index = 0 } = failure;
      throw new ZeroovError('NOT_FINITE', {
        network,
        output,
        index,
        cause: 'a weight or an input',
      });
    }
    throw new ZeroovError(failure.code as 'MODEL_OOM', {
      network,
      reason: firstLine(failure.reason),
    });
  }

  private ask(request: Request): Promise<Reply> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      const crashed = (reason: string) => reject(new ZeroovError('RUNTIME_CRASHED', { reason }));
      if (this.ended) return crashed(this.ended);
      this.pending.set(id, (reply) =>
        typeof reply === 'string' ? crashed(reply) : resolve(reply),
      );
      this.port().post({ ...request, id });
    });
  }

  private settle(id: number, reply: Reply | string): void {
    const done = this.pending.get(id);
    this.pending.delete(id);
    done?.(reply);
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.slice(0, 300);
}
