import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The one commit of every model of a LoopbackHub. */
export const COMMIT = '0a'.repeat(20);

export const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
export const gitSha1 = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Path in the repository → content. */
export type ModelFiles = Record<string, Buffer>;
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** For tests: a hub on loopback. Weights are redirected to a file store on another port, as the real hub does. */
export class LoopbackHub {
  /** Answers `/path` instead of what the hub would say, as often as the list is long. */
  readonly script = new Map<string, Answer[]>();
  seen: { url: string; authorization?: string; range?: string }[] = [];
  commit = COMMIT;
  private readonly hub = createServer((...exchange) => this.answer(...exchange));
  private readonly store = createServer((...exchange) => this.answer(...exchange));

  /** @param models `org/name` → its files */
  constructor(readonly models: Record<string, ModelFiles>) {}

  /** For HF_ENDPOINT. */
  get endpoint(): string {
    return addressOf(this.hub);
  }

  async start(): Promise<void> {
    for (const server of [this.hub, this.store])
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  }

  async stop(): Promise<void> {
    for (const server of [this.hub, this.store]) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    const { authorization, range } = request.headers;
    this.seen.push({ url, authorization, range });
    const [, listed] = /^\/api\/models\/(.+)\/revision\/[^/]+\?blobs=true$/.exec(url) ?? [];
    const [, id, path] =
      /^\/(?:store\/)?([^/]+\/[^/]+)\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(url) ?? [];
    const scripted = this.script.get(url)?.shift();
    const bytes = id && path ? this.models[id]?.[path] : undefined;
    if (scripted) scripted(request, response);
    else if (listed && this.models[listed])
      response.end(JSON.stringify(listingOf(this.models[listed], this.commit)));
    else if (bytes === undefined) response.writeHead(404).end();
    else if (path?.endsWith('.safetensors') && !url.startsWith('/store/'))
      response.writeHead(302, { location: `${addressOf(this.store)}/store${url}` }).end();
    else sendFile(bytes, { request, response });
  }
}

const addressOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function listingOf(files: ModelFiles, commit: string) {
  const siblings = Object.entries(files).map(([rfilename, bytes]) => ({
    rfilename,
    size: bytes.length,
    blobId: gitSha1(bytes),
    ...(rfilename.endsWith('.safetensors') && {
      lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 130 },
    }),
  }));
  return { sha: commit, siblings };
}

/** First byte that a request asks for. */
export const startOf = (request: IncomingMessage): number =>
  Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);

function sendFile(
  bytes: Buffer,
  exchange: { request: IncomingMessage; response: ServerResponse },
): void {
  const { request, response } = exchange;
  const from = startOf(request);
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': bytes.length - from,
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  response.end(bytes.subarray(from));
}
