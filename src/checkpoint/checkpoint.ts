import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ZeroovError } from '../errors.ts';
import type { StoredTensor, TensorSource } from '../tensor/stored.ts';
import { assertUnchanged, type FileIdentity, fileError } from './regular-file.ts';
import { readSafetensorsHeader, type SafetensorsHeader } from './safetensors.ts';
import { assertShardsAgree, readShardIndex } from './shard-index.ts';
import { chooseWeights } from './weight-files.ts';

/** The tensors of one network, in the files they were published in. Only headers have been read. */
export interface Checkpoint extends TensorSource {
  /** Real path of the one folder in which all weight files lie; from here the runtime maps them. */
  readonly folder: string;
  readonly files: readonly FileIdentity[];
  /** @throws CHECKPOINT_CHANGED when a weight file is not in the state in which it was opened */
  verifyUnchanged(): Promise<void>;
}

export interface OpenCheckpointOptions {
  /** What messages call it; the path when not given. */
  readonly label?: string;
  /** Only this variant, e.g. `fp16`; otherwise the plain weights, and a variant where there are none. */
  readonly variant?: string;
}

/**
 * Opens the weights in a folder (one file, or shards with their index), one `.safetensors` file, or several that
 * belong together. Links of a hub snapshot are resolved to the blobs they stand for; names stay as in the files.
 *
 * A weight file in a folder may be a link only within the folder or into the `blobs` of its own hub snapshot; files
 * that the caller names one by one may lie anywhere.
 *
 * @throws CHECKPOINT_FILE_MISSING, CHECKPOINT_BIN_ONLY, CHECKPOINT_UNREADABLE, MODEL_PATH_ESCAPE, MODEL_SHARD,
 *   MODEL_FOLDERS, CONFIG_INVALID, FILE_TOO_LARGE, NOT_SAFETENSORS, ST_HEADER_LENGTH, ST_HEADER_JSON, ST_OFFSETS
 */
export async function openCheckpoint(
  source: string | readonly string[],
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const label = options.label ?? (typeof source === 'string' ? source : source.join(', '));
  const { paths, index } =
    typeof source !== 'string'
      ? { paths: source, index: null }
      : source.endsWith('.safetensors')
        ? { paths: [source], index: null }
        : await filesOfFolder(source, { label, variant: options.variant });
  const headers: SafetensorsHeader[] = [];
  for (const path of paths) headers.push(await readSafetensorsHeader(path, label));
  if (index !== null) {
    const held = new Map(headers.map(({ identity, tensors }) => [identity.name, tensors]));
    assertShardsAgree({ checkpoint: label, index, held });
  }
  return assemble(label, headers);
}

/** tensor → shard of an index, or null where one file holds all. */
type Index = ReadonlyMap<string, string> | null;

async function filesOfFolder(
  folder: string,
  asked: { label: string; variant?: string },
): Promise<{ paths: string[]; index: Index }> {
  const { label: checkpoint, variant } = asked;
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError({ path: folder, checkpoint, error });
  });
  const chosen = chooseWeights(names, variant);
  if (chosen.kind === 'none') throw noWeights({ checkpoint, variant, ...chosen });
  if (chosen.kind === 'single')
    return { paths: [await contained({ folder, name: chosen.file, checkpoint })], index: null };

  const index = await readShardIndex({ file: join(folder, chosen.file), checkpoint });
  const shards = new Set(index.values());
  const disagree = (reason: string): ZeroovError =>
    new ZeroovError('MODEL_SHARD', { checkpoint, reason });
  for (const shard of shards) if (!names.includes(shard)) throw disagree(`${shard} is missing`);
  for (const shard of chosen.shards)
    if (!shards.has(shard)) throw disagree(`${shard} is not in ${chosen.file}`);
  const paths: string[] = [];
  for (const name of [...shards].sort()) paths.push(await contained({ folder, name, checkpoint }));
  return { paths, index };
}

function noWeights(found: {
  checkpoint: string;
  variant: string | undefined;
  pickles: readonly string[];
  safetensors: readonly string[];
}): ZeroovError {
  const { checkpoint, variant, pickles, safetensors } = found;
  const some = (names: readonly string[]): string =>
    names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  if (safetensors.length === 0 && pickles.length > 0)
    return new ZeroovError('CHECKPOINT_BIN_ONLY', { checkpoint, found: some(pickles) });
  const dot = variant === undefined ? '' : `.${variant}`;
  const hint =
    safetensors.length === 0
      ? 'expected it, or *.safetensors.index.json with its shards'
      : `it has ${some(safetensors)}, of which zeroov cannot tell the one that is meant or whose index is missing`;
  const file = `model${dot}.safetensors or diffusion_pytorch_model${dot}.safetensors`;
  return new ZeroovError('CHECKPOINT_FILE_MISSING', { checkpoint, file, hint });
}

/** The path of `name` in `folder`, once it is sure that no link leads out of what the folder stands for. */
async function contained(place: {
  folder: string;
  name: string;
  checkpoint: string;
}): Promise<string> {
  const { folder, name, checkpoint } = place;
  const path = join(folder, name);
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(path)]);
    if (real.startsWith(root + sep) || dirname(real) === blobsOf(root)) return path;
    throw new ZeroovError('MODEL_PATH_ESCAPE', { checkpoint, path: `${name} → ${real}` });
  } catch (error) {
    if (error instanceof ZeroovError) throw error;
    throw fileError({ path, checkpoint, error });
  }
}

/** For `…/models--org--name/snapshots/<commit>[/…]` its `…/models--org--name/blobs`, else null. */
function blobsOf(folder: string): string | null {
  const parts = folder.split(sep);
  const repo = parts.findLastIndex((part) => part.startsWith('models--'));
  if (repo < 0 || parts[repo + 1] !== 'snapshots' || parts.length < repo + 3) return null;
  return [...parts.slice(0, repo + 1), 'blobs'].join(sep);
}

function assemble(label: string, headers: readonly SafetensorsHeader[]): Checkpoint {
  const files = headers.map((header) => header.identity);
  const folders = [...new Set(files.map((file) => dirname(file.path)))];
  if (folders.length !== 1)
    throw new ZeroovError('MODEL_FOLDERS', { checkpoint: label, folders: folders.join(', ') });
  const tensors = new Map<string, StoredTensor>();
  for (const header of headers)
    for (const [name, tensor] of header.tensors) {
      if (tensors.has(name))
        throw new ZeroovError('MODEL_SHARD', {
          checkpoint: label,
          reason: `${JSON.stringify(name)} is in more than one file`,
        });
      tensors.set(name, tensor);
    }
  return {
    label,
    folder: folders[0]!,
    files,
    has: (name) => tensors.has(name),
    get(name) {
      const tensor = tensors.get(name);
      if (tensor === undefined)
        throw new ZeroovError('TENSOR_MISSING', { tensor: name, checkpoint: label });
      return tensor;
    },
    names: () => tensors.keys(),
    async verifyUnchanged() {
      for (const file of files) await assertUnchanged(file);
    },
  };
}
