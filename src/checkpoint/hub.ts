import { lstat, mkdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { downloadBlob } from './hub-blob.ts';
import { type Env, isOffline, repoFolder, requireModelId } from './hub-cache.ts';
import { type HubFile, listModel, neededFiles } from './hub-listing.ts';
import { withPullLock } from './hub-lock.ts';
import { type Hub, hubOf } from './hub-request.ts';
import { locateCheckpoint } from './locate.ts';
import { makeFolder, writing } from './writing.ts';

export interface PullOptions {
  /** `org/name` or `org/name@revision` */
  readonly id: string;
  /** Only these paths of the repository; the files zeroov needs unless given. */
  readonly files?: (path: string) => boolean;
  /** Weights of this variant, e.g. `fp16`; the plain ones unless given. */
  readonly variant?: string;
  readonly env?: Env;
  readonly signal?: AbortSignal;
}

export interface PlannedFile extends HubFile {
  /** Its blob is in the cache already. */
  readonly cached: boolean;
}

/** What a pull would do. */
export interface PullPlan {
  readonly id: string;
  readonly revision: string;
  readonly commit: string;
  readonly files: readonly PlannedFile[];
  readonly totalBytes: number;
  /** Bytes of the files that are not cached (what an earlier run left half-way counts in full). */
  readonly missingBytes: number;
  /** `…/models--org--name` */
  readonly repo: string;
}

export interface PullProgress {
  readonly file: string;
  /** Bytes of this file that are there, and all it has. */
  readonly received: number;
  readonly total: number;
  /** The same over all files that were not cached when the pull began. */
  readonly overallReceived: number;
  readonly overallTotal: number;
}

/** Where a pulled model lies: the folder to open. */
export interface Pulled {
  readonly folder: string;
  readonly commit?: string;
}

/**
 * Asks the hub (HF_ENDPOINT) what `id` holds, and says which files would be downloaded and how large they are.
 *
 * @throws OPTION_INVALID, HUB_OFFLINE, HUB_NOT_FOUND, HUB_UNAUTHORIZED, HUB_UNREACHABLE, CHECKPOINT_BIN_ONLY,
 *   CHECKPOINT_FILE_MISSING, MODEL_PATH_ESCAPE, CANCELLED
 */
export async function planPull(options: PullOptions): Promise<PullPlan> {
  const { env = process.env, signal, variant } = options;
  const { id, revision } = requireModelId(options.id);
  if (isOffline(env)) throw new ZeroovError('HUB_OFFLINE', { id: options.id });
  const listing = await listModel(await hubOf(env), { id, revision, signal });
  const paths = listing.files.map((file) => file.path);
  const wanted = new Set(
    options.files ? paths.filter(options.files) : neededFiles(paths, { id, variant }),
  );
  const repo = repoFolder(env, id);
  const files: PlannedFile[] = [];
  for (const file of listing.files) {
    if (!wanted.has(file.path)) continue;
    if (!isPlainPath(file.path))
      throw new ZeroovError('MODEL_PATH_ESCAPE', { checkpoint: id, path: file.path });
    files.push({ ...file, cached: await isCached(repo, file) });
  }
  const sum = (some: readonly HubFile[]): number => some.reduce((all, f) => all + f.bytes, 0);
  const missingBytes = sum(files.filter((file) => !file.cached));
  return {
    id,
    revision,
    commit: listing.commit,
    files,
    totalBytes: sum(files),
    missingBytes,
    repo,
  };
}

/** Steps of plain characters, none of them `.` or `..`. */
function isPlainPath(path: string): boolean {
  return path
    .split('/')
    .every((step) => /^[A-Za-z0-9._-]{1,128}$/.test(step) && !/^\.+$/.test(step));
}

const blobPath = (repo: string, file: HubFile): string => join(repo, 'blobs', file.checksum.hex);

async function isCached(repo: string, file: HubFile): Promise<boolean> {
  return stat(blobPath(repo, file)).then(
    (stats) => stats.isFile() && stats.size === file.bytes,
    () => false,
  );
}

/**
 * Downloads what is missing of a model into the hub cache, where Python's huggingface_hub finds it too: blobs named by
 * their checksum, a snapshot of links, then the ref. A run that was cut goes on where it stopped. With HF_HUB_OFFLINE a
 * model that is there is returned as it is.
 *
 * @param options.confirm asked once with the plan when something is to be downloaded; false cancels
 * @throws those of planPull, and HUB_CHECKSUM, HUB_LOCKED, OUTPUT_WRITE
 */
export async function pullModel(
  options: PullOptions & {
    readonly onProgress?: (progress: PullProgress) => void;
    readonly confirm?: (plan: PullPlan) => Promise<boolean> | boolean;
  },
): Promise<Pulled> {
  const { env = process.env, confirm, signal } = options;
  if (isOffline(env)) return pulledBefore(options.id, env);
  const plan = await planPull(options);
  const missing = plan.files.filter((file) => !file.cached);
  if (missing.length > 0 && confirm && !(await confirm(plan)))
    throw new ZeroovError('CANCELLED', {});
  const folder = join(plan.repo, 'snapshots', plan.commit);
  await withPullLock({ env, id: plan.id }, async () => {
    await writing(plan.repo, () => makeFolder(join(plan.repo, 'blobs')));
    await downloadAll({ hub: await hubOf(env), plan, missing, ...options });
    throwIfAborted(signal);
    for (const file of plan.files)
      await link({ from: join(folder, ...file.path.split('/')), to: blobPath(plan.repo, file) });
    // Last, so that the ref never leads to a snapshot that lacks a file.
    if (plan.revision !== plan.commit)
      await writeRef(join(plan.repo, 'refs', ...plan.revision.split('/')), plan.commit);
  });
  return { folder, commit: plan.commit };
}

async function pulledBefore(id: string, env: Env): Promise<Pulled> {
  requireModelId(id);
  const { folder, revision } = await locateCheckpoint(id, { env }).catch((cause: unknown) => {
    throw new ZeroovError('HUB_OFFLINE', { id }, { cause });
  });
  return { folder, commit: revision };
}

async function downloadAll(task: {
  hub: Hub;
  plan: PullPlan;
  missing: readonly PlannedFile[];
  signal?: AbortSignal;
  onProgress?: (progress: PullProgress) => void;
}): Promise<void> {
  const { hub, plan, missing, signal, onProgress } = task;
  const { id, commit, repo, missingBytes: overallTotal } = plan;
  let finished = 0;
  for (const file of missing) {
    throwIfAborted(signal);
    const onReceived = (received: number): void =>
      onProgress?.({
        file: file.path,
        received,
        total: file.bytes,
        overallReceived: finished + received,
        overallTotal,
      });
    await downloadBlob(hub, { id, commit, file, target: blobPath(repo, file), signal, onReceived });
    finished += file.bytes;
  }
}

/** A relative link, as huggingface_hub makes them: the cache may be moved. */
async function link(place: { from: string; to: string }): Promise<void> {
  const { from, to } = place;
  const target = relative(dirname(from), to);
  await writing(from, async () => {
    await mkdir(dirname(from), { recursive: true });
    const existing = await lstat(from).catch(() => null);
    if (existing?.isSymbolicLink() && (await readlink(from)) === target) return;
    const fresh = `${from}.${process.pid}.tmp`;
    await rm(fresh, { force: true });
    await symlink(target, fresh);
    await rename(fresh, from);
  });
}

async function writeRef(path: string, commit: string): Promise<void> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.${process.pid}.tmp`, commit);
    await rename(`${path}.${process.pid}.tmp`, path);
  });
}
