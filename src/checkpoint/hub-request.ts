import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import { type Env, hubHome } from './hub-cache.ts';

/** The hub to talk to, and what it is to be told. */
export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token?: string;
  readonly env: Env;
}

const MAX_REDIRECTS = 5;

/**
 * The hub that the environment names: HF_ENDPOINT; HF_TOKEN, or the file HF_TOKEN_PATH, or `token` in the hub's home.
 *
 * @throws OPTION_INVALID for an endpoint that is no http(s) address
 */
export async function hubOf(env: Env): Promise<Hub> {
  const endpoint = (env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new ZeroovError('OPTION_INVALID', {
      option: 'HF_ENDPOINT',
      expected: 'an http(s) address without a password',
      got: url ? `${url.protocol}//${url.host}` : 'no address',
    });
  const token = env['HF_TOKEN'] || (await readToken(env));
  return { endpoint, token: token?.trim() || undefined, env };
}

async function readToken(env: Env): Promise<string | undefined> {
  const path = env['HF_TOKEN_PATH'] || join(hubHome(env), 'token');
  return readFile(path, 'utf8').catch(() => undefined);
}

/**
 * GETs `path` of the hub and follows redirects. The token goes to the endpoint's own origin only, and no redirect
 * leads from https to http.
 *
 * @returns a response with status 200 or 206 whose body the caller reads
 * @throws HUB_NOT_FOUND, HUB_UNAUTHORIZED, HUB_UNREACHABLE, CANCELLED
 */
export async function hubGet(
  hub: Hub,
  request: { id: string; path: string; headers?: Record<string, string>; signal?: AbortSignal },
): Promise<Response> {
  const { id, path, headers, signal } = request;
  const origin = new URL(hub.endpoint).origin;
  let url = new URL(hub.endpoint + path);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const own = url.origin === origin;
    const sent: Record<string, string> = { ...headers, 'accept-encoding': 'identity' };
    if (own && hub.token !== undefined) sent['authorization'] = `Bearer ${hub.token}`;
    const response = await fetch(url.href, { headers: sent, redirect: 'manual', signal }).catch(
      (error: unknown) => {
        throw unreachable(hub, { error, signal });
      },
    );
    if (response.status === 200 || response.status === 206) return response;
    await response.body?.cancel();
    const next = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || next === null)
      throw refusal(hub, { id, response, own });
    const target = redirectTarget(url, next);
    if (target === null) throw unreachable(hub, { reason: 'it redirects to no safe address' });
    url = target;
  }
  throw unreachable(hub, { reason: `more than ${MAX_REDIRECTS} redirects` });
}

/** Where a redirect leads, or null where it leaves http(s) or gives up https. */
function redirectTarget(from: URL, location: string): URL | null {
  if (!URL.canParse(location, from.href)) return null;
  const target = new URL(location, from);
  if (target.protocol === 'https:') return target;
  return target.protocol === 'http:' && from.protocol === 'http:' ? target : null;
}

/** HUB_UNREACHABLE for a failed fetch or read, or CANCELLED when `signal` is why. */
export function unreachable(
  hub: Hub,
  why: { error?: unknown; reason?: string; signal?: AbortSignal },
): ZeroovError {
  const { error, signal } = why;
  if (signal?.aborted) return new ZeroovError('CANCELLED', {}, { cause: signal.reason });
  // Newer Node versions use the proxy when NODE_USE_ENV_PROXY is set; their fetch does so by itself.
  const { NODE_USE_ENV_PROXY: usesProxy, ...env } = hub.env;
  const proxied = !usesProxy && Object.keys(env).some((k) => /^https?_proxy$/i.test(k) && env[k]);
  const reason =
    (why.reason ?? causeOf(error)) +
    (proxied
      ? '; HTTP(S)_PROXY is set, but only Node 24 with NODE_USE_ENV_PROXY=1 connects through it'
      : '');
  return new ZeroovError('HUB_UNREACHABLE', { endpoint: hub.endpoint, reason }, { cause: error });
}

/** `fetch failed` hides the system's code in its cause. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no answer';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : error.message;
}

/** The hub answers 401 with `RepoNotFound` where a repository does not exist and no token was sent. */
function refusal(hub: Hub, refused: { id: string; response: Response; own: boolean }): ZeroovError {
  const { id, response, own } = refused;
  const { endpoint } = hub;
  const { status } = response;
  if (!own) return unreachable(hub, { reason: `its file store answers HTTP ${status}` });
  if (status === 404 || response.headers.get('x-error-code') === 'RepoNotFound')
    return new ZeroovError('HUB_NOT_FOUND', { id, endpoint });
  if (status === 401 || status === 403)
    return new ZeroovError('HUB_UNAUTHORIZED', { id, endpoint });
  return unreachable(hub, { reason: `HTTP ${status}` });
}
