#!/usr/bin/env node
/** The command line's entry: signals, exit statuses, and one sentence for every failure. */
import { failureOf } from './fail.ts';
import { toJson } from './json.ts';
import { buildProgram } from './program.ts';
import { showsColours } from './terminal.ts';

/** 128 + the signal's number, as shells report it. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNALS;

const args = process.argv.slice(2);
const flags = args.slice(0, args.includes('--') ? args.indexOf('--') : undefined);
const given = (...names: string[]) => names.some((name) => flags.includes(name));

const stop = new AbortController();
let stoppedWith: number | undefined;
for (const [name, status] of Object.entries(SIGNALS) as [Signal, number][]) {
  process.on(name, () => {
    // Not process.exit: it cuts the inference thread off, which may abort and print a native message.
    if (stoppedWith !== undefined) return dieOf(name);
    stoppedWith = status;
    stop.abort(name);
    if (process.stderr.isTTY) {
      process.stderr.write('\nstopping after the step that runs; again to stop at once\n');
    }
  });
}

/** Ends by the signal, as without a handler; what must not stay behind on disk is removed first. */
function dieOf(signal: Signal): void {
  process.emit('exit', SIGNALS[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

// A reader that has seen enough (`| head`) is no failure: what is being written to files goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await buildProgram({ signal: stop.signal }).parseAsync(args, { from: 'user' });
} catch (error) {
  const failure = failureOf(error, { stack: given('-v', '--verbose') });
  if (failure) {
    const [sentence, ...rest] = failure.lines;
    const colours = showsColours({ color: !given('--no-color') }, process.stderr);
    const shown = colours ? sentence!.replace('zeroov:', '\u001b[31mzeroov:\u001b[39m') : sentence!;
    process.stderr.write(`${[shown, ...rest].join('\n')}\n`);
    if (given('--json')) process.stdout.write(`${toJson(failure.object)}\n`);
    process.exitCode =
      failure.exit === SIGNALS.SIGINT ? (stoppedWith ?? failure.exit) : failure.exit;
  }
}
