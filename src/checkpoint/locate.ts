import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ZeroovError } from '../errors.ts';
import {
  type Env,
  hubCache,
  isCommit,
  type ModelId,
  parseModelId,
  repoFolder,
} from './hub-cache.ts';
import { readText } from './regular-file.ts';

export interface CheckpointLocation {
  /** An existing folder. A diffusers model has its networks in subfolders (`unet`, `vae` …). */
  readonly folder: string;
  /** What messages call it: the text it was asked for by. */
  readonly label: string;
  /** The commit, when it lies in the hub cache. */
  readonly revision?: string;
}

/**
 * Finds a checkpoint on this machine: a folder, or a hub id `org/name` or `org/name@revision` in the hub cache
 * (`$HF_HUB_CACHE`, `$HF_HOME/hub`, `$XDG_CACHE_HOME/huggingface/hub`, `~/.cache/huggingface/hub`). Asks no network.
 *
 * @throws CHECKPOINT_NOT_FOUND which says where it looked
 */
export async function locateCheckpoint(
  idOrFolder: string,
  options: { readonly env?: Env } = {},
): Promise<CheckpointLocation> {
  const env = options.env ?? process.env;
  if (await isFolder(idOrFolder)) return { folder: idOrFolder, label: idOrFolder };
  const model = parseModelId(idOrFolder);
  const snapshot = model && (await findSnapshot(env, model));
  if (snapshot) return { ...snapshot, label: idOrFolder };
  const looked = model
    ? `the folder ${idOrFolder} and ${hubCache(env)}`
    : `the folder ${idOrFolder}`;
  throw new ZeroovError('CHECKPOINT_NOT_FOUND', { id: idOrFolder, looked });
}

async function findSnapshot(
  env: Env,
  model: ModelId,
): Promise<{ folder: string; revision: string } | null> {
  const repo = repoFolder(env, model.id);
  const revision = isCommit(model.revision) ? model.revision : await readRef(repo, model.revision);
  if (revision === null) return null;
  const folder = join(repo, 'snapshots', revision);
  return (await isFolder(folder)) ? { folder, revision } : null;
}

/** The commit that a branch or tag stood for when it was downloaded. */
async function readRef(repo: string, name: string): Promise<string | null> {
  try {
    const path = join(repo, 'refs', name);
    const commit = (await readText({ path, checkpoint: repo, limit: 64 }))?.trim() ?? '';
    return isCommit(commit) ? commit : null;
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
