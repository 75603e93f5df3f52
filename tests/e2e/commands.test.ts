/** The other commands, and what all have in common. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/tensor/npy.ts';
import { DIFFUSION, IMAGE, ROOT, SHORT, testFolder, VLM, zeroov } from './run-zeroov.ts';

const folder = await testFolder();

describe.concurrent('every command', () => {
  const commands = [
    'ground',
    'demo',
    'models pull',
    'models list',
    'inspect',
    'synthesize',
    'doctor',
  ];
  it.each(commands)('%s --help shows examples', async (command) => {
    const ran = await zeroov([...command.split(' '), '--help']);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(new RegExp(`Examples:\\n  \\$ zeroov ${command}`));
  });

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await zeroov(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('is asked for when there is none', async () => {
    const ran = await zeroov([]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/zeroov: no command given; see "zeroov help" \[USAGE\]\n$/);
  });
});

describe('colours', () => {
  const shown = async (args: string[], env: Record<string, string>) => {
    const ran = await zeroov(['inspect', join(folder, 'nowhere'), ...args], { env });
    return ran.stderr.includes('\u001b[');
  };
  it('are shown when forced, unless NO_COLOR or --no-color says no', async () => {
    const forced = { FORCE_COLOR: '1', NO_COLOR: '' };
    const all = [
      shown([], forced),
      shown(['--no-color'], forced),
      shown([], { FORCE_COLOR: '1', NO_COLOR: '1' }),
      shown([], { NO_COLOR: '' }),
    ];
    expect(await Promise.all(all)).toEqual([true, false, false, false]);
  });
});

describe('doctor', () => {
  it('says which providers start and shows no token', async () => {
    const env = { HF_TOKEN: 'hf_secret', HTTPS_PROXY: 'http://user:secret@proxy:1' };
    const ran = await zeroov(['doctor', '--json'], { env });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).not.toMatch(/secret/);
    const report = JSON.parse(ran.stdout) as {
      node: string;
      providers: { provider: string; starts: boolean; reason?: string }[];
    };
    expect(report.node).toBe(process.version);
    expect(report.providers.find((p) => p.provider === 'cpu')).toEqual({
      provider: 'cpu',
      starts: true,
    });
    for (const { starts, reason } of report.providers) expect(reason === undefined).toBe(starts);
  });
});

describe('inspect', () => {
  it('says what a checkpoint is', async () => {
    const ran = await zeroov(['inspect', DIFFUSION, '--json']);
    const summary = JSON.parse(ran.stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({
      kind: 'Stable Diffusion v1',
      graphs: ['text-encoder', 'vae-encoder', 'unet'],
    });
    expect(summary['files']).toHaveLength(3);
  });

  it('says what a SAM is', async () => {
    const sam = join(ROOT, 'tests', 'fixtures', 'sam-a', 'sam');
    const ran = await zeroov(['inspect', sam, '--json']);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: 'SAM',
      graphs: ['image-encoder', 'mask-decoder', 'mask-decoder-with-masks'],
    });
  });

  it('saves a graph without weights and says where it belongs', async () => {
    const file = join(folder, 'vision.onnx');
    const ran = await zeroov(['inspect', VLM, '--graph', 'vision', '-o', file]);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain(VLM);
    const bytes = await readFile(file);
    expect(bytes[0]).toBe(0x08); // field 1 of a ModelProto, ir_version, as a varint
    expect(bytes.includes('-of-00004.safetensors')).toBe(true);
  });

  it('refuses a graph that the checkpoint has not', async () => {
    const ran = await zeroov(['inspect', VLM, '--graph', 'unet', '-o', join(folder, 'no.onnx')]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/--graph: expected a network of Qwen2\.5-VL: vision or language/);
    expect(existsSync(join(folder, 'no.onnx'))).toBe(false);
  });
});

describe('synthesize', () => {
  it('writes scenes', async () => {
    const out = join(folder, 'scenes');
    const args = ['--count', '2', '--seed', '5', '--stage', 'b', '--size', '64', '-o', out];
    const ran = await zeroov(['synthesize', ...args]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^2 scenes, /);
    expect(await readdir(join(out, 'images'))).toEqual(['5.png', '6.png']);
  });

  it('refuses a count below one', async () => {
    const out = join(folder, 'none');
    const ran = await zeroov(['synthesize', '--count', '0', '--seed', '5', '-o', out]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/--count/);
    expect(existsSync(out)).toBe(false);
  });
});

describe('demo', () => {
  it('grounds three expressions and writes a page with every picture inside it', async () => {
    const page = join(folder, 'demo.html');
    const ran = await zeroov(['demo', '-o', page]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const verdicts = ran.stdout.match(
      /^(not )?found +IoU \d\.\d\d, refined \d\.\d\d +[\d.]+ s .*"$/gm,
    );
    expect(verdicts).toHaveLength(3);
    const html = await readFile(page, 'utf8');
    // Input, relevance, attention, evolved map, mask and refined mask of each.
    expect(html.match(/src="data:image\/png;base64,/g)).toHaveLength(3 * 6);
    expect(html).not.toMatch(/(src|href)="http/);
    // What the weights know is said in print and on the page.
    const [notice] = ran.stdout.split('\n', 1);
    expect(notice).toMatch(/synthetic scenes like this one and know nothing else/);
    expect(html).toContain(notice!.slice(0, 40));
    expect(html).toContain('zeroov models pull Qwen/');
    expect(html).toContain('zeroov demo --seed 0');
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('refuses a page that cannot be written before it looks', async () => {
    const ran = await zeroov(['demo', '-o', folder]);
    expect(ran).toMatchObject({ status: 6, stderr: expect.stringContaining('[OUTPUT_WRITE]') });
    expect(ran.stdout).not.toContain('IoU');
  });
});

describe('models, from a hub on this machine', () => {
  const home = join(folder, 'home');
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://hub');
    if (pathname.startsWith('/api/models/org/tiny/revision/')) {
      response.end(JSON.stringify(await listing()));
    } else if (pathname.startsWith(`/org/tiny/resolve/${COMMIT}/`)) {
      const bytes = await readFile(join(VLM, pathname.split('/').at(-1)!));
      response.setHeader('content-length', bytes.length);
      response.end(bytes);
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  let env: Record<string, string>;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    env = {
      HF_ENDPOINT: `http://127.0.0.1:${port}`,
      HF_HOME: home,
      HF_TOKEN: '',
      HF_HUB_CACHE: '',
    };
  });
  afterAll(() => void server.close());

  it('pulls what it needs, sizes named before, and prints the folder', async () => {
    const ran = await zeroov(['models', 'pull', 'org/tiny', '--yes'], { env });
    expect(ran.stderr).toMatch(/org\/tiny at 0123456789ab: \d+ files, [\d.]+ [kM]B to download/);
    expect(ran.stderr).toMatch(/model-00001-of-00004\.safetensors +[\d.]+ kB/);
    expect(ran.status).toBe(0);
    const snapshot = join(home, 'hub', 'models--org--tiny', 'snapshots', COMMIT);
    expect(ran.stdout.trim()).toBe(snapshot);
    expect(await readdir(snapshot)).not.toContain('secret.bin');
  });

  it('lists it, and ground finds it by its id without a network', async () => {
    const listed = await zeroov(['models', 'list', '--json'], { env });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id: 'org/tiny', kind: 'Qwen2.5-VL' }]);
    const offline = { ...env, HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:9' };
    const out = join(folder, 'by-id');
    const args = [...SHORT, '--vlm', 'org/tiny', '--order', 'O', '-o', out, '--save-maps'];
    const ran = await zeroov(['ground', IMAGE, 'x', ...args, '--json'], { env: offline });
    expect(ran.stderr).toBe('');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      checkpoints: { vlm: { label: 'org/tiny', revision: COMMIT } },
    });
    expect(decodeNpy(await readFile(join(out, 'maps', 'evolved.npy'))).shape).toEqual([32, 32]);
    expect(await readdir(join(out, 'maps'))).toEqual(['evolved.npy', 'overview.npy']);
  });

  it('says what is wrong with an id the hub has not', async () => {
    const ran = await zeroov(['models', 'pull', 'org/none', '--json'], { env });
    expect(ran.status).toBe(4);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'HUB_NOT_FOUND', id: 'org/none' });
  });
});

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** The hub's answer for a model that holds the tiny checkpoint and a file that is not needed. */
async function listing(): Promise<object> {
  const siblings = [{ rfilename: 'secret.bin', size: 1, blobId: '0'.repeat(40), lfs: null }];
  for (const rfilename of await readdir(VLM)) {
    const bytes = await readFile(join(VLM, rfilename));
    const size = bytes.length;
    const blobId = createHash('sha1').update(`blob ${size}\0`).update(bytes).digest('hex');
    siblings.push({ rfilename, size, blobId, lfs: null });
  }
  return { sha: COMMIT, siblings };
}
