/** Settings tried on the evidence of a run: with a bar, and in as many processes as there are cores. */
import { availableParallelism } from 'node:os';
import { throwIfAborted } from '../errors.ts';
import { headlineProfile } from '../evaluation/metrics/profiles.ts';
import type { Share } from '../evaluation/run/run-share.ts';
import {
  type RescoredSample,
  type RescoreParts,
  rescoreShare,
} from '../evaluation/sweep/rescore-run.ts';
import { type SettingScores, SettingTally } from '../evaluation/sweep/setting-figures.ts';
import { sampleBar } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { asWorker, inProcesses, shareOfThisProcess } from './worker-processes.ts';

export interface RescoreJob extends Omit<RescoreParts, 'share'> {
  /** Processes; default: one a core, if there is work for them. */
  readonly workers: number | undefined;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** Below this many samples a process is not worth its start. */
const SAMPLES_A_PROCESS = 10;

/**
 * The scores of every setting over all samples of the run; null in a worker process, whose command ends with that.
 *
 * @throws RUN_UNFINISHED, RUN_EVIDENCE, RUN_WORKER, CANCELLED
 */
export async function rescoreRun(job: RescoreJob): Promise<SettingScores[] | null> {
  const { manifest, settings, signal, terminal } = job;
  const share = shareOfThisProcess();
  if (share) {
    await asWorker<RescoredSample>((send) => rescoreEach(job, { share, onSample: send }));
    return null;
  }
  const total = manifest.samples.count;
  const tally = new SettingTally(settings.length, headlineProfile(manifest.dataset.name));
  const bar = sampleBar(terminal);
  const onSample = ({ i, overlaps }: RescoredSample) => {
    tally.add(i, overlaps);
    bar.show({ done: tally.samples, failed: 0, total });
  };
  const worth = Math.ceil(total / SAMPLES_A_PROCESS);
  const of = job.workers ?? Math.min(availableParallelism(), worth);
  try {
    if (of === 1) await rescoreEach(job, { share: { worker: 0, of: 1 }, onSample });
    else await inProcesses<RescoredSample>({ of, signal, onMessage: onSample });
  } finally {
    bar.stop();
  }
  return tally.scores();
}

async function rescoreEach(
  job: RescoreJob,
  { share, onSample }: { share: Share; onSample: (sample: RescoredSample) => unknown },
): Promise<void> {
  for await (const sample of rescoreShare({ ...job, share })) {
    throwIfAborted(job.signal);
    await onSample(sample);
  }
}
