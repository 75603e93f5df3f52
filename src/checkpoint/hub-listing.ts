import { z } from 'zod';
import { ZeroovError } from '../errors.ts';
import { type Hub, hubGet, unreachable } from './hub-request.ts';
import { chooseWeights } from './weight-files.ts';

export interface HubFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Name of its blob in the cache, and the checksum of its content. */
  readonly checksum: { readonly kind: 'sha256' | 'git-sha1'; readonly hex: string };
}

export interface HubListing {
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const MAX_LISTING_BYTES = 16 * 1024 * 1024;
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const bytes = z.number().int().nonnegative();
const LISTING = z.object({
  sha: hex(40),
  siblings: z
    .array(
      z.object({
        rfilename: z.string().max(1024),
        size: bytes,
        blobId: hex(40),
        lfs: z.object({ sha256: hex(64), size: bytes }).nullish(),
      }),
    )
    .max(100_000),
});

/** What the hub holds of a model at a revision. @throws HUB_NOT_FOUND, HUB_UNAUTHORIZED, HUB_UNREACHABLE, CANCELLED */
export async function listModel(
  hub: Hub,
  model: { id: string; revision: string; signal?: AbortSignal },
): Promise<HubListing> {
  const { id, revision, signal } = model;
  const path = `/api/models/${id}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await hubGet(hub, { id, path, signal });
  const text = await readBounded(hub, { response, signal });
  const parsed = LISTING.safeParse(parseOrNull(text));
  if (!parsed.success) throw unreachable(hub, { reason: 'its answer is not what a hub sends' });
  const files = parsed.data.siblings.map(
    ({ rfilename, size, blobId, lfs }): HubFile => ({
      path: rfilename,
      bytes: lfs?.size ?? size,
      checksum: lfs ? { kind: 'sha256', hex: lfs.sha256 } : { kind: 'git-sha1', hex: blobId },
    }),
  );
  return { commit: parsed.data.sha, files };
}

async function readBounded(
  hub: Hub,
  answer: { response: Response; signal?: AbortSignal },
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of answer.response.body ?? []) {
      total += chunk.length;
      if (total > MAX_LISTING_BYTES) return '';
      chunks.push(chunk);
    }
  } catch (error) {
    throw unreachable(hub, { error, signal: answer.signal });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The parts of a diffusers model that zeroov runs. */
const PARTS = ['tokenizer', 'text_encoder', 'vae', 'unet', 'scheduler'];

/**
 * Which files zeroov needs of a model: configurations, tokenizer and safetensors weights; in a diffusers model
 * (one with model_index.json) those of its tokenizer, text encoder, VAE, U-Net and scheduler.
 *
 * @throws CHECKPOINT_BIN_ONLY, CHECKPOINT_FILE_MISSING when the weights are not there (in that variant)
 */
export function neededFiles(
  paths: readonly string[],
  options: { readonly id: string; readonly variant?: string },
): string[] {
  const root = inFolder(paths, '');
  if (!root.includes('model_index.json')) return [...texts(root), ...weights(root, options)];
  const parts = PARTS.flatMap((part) => {
    const names = inFolder(paths, `${part}/`);
    const hasWeights = part !== 'tokenizer' && part !== 'scheduler';
    const needed = [...texts(names), ...(hasWeights ? weights(names, options) : [])];
    return needed.map((name) => `${part}/${name}`);
  });
  return ['model_index.json', ...parts];
}

/** Names of the files that lie directly in `prefix`. */
function inFolder(paths: readonly string[], prefix: string): string[] {
  const inside = paths.filter((path) => path.startsWith(prefix));
  return inside.map((path) => path.slice(prefix.length)).filter((name) => !name.includes('/'));
}

/** Configurations, tokenizer files, chat templates. */
function texts(names: readonly string[]): string[] {
  const isIndex = (name: string): boolean => /\.index(\.\w+)?\.json$/.test(name);
  return names.filter(
    (name) => (/\.(json|jinja)$/.test(name) && !isIndex(name)) || name === 'merges.txt',
  );
}

function weights(names: readonly string[], of: { id: string; variant?: string }): string[] {
  const chosen = chooseWeights(names, of.variant);
  if (chosen.kind === 'single') return [chosen.file];
  if (chosen.kind === 'index') return [chosen.file, ...chosen.shards];
  if (chosen.pickles.length > 0 && chosen.safetensors.length === 0)
    throw new ZeroovError('CHECKPOINT_BIN_ONLY', {
      checkpoint: of.id,
      found: chosen.pickles.slice(0, 3).join(', '),
    });
  throw new ZeroovError('CHECKPOINT_FILE_MISSING', {
    checkpoint: of.id,
    file: of.variant === undefined ? '*.safetensors' : `*.${of.variant}.safetensors`,
    hint: `it has ${chosen.safetensors.slice(0, 3).join(', ') || 'no weights'}`,
  });
}
