/** Bars on stderr: one line a stage, with the time that is left. */
import { type Options, SingleBar } from 'cli-progress';
import type { PullProgress } from '../checkpoint/hub.ts';
import { humanBytes } from '../errors.ts';
import type { Progress, Stage } from '../pipeline/watch.ts';
import type { Terminal } from './terminal.ts';

const LOOK: Options = {
  stream: process.stderr,
  hideCursor: true,
  barCompleteChar: '█',
  barIncompleteChar: '░',
  barsize: 28,
  gracefulExit: false,
  formatTime: sayTime,
};

/** Seconds that are left; the library says `NULL` and `INF` where it does not know yet. */
function sayTime(seconds: number): string {
  const whole = Math.round(Number(seconds));
  if (!Number.isFinite(whole)) return '…';
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => `${value}`.padStart(2, '0');
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return minutes > 0 ? `${minutes} min ${two(whole % 60)} s` : `${whole} s`;
}

const LABELS: Record<Stage, string> = {
  vision: 'looking   ',
  answer: 'answering ',
  latent: 'encoding  ',
  structure: 'structure ',
  refine: 'refining  ',
  coarse: 'overview  ',
  tiles: 'tiles     ',
  focus: 'focusing  ',
};

export interface Bars<T> {
  show(progress: T): void;
  stop(): void;
}

/** A bar for each stage of a grounding; with `-v` and no terminal, a line for each. */
export function stageBars(terminal: Terminal): Bars<Progress> {
  let bar: SingleBar | undefined;
  let shown: Progress | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    stop,
    show(progress) {
      const fresh = shown?.stage !== progress.stage || progress.done <= shown.done;
      if (fresh && !terminal.bars) terminal.detail(`${progress.stage}: ${progress.total} steps`);
      if (fresh && terminal.bars) {
        // Stages of one step say only that they begin; an answer may end before its limit.
        if (shown && shown.stage !== 'answer') bar?.update(shown.total);
        stop();
        const format = `${LABELS[progress.stage]} {bar} {value}/{total}  ETA {eta_formatted}`;
        bar = new SingleBar({ ...LOOK, format });
        bar.start(progress.total, 0);
      }
      shown = progress;
      bar?.update(progress.done);
    },
  };
}

export interface SampleProgress {
  readonly done: number;
  readonly failed: number;
  readonly total: number;
}

/** One bar for a download: bytes, rate, time left, and the file that comes. */
export function downloadBar(terminal: Terminal): Bars<PullProgress> {
  let bar: SingleBar | undefined;
  let started = 0;
  let first = 0;
  return {
    stop: () => bar?.stop(),
    show({ file, overallReceived, overallTotal }) {
      if (!terminal.bars) return;
      if (!bar) {
        const format = '{bar} {done} of {all}  {rate}/s  ETA {eta_formatted}  {file}';
        bar = new SingleBar({ ...LOOK, format, etaBuffer: 200 });
        started = performance.now();
        first = overallReceived;
        bar.start(overallTotal, overallReceived, { done: '', all: '', rate: '', file: '' });
      }
      const seconds = Math.max(0.001, (performance.now() - started) / 1000);
      bar.update(overallReceived, {
        done: humanBytes(overallReceived),
        all: humanBytes(overallTotal),
        rate: humanBytes(Math.round((overallReceived - first) / seconds)),
        file,
      });
    },
  };
}

/** One bar for the samples of a run: how many are in the journal, how many of them failed, and the time that is left. */
export function sampleBar(terminal: Terminal): Bars<SampleProgress> {
  let bar: SingleBar | undefined;
  return {
    stop: () => bar?.stop(),
    show({ done, failed, total }) {
      if (!terminal.bars) return;
      if (!bar) {
        const format = '{bar} {value}/{total} samples  {failed} failed  ETA {eta_formatted}';
        bar = new SingleBar({ ...LOOK, format, etaBuffer: 50 });
        bar.start(total, done, { failed });
      }
      bar.update(done, { failed });
    },
  };
}
