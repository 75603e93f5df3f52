import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { humanBytes, ZeroovError } from '../../errors.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import type { Answers, Reply, Request } from './messages.ts';

/** What a decoder child may take. */
export interface DecodeLimits {
  /** For one step of a request: to open a picture, to decode a block. */
  readonly wallMs: number;
  /** Resident memory. Watched where the system tells (Linux). */
  readonly rssBytes: number;
  /** Of JavaScript objects; pixels are not among them. */
  readonly heapMiB: number;
}

export const DECODE_LIMITS: DecodeLimits = {
  wallMs: 20_000,
  rssBytes: 1.5 * 2 ** 30,
  heapMiB: 512,
};

/** All that a child gets to know of the environment: where temporary files go, and what Windows cannot start without. */
const ENVIRONMENT = ['TMPDIR', 'TEMP', 'TMP', 'SystemRoot'];
/** How often the memory of a child is looked at. */
const WATCH_MS = 50;
/** Characters of what a dying child printed that are kept. */
const LAST_WORDS = 2000;

type AnswerOf<R extends Request> = Answers[R['kind']];

interface Pending {
  readonly path: string;
  readonly resolve: (answer: Answers[keyof Answers]) => void;
  readonly reject: (error: ZeroovError) => void;
  /** When the child was last heard of. */
  heardMs: number;
  readonly watch: NodeJS.Timeout;
}

/**
 * A process that decodes pictures for this one and can be killed: a crash, a hang or an overrun costs one request, and the
 * next one gets a new child. It is started when first needed and does not keep the program alive. Requests are answered in
 * order.
 */
export class Decoder {
  private child: ChildProcess | undefined;
  private pending: Pending | undefined;
  private lastWords = '';
  private idle: NodeJS.Timeout | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly options: {
      /** A file for the child to read; it stays the caller's to close. */
      readonly fd?: number;
      readonly limits?: Partial<DecodeLimits>;
      /** A child that nobody asked for so long gives its memory back; the next request starts another. */
      readonly idleMs?: number;
    } = {},
  ) {}

  /** The child's process id, while there is one. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** @throws DECODER_CRASH naming `path`, TEMPORARY_FOLDER, and what the request's own work throws */
  ask<R extends Request>(request: R, path: string): Promise<AnswerOf<R>> {
    const asked = this.queue.then(() => this.send(request, path));
    // The next request does not mind how this one ended.
    this.queue = asked.catch(() => undefined);
    return asked as Promise<AnswerOf<R>>;
  }

  /** Kills the child; a request that waits for it fails. Another request would start another child. */
  async close(): Promise<void> {
    const { child } = this;
    if (!child?.pid) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.fail('it was closed');
    child.ref();
    await ended;
  }

  private async send(request: Request, path: string): Promise<Answers[keyof Answers]> {
    clearTimeout(this.idle);
    const child = this.startFor(path);
    return new Promise((resolve, reject) => {
      const watch = setInterval(() => this.check(), WATCH_MS);
      this.pending = { path, resolve, reject, heardMs: performance.now(), watch };
      hold(child);
      child.send(request, (error) => error && this.fail(`it cannot be reached: ${error.message}`));
    });
  }

  private startFor(path: string): ChildProcess {
    try {
      return this.start();
    } catch (cause) {
      if (cause instanceof ZeroovError) throw cause;
      const reason = `it cannot start: ${(cause as Error).message}`;
      throw new ZeroovError('DECODER_CRASH', { path, reason }, { cause });
    }
  }

  private start(): ChildProcess {
    if (this.child) return this.child;
    const { fd, limits } = this.options;
    const heap = limits?.heapMiB ?? DECODE_LIMITS.heapMiB;
    // Empty, so that nothing the child would look for by a relative name is there.
    const cwd = temporaryFolder('zeroov-decode-');
    const child = spawn(process.execPath, [`--max-old-space-size=${heap}`, ...program()], {
      stdio: ['pipe', 'ignore', 'pipe', 'ipc', ...(fd === undefined ? [] : [fd])],
      serialization: 'advanced',
      cwd,
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
    });
    this.child = child;
    this.lastWords = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.lastWords = (this.lastWords + text).slice(-LAST_WORDS);
    });
    child.on('message', (reply: Reply) => child === this.child && this.hear(reply));
    child.on('error', (error) => this.end(child, error.message));
    child.on('close', (code, signal) => {
      rmSync(cwd, { recursive: true, force: true });
      this.end(child, signal ?? `exit code ${code}`);
    });
    return child;
  }

  private hear(reply: Reply): void {
    if (!this.pending) return;
    if (reply.kind === 'alive') this.pending.heardMs = performance.now();
    else if (reply.kind === 'done') this.settle()?.resolve(reply.answer);
    else {
      const { code, fields } = reply.failure;
      this.settle()?.reject(new ZeroovError(code, fields as never));
    }
  }

  private check(): void {
    const { wallMs, rssBytes } = { ...DECODE_LIMITS, ...this.options.limits };
    if (performance.now() - this.pending!.heardMs > wallMs) {
      this.fail(`it did not answer for ${wallMs / 1000} s, which a busy machine can cause, too`);
      return;
    }
    const rss = residentBytes(this.child!.pid!);
    if (rss > rssBytes) {
      this.fail(`it took ${humanBytes(rss)} of memory, the limit is ${humanBytes(rssBytes)}`);
    }
  }

  /** Ends the child and the request it did not answer. */
  private fail(reason: string): void {
    const { child } = this;
    this.child = undefined;
    child?.kill('SIGKILL');
    const pending = this.settle();
    pending?.reject(new ZeroovError('DECODER_CRASH', { path: pending.path, reason }));
  }

  private end(child: ChildProcess, how: string): void {
    if (this.child !== child) return;
    const words = /FATAL ERROR: .*|^\w*Error: .*/m.exec(this.lastWords)?.[0];
    this.fail(words ? `${how}: ${words}` : how);
  }

  private settle(): Pending | undefined {
    const { pending, child } = this;
    this.pending = undefined;
    clearInterval(pending?.watch);
    if (child) letGo(child);
    const { idleMs } = this.options;
    if (child && idleMs) this.idle = setTimeout(() => this.close(), idleMs).unref();
    return pending;
  }
}

/** The built program lies beside this file; from the TypeScript sources a loader is put before it. */
function program(): string[] {
  if (!import.meta.url.endsWith('.ts'))
    return [fileURLToPath(new URL('./child.js', import.meta.url))];
  const child = fileURLToPath(new URL('./child.ts', import.meta.url));
  return ['--import', import.meta.resolve('tsx/esm'), child];
}

/** 0 where the system does not tell. */
function residentBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(kilobytes?.[1] ?? 0) * 1024;
  } catch {
    // No such file: another system, or the child is gone, which its exit tells.
    return 0;
  }
}

/** While it has a request the program waits for it; a child without one does not keep the program alive. */
function hold(child: ChildProcess): void {
  child.ref();
  child.channel?.ref();
}

function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as Socket | null)?.unref();
}
