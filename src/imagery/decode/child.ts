/**
 * The program of the decoder child: every byte of a picture that somebody else made is parsed here, one request at a time.
 * It can be killed at any moment; nothing but its answer is lost.
 */
import { Worker } from 'node:worker_threads';
import { ZeroovError } from '../../errors.ts';
import type { PictureFile } from '../picture-file.ts';
import { fileSource } from '../tiff/byte-source.ts';
import { TIFF_LIMITS } from '../tiff/tiff-limits.ts';
import { openTiffPicture } from '../tiff/tiff-picture.ts';
import {
  type Answers,
  type Failure,
  type Reply,
  type Request,
  SCENE_FD,
  type SceneSource,
} from './messages.ts';
import { openRasterPicture } from './raster-picture.ts';
import { readWindow } from './read-window.ts';
import { refuseNetwork } from './refuse-network.ts';
import { sampleValues } from './sample-values.ts';
import { decodeWholePicture } from './whole-picture.ts';

/** Signs of life are sent at most this often. */
const ALIVE_MS = 500;

let open: { readonly of: string; readonly file: Promise<PictureFile> } | undefined;

async function answer(request: Request): Promise<Answers[keyof Answers]> {
  if (request.kind === 'picture') return decodeWholePicture(request.picture);
  const file = await sceneFile(request.scene, { anew: request.kind === 'open' });
  if (request.kind === 'window') return readWindow(file, request, alive());
  if (request.kind === 'sample') return sampleValues(file, request.bands, alive());
  return file.info;
}

/** The scene of this child, opened at its first request. */
function sceneFile(scene: SceneSource, { anew }: { anew: boolean }): Promise<PictureFile> {
  const of = JSON.stringify(scene);
  if (anew || open?.of !== of) open = { of, file: openScene(scene) };
  return open.file;
}

async function openScene(scene: SceneSource): Promise<PictureFile> {
  const { path, size, format, upright, noData, limits } = scene;
  const source = fileSource(path, { fd: SCENE_FD, size });
  if (format === 'tiff') {
    return openTiffPicture(source, { noData, limits: { ...TIFF_LIMITS, ...limits } });
  }
  return openRasterPicture({ path, bytes: source.read(0, size), format }, { upright, noData });
}

function alive(): () => void {
  let last = performance.now();
  return () => {
    if (performance.now() - last < ALIVE_MS) return;
    last = performance.now();
    send({ kind: 'alive' });
  };
}

function send(reply: Reply): void {
  process.send!(reply);
}

function failureOf(error: unknown): Failure {
  if (error instanceof ZeroovError) return { code: error.code, fields: error.fields as object };
  const reason = error instanceof Error ? error.message : String(error);
  return { code: 'INTERNAL', fields: { reason: `the decoder failed: ${reason}` } };
}

/**
 * Ends this process and its empty folder when the program that started it is gone, however that ended: its end of the pipe
 * is closed then. In a thread of its own, since a decoder that hangs would not notice.
 */
function endWithParent(): void {
  const wait = `
    const { readSync, rmdirSync } = require('node:fs');
    try { readSync(0, Buffer.alloc(1)); rmdirSync(process.cwd()); }
    finally { process.kill(process.pid, 'SIGKILL'); }`;
  new Worker(wait, { eval: true, execArgv: [], env: {} });
}

endWithParent();
refuseNetwork();
process.on('message', (request: Request) => {
  answer(request).then(
    (value) => send({ kind: 'done', answer: value }),
    (error: unknown) => send({ kind: 'failed', failure: failureOf(error) }),
  );
});
