/** The way to the inference thread. Everything above speaks in messages, so another kind of port changes only this file. */
import { Worker } from 'node:worker_threads';
import type { Close, Envelope, Reply } from './messages.ts';

export interface Port {
  post(message: Envelope | Close): void;
  onReply(listener: (reply: Reply) => void): void;
  /** Called once when the other side is gone, with the reason. */
  onEnd(listener: (reason: string) => void): void;
  /**
   * Waits for what runs now, drops what is asked after it. A thread that is cut off inside onnxruntime takes the whole
   * process with it (an uncaught Napi::Error), so it is asked to end and never terminated.
   */
  close(): Promise<void>;
}

/** Starts the inference thread. */
export function startThread(): Port {
  // Else onnxruntime, on Linux and macOS, leaves an id in the user's cache folder and reports its use to its maker. It looks
  // when it is loaded, at the environment of the process, which the main thread sets. Who wants that sets 0.
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const worker = new Worker(entry());
  const exited = new Promise((resolve) => worker.once('exit', resolve));
  return {
    post: (message) => worker.postMessage(message),
    onReply: (listener) => void worker.on('message', listener),
    onEnd: (listener) => {
      worker.on('error', (error) => listener(error.message));
      worker.on('exit', (code) => listener(`exit code ${code}`));
    },
    close: async () => {
      worker.postMessage({ kind: 'close' } satisfies Close);
      await exited;
    },
  };
}

/** The built program lies beside this file; from the TypeScript sources a loader is put before it. */
function entry(): URL {
  if (!import.meta.url.endsWith('.ts')) return new URL('./worker.js', import.meta.url);
  const program = new URL('./worker.ts', import.meta.url).href;
  const loader = import.meta.resolve('tsx/esm/api');
  const code = `const { tsImport } = await import(${JSON.stringify(loader)});
    await tsImport(${JSON.stringify(program)}, ${JSON.stringify(import.meta.url)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
