/**
 * What the main thread and the inference thread say to each other: plain data, so that the thread can become a child
 * process without a change above this room.
 */
import type { ErrorCode } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Where a network runs. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';

export interface LoadRequest {
  readonly kind: 'load';
  readonly session: number;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Folder of the external data; undefined for a graph without weights. */
  readonly folder: string | undefined;
  readonly provider: Provider;
  readonly threads: number;
}

export interface RunRequest {
  readonly kind: 'run';
  readonly session: number;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Names of the outputs to send back. */
  readonly fetch: readonly string[];
  /** Output → input: values that stay in the thread and feed the next run (a KV cache). */
  readonly carry: Readonly<Record<string, string>>;
}

export interface ReleaseRequest {
  readonly kind: 'release';
  readonly session: number;
}

export type Request = LoadRequest | RunRequest | ReleaseRequest;
export type Envelope = Request & { readonly id: number };

/** The last message: what was asked and has not begun is dropped, and the thread ends. */
export interface Close {
  readonly kind: 'close';
}

/** A failure as plain data; `code` is a row of the error table, its fields are filled in on the main thread. */
export interface Failure {
  readonly code: Extract<ErrorCode, 'NOT_FINITE' | 'MODEL_OOM' | 'RUNTIME_REFUSED'>;
  readonly reason: string;
  readonly output?: string;
  readonly index?: number;
}

export interface Reply {
  readonly id: number;
  readonly outputs?: Readonly<Record<string, Tensor>>;
  readonly failure?: Failure;
}
