/** A run of the models over a dataset: what it is made of is fixed first, then workers go through its samples. */
import { availableParallelism } from 'node:os';
import { ZeroovError } from '../errors.ts';
import { writeReport } from '../evaluation/report/write-report.ts';
import { beginRun, providerBefore } from '../evaluation/run/begin-run.ts';
import { identify } from '../evaluation/run/checkpoint-identity.ts';
import { completeRun } from '../evaluation/run/complete-run.ts';
import { countDone, idOf, isFailed } from '../evaluation/run/entry.ts';
import { type Manifest, manifestOf, readManifest } from '../evaluation/run/manifest.ts';
import { withRunLock } from '../evaluation/run/run-lock.ts';
import { runShare, type Share } from '../evaluation/run/run-share.ts';
import type { Selection } from '../evaluation/run/select-samples.ts';
import { groupVariants } from '../evaluation/run/variants.ts';
import type { Summary } from '../evaluation/summary.ts';
import { createGrounder, type GrounderOptions } from '../pipeline/grounder.ts';
import { resolveOptions } from '../pipeline/presets.ts';
import { VERSION } from '../pipeline/version.ts';
import type { Provider } from '../runtime/runtime.ts';
import { assertMayStart, chooseCheckpoints } from './chosen-checkpoints.ts';
import type { ChosenDataset } from './evaluate-dataset.ts';
import type { EvaluateFlags } from './evaluate-flags.ts';
import { methodOptionsOf } from './ground-flags.ts';
import { sampleBar } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { asWorker, inProcesses } from './worker-processes.ts';

export interface RunJob extends ChosenDataset {
  readonly selection: Selection;
  /** Of the samples that are selected, in the dataset's order. */
  readonly positions: readonly number[];
  readonly flags: EvaluateFlags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/**
 * Evaluates every sample that is not done, and writes outcome and report of every variant.
 *
 * @returns the summaries, the first variant's first
 * @throws RUN_LOCKED, RUN_DIFFERENT, RUN_HALTED, RUN_WORKER, RUN_STOPPED, and what the checkpoints throw
 */
export async function evaluateRun(job: RunJob): Promise<Summary[]> {
  const { flags, dataset } = job;
  const run = flags.output;
  const options = await grounderOptionsOf(job);
  const manifest = await manifestFor(job, options);
  return withRunLock(run, async () => {
    const provider = await beginRun(run, { manifest, provider: chosenProvider(flags) });
    await allSamples(job, { manifest, options: { ...options, provider } });
    const completed = await completeRun(run, manifest);
    // As the run was begun: where and how it went on later is not to change its report.
    const begun = await readManifest(run);
    for (const { folder } of completed)
      await writeReport(folder, { run, manifest: begun, dataset });
    return completed.map(({ summary }) => summary);
  });
}

/** One worker's share of a run that its parent has begun. */
export async function evaluateShare(job: RunJob, share: Share): Promise<void> {
  const run = job.flags.output;
  await asWorker<Done>(async (send) => {
    const manifest = await readManifest(run);
    const provider = chosenProvider(job.flags) ?? (await providerBefore(run));
    const options = { ...(await grounderOptionsOf(job)), provider };
    await samplesOf(job, { manifest, options, share, onDone: (sample) => void send(sample) });
  });
}

/** Where the networks are to run; undefined where that is left open. */
function chosenProvider({ provider }: EvaluateFlags): Provider | undefined {
  return provider === 'auto' ? undefined : provider;
}

function variantsOf({ preset = ['rsvg-zeroov'], ...flags }: EvaluateFlags) {
  return [...new Set(preset)].map((name) => ({
    name,
    given: methodOptionsOf({ ...flags, preset: name }),
  }));
}

async function grounderOptionsOf({ flags, terminal, signal }: RunJob): Promise<GrounderOptions> {
  const { provider, workers, lowMemory } = flags;
  assertMayStart(provider);
  const refines = variantsOf(flags).some(({ given }) => resolveOptions(given).refine !== 'none');
  const chosen = await chooseCheckpoints(flags, { terminal, signal, refines });
  const threads = flags.threads ?? Math.max(1, Math.floor(availableParallelism() / workers));
  return { ...chosen, provider, threads, keepLoaded: !lowMemory };
}

async function manifestFor(job: RunJob, options: GrounderOptions): Promise<Manifest> {
  const { dataset, scenes, selection, positions, flags } = job;
  const grounder = await createGrounder(options);
  try {
    const { vlm, diffusion, sam } = grounder.checkpoints;
    return manifestOf({
      zeroov: VERSION,
      dataset,
      selection,
      positions,
      variants: Object.fromEntries(
        variantsOf(flags).map(({ name, given }) => [name, grounder.options(given)]),
      ),
      ablation: flags.ablation ?? false,
      checkpoints: {
        vlm: vlm && (await identify(vlm)),
        diffusion: diffusion && (await identify(diffusion)),
        sam: sam && (await identify(sam)),
      },
      about: {
        root: dataset.root,
        scenes,
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
        threads: grounder.threads,
      },
    });
  } finally {
    await grounder.dispose();
  }
}

interface Begun {
  readonly manifest: Manifest;
  readonly options: GrounderOptions;
}

/** Every sample that is not done, in this process or in several. @throws RUN_STOPPED */
async function allSamples(job: RunJob, begun: Begun): Promise<void> {
  const { flags, positions, signal, terminal } = job;
  const bar = sampleBar(terminal);
  const total = positions.length;
  let { done, failed } = await countDone(flags.output);
  const onDone = (sample: Done) => {
    done = Math.min(total, done + 1);
    failed += sample.failed ? 1 : 0;
    bar.show({ done, failed, total });
    terminal.detail(`${done}/${total} ${sample.id}${sample.failed ? ' failed' : ''}`);
  };
  try {
    if (flags.workers === 1) {
      await samplesOf(job, { ...begun, share: { worker: 0, of: 1 }, onDone });
    } else {
      await inProcesses<Done>({ of: flags.workers, signal, onMessage: onDone });
    }
  } catch (error) {
    if (!(error instanceof ZeroovError) || error.code !== 'CANCELLED') throw error;
    const stopped = await countDone(flags.output);
    throw new ZeroovError('RUN_STOPPED', { done: stopped.done, of: total }, { cause: error });
  } finally {
    bar.stop();
  }
}

/** What a worker tells its parent of a sample that is in the journal. */
interface Done {
  readonly id: string;
  readonly failed: boolean;
}

interface Work extends Begun {
  readonly share: Share;
  readonly onDone: (sample: Done) => void;
}

async function samplesOf(
  { dataset, positions, flags, signal }: RunJob,
  { manifest, options, share, onDone }: Work,
): Promise<void> {
  const variants = Object.entries(manifest.variants);
  const groups = groupVariants(
    variants.map(([name, o]) => ({ name, options: o })),
    manifest,
  );
  await runShare({
    run: flags.output,
    dataset,
    positions,
    groups,
    openNetworks: () => createGrounder(options),
    signal,
    share,
    cache: flags.cache,
    haltAfter: flags.haltAfter,
    onDone: (entry) => onDone({ id: idOf(entry), failed: isFailed(entry) }),
  });
}
