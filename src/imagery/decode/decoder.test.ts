import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { Decoder } from './decoder.ts';

const decoders: Decoder[] = [];
afterAll(() => Promise.all(decoders.map((decoder) => decoder.close())));

function decoder(options: ConstructorParameters<typeof Decoder>[0] = {}): Decoder {
  const made = new Decoder(options);
  decoders.push(made);
  return made;
}

async function png(side: number): Promise<Buffer> {
  const create = { width: side, height: side, channels: 3, background: '#123456' } as const;
  return sharp({ create }).png({ compressionLevel: 1 }).toBuffer();
}

const small = await png(2);
const ask = (from: Decoder, bytes: Uint8Array = small) =>
  from.ask({ kind: 'picture', picture: { path: 'a.png', bytes, format: 'png' } }, 'a.png');
const crashed = (reason: RegExp) => ({
  code: 'DECODER_CRASH',
  retryable: false,
  message: expect.stringMatching(reason),
});

describe('Decoder', () => {
  it('gives pixels, from one child for all requests, in order', async () => {
    const child = decoder();
    const pictures = await Promise.all([ask(child, await png(3)), ask(child)]);
    expect(pictures.map(({ widthPx }) => widthPx)).toEqual([3, 2]);
    expect([...pictures[1]!.data.subarray(0, 3)]).toEqual([0x12, 0x34, 0x56]);
    const { pid } = child;
    await ask(child);
    expect(child.pid).toBe(pid);
  });

  it('says what the child refuses as if it were refused here', async () => {
    const refused = { code: 'IMAGE_DECODE', fields: { path: 'a.png' }, exit: 3 };
    await expect(ask(decoder(), small.subarray(0, 60))).rejects.toMatchObject(refused);
  });

  it('is done with a child that hangs, and starts another', async () => {
    const limits = { wallMs: 20_000 };
    const child = decoder({ limits });
    await ask(child);
    limits.wallMs = 200;
    process.kill(child.pid!, 'SIGSTOP');
    await expect(ask(child)).rejects.toMatchObject(crashed(/did not answer for 0.2 s/));
    limits.wallMs = 20_000;
    expect((await ask(child)).widthPx).toBe(2);
  });

  it('is told by a crash, and starts another', async () => {
    const child = decoder();
    await ask(child);
    const asked = ask(child, await png(6000));
    await setImmediate();
    process.kill(child.pid!, 'SIGSEGV');
    await expect(asked).rejects.toMatchObject(crashed(/SIGSEGV/));
    expect((await ask(child)).widthPx).toBe(2);
  });

  it.runIf(existsSync('/proc/self/status'))('ends a child that takes too much memory', async () => {
    const child = decoder({ limits: { rssBytes: 1e7 } });
    await expect(ask(child)).rejects.toMatchObject(crashed(/memory, the limit is 10.0 MB/));
  });

  it('lets go of a child that nobody asks any more', async () => {
    const child = decoder({ idleMs: 20 });
    await ask(child);
    await vi.waitFor(() => expect(child.pid).toBeUndefined());
    expect((await ask(child)).widthPx).toBe(2);
  });

  it('does not blame the picture when there is no temporary folder', async () => {
    vi.stubEnv('TMPDIR', '/nowhere');
    try {
      await expect(ask(decoder())).rejects.toMatchObject({
        code: 'TEMPORARY_FOLDER',
        message: expect.stringContaining('/nowhere (ENOENT)'),
      });
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

const run = promisify(execFile);
const TSX = ['--import', import.meta.resolve('tsx/esm'), '--input-type=module', '-e'];
const url = (file: string) => pathToFileURL(join(import.meta.dirname, file)).href;

describe('the child', () => {
  it('ends with the program, however that ends, and its folder with it', async () => {
    const picture = join(temporaryFolder(), 'large.png');
    writeFileSync(picture, await png(8000));
    const script = `
      import { readFileSync } from 'node:fs';
      import { Decoder } from '${url('decoder.ts')}';
      const decoder = new Decoder();
      const ask = (bytes) => decoder.ask({ kind: 'picture', picture: { path: '', bytes, format: 'png' } }, '');
      await ask(Buffer.from('${small.toString('base64')}', 'base64'));
      ask(readFileSync('${picture}'));
      console.log(decoder.pid);
      setInterval(() => {}, 1000);`;
    const program = spawn(process.execPath, [...TSX, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [pid] = String((await once(program.stdout, 'data'))[0]).split('\n');
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    expect(existsSync(folder)).toBe(true);
    program.kill('SIGKILL');
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 30_000 });
    expect(existsSync(folder)).toBe(false);
  });

  it('does not keep a program alive that has nothing more to do', async () => {
    const script = `
      import { openImage } from '${url('../open.ts')}';
      await openImage('/nowhere').catch((error) => console.log(error.code));
      const { Decoder } = await import('${url('decoder.ts')}');
      const picture = { path: '', bytes: Buffer.from('${small.toString('base64')}', 'base64'), format: 'png' };
      console.log((await new Decoder().ask({ kind: 'picture', picture }, '')).widthPx);`;
    const { stdout } = await run(process.execPath, [...TSX, script], { timeout: 60_000 });
    expect(stdout).toBe('IMAGE_NOT_FOUND\n2\n');
  });

  it('has no network', async () => {
    const script = `
      import { refuseNetwork } from '${url('refuse-network.ts')}';
      refuseNetwork();
      const { cause } = await fetch('http://127.0.0.1:8080').catch((error) => error);
      console.log(cause.message);`;
    const { stdout } = await run(process.execPath, [...TSX, script]);
    expect(stdout).toMatch(/the decoder asked for the network/);
  });
});
