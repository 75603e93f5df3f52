/** Where the hub cache is and how it is laid out: the layout of Python's huggingface_hub, which reads and fills it too. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';

/** Environment variables, as in `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>;

export interface ModelId {
  /** `org/name` */
  readonly id: string;
  /** Branch, tag or commit; `main` unless given. */
  readonly revision: string;
}

const PART = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?';
const MODEL_ID = new RegExp(`^(${PART}/${PART})(?:@(.+))?$`);

/** `org/name` or `org/name@revision`, or null when `text` is neither. */
export function parseModelId(text: string): ModelId | null {
  const [, id, revision = 'main'] = MODEL_ID.exec(text) ?? [];
  if (id === undefined || id.includes('--') || id.includes('..')) return null;
  const plain = /^[A-Za-z0-9._/-]{1,128}$/.test(revision);
  const steps = revision.split('/');
  if (!plain || steps.some((step) => step === '' || /^\.+$/.test(step))) return null;
  return { id, revision };
}

/** As parseModelId. @throws OPTION_INVALID */
export function requireModelId(text: string): ModelId {
  const parsed = parseModelId(text);
  if (parsed !== null) return parsed;
  const got = JSON.stringify(text.slice(0, 200));
  throw new ZeroovError('OPTION_INVALID', {
    option: 'the model id',
    expected: 'org/name or org/name@revision',
    got,
  });
}

/** The hub's home: `$HF_HOME`, else `$XDG_CACHE_HOME/huggingface`, else `~/.cache/huggingface`. */
export function hubHome(env: Env): string {
  const home = env['HOME'] || homedir();
  const caches = env['XDG_CACHE_HOME'] || join(home, '.cache');
  return expandHome(env['HF_HOME'] || join(caches, 'huggingface'), home);
}

/** The cache: `$HF_HUB_CACHE`, else `hub` in the hub's home. */
export function hubCache(env: Env): string {
  return expandHome(env['HF_HUB_CACHE'] || join(hubHome(env), 'hub'), env['HOME'] || homedir());
}

function expandHome(path: string, home: string): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path;
}

/** The folder of one model in the cache; `blobs`, `refs` and `snapshots` lie in it. */
export function repoFolder(env: Env, id: string): string {
  return join(hubCache(env), `models--${id.replace('/', '--')}`);
}

/** A commit, as the hub names it. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** `$HF_HUB_OFFLINE` as Python's huggingface_hub reads it. */
export function isOffline(env: Env): boolean {
  return ['1', 'ON', 'YES', 'TRUE'].includes((env['HF_HUB_OFFLINE'] ?? '').toUpperCase());
}
