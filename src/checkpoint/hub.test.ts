import {
  access,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from './checkpoint.ts';
import { type PullProgress, planPull, pullModel } from './hub.ts';
import { locateCheckpoint } from './locate.ts';
import {
  type Answer,
  COMMIT,
  gitSha1,
  LoopbackHub,
  sha256,
  startOf,
} from './loopback-hub.fixture.ts';

const ID = 'org/tiny';

/** One F32 tensor of 75,000 elements: enough bytes to be cut in between. */
const WEIGHTS = (() => {
  const bytes = 300_000;
  const text = JSON.stringify({
    x: { dtype: 'F32', shape: [bytes / 4], data_offsets: [0, bytes] },
  });
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([start, Buffer.from(text), Buffer.alloc(bytes, 'weights!')]);
})();
const FILES: Record<string, Buffer> = {
  'config.json': Buffer.from('{"model_type":"tiny"}'),
  'model.safetensors': WEIGHTS,
  'empty.json': Buffer.alloc(0),
  'README.md': Buffer.from('# tiny'),
  'pytorch_model.bin': Buffer.from('pickle'),
};

/** Sends `bytes` of the weights from where the request wants them, then breaks the connection. */
const cutAfter =
  (bytes: number): Answer =>
  (request, response) => {
    const from = startOf(request);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': WEIGHTS.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${WEIGHTS.length - 1}/${WEIGHTS.length}` }),
    });
    if (bytes === 0) response.flushHeaders();
    response.write(WEIGHTS.subarray(from, from + bytes), () =>
      setImmediate(() => response.destroy()),
    );
  };

let hub: LoopbackHub;
let root: string;
let env: Record<string, string>;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'zeroov-pull-'));
  hub = new LoopbackHub({ [ID]: { ...FILES } });
  await hub.start();
  env = {
    HF_HUB_CACHE: join(root, 'cache'),
    HF_HOME: root,
    HF_ENDPOINT: `${hub.endpoint}/`,
  };
});
afterEach(async () => {
  await hub.stop();
  await rm(root, { recursive: true });
});

const STORE = `/store/${ID}/resolve/${COMMIT}/model.safetensors`;
const LISTING = '/api/models/org/tiny/revision/main?blobs=true';
const repo = (): string => join(root, 'cache', 'models--org--tiny');
const blob = (name: string): string =>
  join(
    repo(),
    'blobs',
    name.endsWith('.safetensors') ? sha256(FILES[name]!) : gitSha1(FILES[name]!),
  );
const refused = (code: string, message: string | RegExp = '') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
const sawOf = (url: string) => hub.seen.filter((request) => request.url === url);
const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('pullModel', () => {
  it('fills the cache as huggingface_hub lays it out, with the needed files only', async () => {
    const { folder, commit } = await pullModel({ id: ID, env });
    expect(commit).toBe(COMMIT);
    expect(folder).toBe(join(repo(), 'snapshots', COMMIT));
    expect((await readdir(folder)).sort()).toEqual([
      'config.json',
      'empty.json',
      'model.safetensors',
    ]);
    expect(await readlink(join(folder, 'config.json'))).toBe(
      `../../blobs/${gitSha1(FILES['config.json']!)}`,
    );
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(WEIGHTS);
    expect(await readFile(join(repo(), 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect((await readdir(join(repo(), 'blobs'))).sort()).toEqual(
      ['config.json', 'empty.json', 'model.safetensors']
        .map((name) => blob(name).split('/').at(-1))
        .sort(),
    );

    const located = await locateCheckpoint(ID, { env });
    expect(located).toEqual({ folder, label: ID, revision: COMMIT });
    const checkpoint = await openCheckpoint(located.folder);
    expect(checkpoint.files[0]!.sha256).toBe(sha256(WEIGHTS));
    expect(checkpoint.get('x').length).toBe(300_000);
  });

  it('downloads nothing twice, and only lists then', async () => {
    await pullModel({ id: ID, env });
    hub.seen = [];
    await pullModel({ id: ID, env, confirm: () => false });
    expect(hub.seen.map((request) => request.url)).toEqual([LISTING]);
  });

  it('takes what `files` wants, in folders too, and a commit without a ref', async () => {
    hub.models[ID]!['unet/config.json'] = FILES['config.json']!;
    const { folder } = await pullModel({
      id: `${ID}@${COMMIT}`,
      env,
      files: (path) => path.startsWith('unet/'),
    });
    expect(await readlink(join(folder, 'unet', 'config.json'))).toBe(
      `../../../blobs/${gitSha1(FILES['config.json']!)}`,
    );
    expect(await readdir(folder)).toEqual(['unet']);
    expect(await exists(join(repo(), 'refs'))).toBe(false);
  });

  it('puts a newer version beside the older and moves the ref', async () => {
    const first = await pullModel({ id: ID, env });
    const next = '0b'.repeat(20);
    hub.models[ID]!['config.json'] = Buffer.from('{"model_type":"newer"}');
    hub.commit = next;
    const second = await pullModel({ id: ID, env });
    expect(await readFile(join(first.folder, 'config.json'))).toEqual(FILES['config.json']);
    expect(await readFile(join(second.folder, 'config.json'))).toEqual(
      hub.models[ID]!['config.json'],
    );
    expect(await readFile(join(repo(), 'refs', 'main'), 'utf8')).toBe(next);
    expect(sawOf(STORE)).toHaveLength(1);
  });

  it('tells how far it is', async () => {
    const events: PullProgress[] = [];
    await pullModel({ id: ID, env, onProgress: (event) => events.push(event) });
    const total = WEIGHTS.length + FILES['config.json']!.length;
    expect(events.every((event) => event.overallTotal === total)).toBe(true);
    expect(events.at(-1)).toMatchObject({ overallReceived: total });
    const overall = events.map((event) => event.overallReceived);
    expect(overall).toEqual([...overall].sort((a, b) => a - b));
    const weights = events.filter((event) => event.file === 'model.safetensors');
    expect(weights.at(0)).toMatchObject({ received: 0, total: WEIGHTS.length });
    expect(weights.at(-1)).toMatchObject({ received: WEIGHTS.length });
  });

  it('asks first, with the plan, and writes nothing on a no', async () => {
    const plans: unknown[] = [];
    const confirm = (plan: unknown): boolean => {
      plans.push(plan);
      return false;
    };
    await expect(pullModel({ id: ID, env, confirm })).rejects.toEqual(refused('CANCELLED'));
    expect(plans).toEqual([expect.objectContaining({ missingBytes: WEIGHTS.length + 21 })]);
    expect(await exists(env['HF_HUB_CACHE']!)).toBe(false);
  });
});

describe('a connection that breaks', () => {
  it('is taken up again at the byte where it broke', async () => {
    hub.script.set(STORE, [cutAfter(100_000), cutAfter(50_000)]);
    const { folder } = await pullModel({ id: ID, env });
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(WEIGHTS);
    const [first, second, third] = sawOf(STORE).map((request) =>
      Number(request.range?.slice(6, -1) ?? 0),
    );
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeGreaterThan(second!);
  });

  it('and breaks again without a byte leaves the rest to the next run, without a name or a ref', async () => {
    hub.script.set(STORE, [cutAfter(100_000), cutAfter(0)]);
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('HUB_UNREACHABLE', /ended after \d+ of 300\d+ bytes of model\.safetensors/),
    );
    expect(await exists(blob('model.safetensors'))).toBe(false);
    expect(await exists(join(repo(), 'refs', 'main'))).toBe(false);
    await expect(locateCheckpoint(ID, { env })).rejects.toEqual(refused('CHECKPOINT_NOT_FOUND'));
    const { size } = await stat(`${blob('model.safetensors')}.incomplete`);
    expect(size).toBeGreaterThan(0);

    hub.seen = [];
    const { folder } = await pullModel({ id: ID, env });
    expect(sawOf(STORE).map((request) => request.range)).toEqual([`bytes=${size}-`]);
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(WEIGHTS);
    expect(await exists(`${blob('model.safetensors')}.incomplete`)).toBe(false);
  });

  it('starts from the first byte where the server knows no ranges', async () => {
    const whole: Answer = (_, response) => void response.writeHead(200).end(WEIGHTS);
    hub.script.set(STORE, [cutAfter(100_000), whole]);
    const { folder } = await pullModel({ id: ID, env });
    expect(await readFile(join(folder, 'model.safetensors'))).toEqual(WEIGHTS);
  });

  it('is refused where the server sends another range', async () => {
    const other: Answer = (_, response) =>
      void response.writeHead(206, { 'content-range': 'bytes 5-9/300' }).end('12345');
    hub.script.set(STORE, [cutAfter(100_000), other]);
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('HUB_UNREACHABLE', /another part/),
    );
  });

  it('on request stops, and the next run goes on', async () => {
    const stop = new AbortController();
    hub.script.set(STORE, [
      (_, response) => void response.writeHead(200).write(WEIGHTS.subarray(0, 50_000)),
    ]);
    const onProgress = ({ file, received }: PullProgress): void => {
      if (file === 'model.safetensors' && received > 0) stop.abort();
    };
    await expect(pullModel({ id: ID, env, signal: stop.signal, onProgress })).rejects.toEqual(
      refused('CANCELLED'),
    );
    expect((await stat(`${blob('model.safetensors')}.incomplete`)).size).toBeGreaterThan(0);
    await expect(pullModel({ id: ID, env })).resolves.toMatchObject({ commit: COMMIT });
  });
});

describe('content that is not what the hub listed', () => {
  const sends =
    (bytes: Buffer): Answer =>
    (_, response) =>
      void response.writeHead(200).end(bytes);
  const damaged = Buffer.from(WEIGHTS);
  damaged[200_000]! ^= 1;

  it.each([
    ['one flipped bit in an LFS file', STORE, damaged],
    ['a byte too much', STORE, Buffer.concat([WEIGHTS, Buffer.from('x')])],
    [
      'another small file',
      `/org/tiny/resolve/${COMMIT}/config.json`,
      Buffer.from('{"model_type":"tinY"}'),
    ],
  ])('%s is refused and removed; the next run gets it right', async (_, url, bytes) => {
    hub.script.set(url, [sends(bytes)]);
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('HUB_CHECKSUM', /arrived damaged/),
    );
    const left = await readdir(join(repo(), 'blobs'));
    expect(left.filter((name) => name.endsWith('.incomplete'))).toEqual([]);
    await expect(pullModel({ id: ID, env })).resolves.toMatchObject({ commit: COMMIT });
  });

  it('what an earlier run left is checked too', async () => {
    await mkdir(join(repo(), 'blobs'), { recursive: true });
    const incomplete = `${blob('model.safetensors')}.incomplete`;
    await writeFile(incomplete, 'other bytes');
    await expect(pullModel({ id: ID, env })).rejects.toEqual(refused('HUB_CHECKSUM'));
    await writeFile(incomplete, Buffer.alloc(WEIGHTS.length + 1));
    await expect(pullModel({ id: ID, env })).resolves.toMatchObject({ commit: COMMIT });
  });
});

describe('the token', () => {
  it('goes to the endpoint and never to the file store', async () => {
    await pullModel({ id: ID, env: { ...env, HF_TOKEN: 'hf_secret' } });
    const sent = hub.seen.map(({ url, authorization }) => [
      url.startsWith('/store/'),
      authorization,
    ]);
    expect(sent).toContainEqual([true, undefined]);
    expect(
      sent.filter(([store]) => !store).every(([, token]) => token === 'Bearer hf_secret'),
    ).toBe(true);
  });

  it('may lie in HF_TOKEN_PATH or in the home of the hub', async () => {
    await writeFile(join(root, 'token'), 'hf_home\n');
    await writeFile(join(root, 'other'), 'hf_path\n');
    await planPull({ id: ID, env });
    await planPull({ id: ID, env: { ...env, HF_TOKEN_PATH: join(root, 'other') } });
    expect(hub.seen.map((request) => request.authorization)).toEqual([
      'Bearer hf_home',
      'Bearer hf_path',
    ]);
  });
});

describe('a hub that refuses', () => {
  const status =
    (code: number, headers: Record<string, string> = {}): Answer =>
    (_, response) =>
      void response.writeHead(code, headers).end();
  it.each([
    [404, {}, 'HUB_NOT_FOUND'],
    [401, { 'x-error-code': 'RepoNotFound' }, 'HUB_NOT_FOUND'],
    [401, {}, 'HUB_UNAUTHORIZED'],
    [403, { 'x-error-code': 'GatedRepo' }, 'HUB_UNAUTHORIZED'],
    [429, {}, 'HUB_UNREACHABLE'],
    [503, {}, 'HUB_UNREACHABLE'],
    [302, {}, 'HUB_UNREACHABLE'],
    [302, { location: 'file:///etc/passwd' }, 'HUB_UNREACHABLE'],
    [302, { location: LISTING }, 'HUB_UNREACHABLE'],
  ])('with %i %j gives %s %s', async (code, headers, expected) => {
    hub.script.set(LISTING, Array(10).fill(status(code, headers)));
    await expect(pullModel({ id: ID, env })).rejects.toEqual(refused(expected));
    expect(await exists(env['HF_HUB_CACHE']!)).toBe(false);
  });

  it('by its file store is unreachable: accepting terms would not help', async () => {
    hub.script.set(STORE, [status(403)]);
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('HUB_UNREACHABLE', /file store answers HTTP 403/),
    );
  });

  it.each([
    ['no JSON', 'x'],
    ['another shape', { sha: 'main', siblings: [] }],
    [
      'a file of negative size',
      { sha: COMMIT, siblings: [{ rfilename: 'a.json', size: -1, blobId: COMMIT }] },
    ],
    [
      'a checksum that is a path',
      { sha: COMMIT, siblings: [{ rfilename: 'a.json', size: 1, blobId: '../../../../x' }] },
    ],
    ['a listing without end', 'x'.repeat(17 * 1024 * 1024)],
  ])('to make sense (%s) is unreachable', async (_, listing) => {
    hub.script.set(LISTING, [
      (__, response) =>
        void response.end(typeof listing === 'string' ? listing : JSON.stringify(listing)),
    ]);
    await expect(planPull({ id: ID, env })).rejects.toEqual(
      refused('HUB_UNREACHABLE', /not what a hub sends/),
    );
  });

  it.each([
    '../../evil.json',
    '/etc/evil.json',
    'a/../../evil.json',
    'a\\evil.json',
    'a//evil.json',
  ])('to name files inside the model (%s) is refused', async (path) => {
    hub.models[ID] = { [path]: Buffer.from('{}') };
    await expect(pullModel({ id: ID, env, files: () => true })).rejects.toEqual(
      refused('MODEL_PATH_ESCAPE'),
    );
    expect(await exists(env['HF_HUB_CACHE']!)).toBe(false);
  });

  it('to be there is unreachable, and a proxy that is not used is named', async () => {
    await hub.stop();
    await expect(planPull({ id: ID, env })).rejects.toEqual(
      refused('HUB_UNREACHABLE', /ECONNREFUSED\)/),
    );
    await expect(
      planPull({ id: ID, env: { ...env, https_proxy: 'http://proxy' } }),
    ).rejects.toEqual(refused('HUB_UNREACHABLE', /PROXY/));
    hub = new LoopbackHub({ [ID]: { ...FILES } });
    await hub.start();
  });
});

describe('the environment', () => {
  it.each(['1', 'true', 'YES'])('HF_HUB_OFFLINE=%s asks no network', async (value) => {
    const offline = { ...env, HF_HUB_OFFLINE: value };
    await expect(pullModel({ id: ID, env: offline })).rejects.toEqual(refused('HUB_OFFLINE'));
    await expect(planPull({ id: ID, env: offline })).rejects.toEqual(refused('HUB_OFFLINE'));
    expect(hub.seen).toEqual([]);
    const { folder } = await pullModel({ id: ID, env });
    hub.seen = [];
    expect(await pullModel({ id: ID, env: offline })).toEqual({ folder, commit: COMMIT });
    expect(hub.seen).toEqual([]);
  });

  it.each(['ftp://hub', 'hub', 'http://user:secret@hub'])(
    'HF_ENDPOINT=%s is refused',
    async (endpoint) => {
      const error = await planPull({ id: ID, env: { ...env, HF_ENDPOINT: endpoint } }).catch(
        (e: unknown) => e,
      );
      expect(error).toEqual(refused('OPTION_INVALID', /HF_ENDPOINT/));
      expect(String(error)).not.toContain('secret');
    },
  );

  it('an id that is none is refused before anything is asked', async () => {
    await expect(pullModel({ id: '../x', env })).rejects.toEqual(
      refused('OPTION_INVALID', /org\/name/),
    );
    expect(hub.seen).toEqual([]);
  });

  it('a cache that cannot be written is named', async () => {
    await writeFile(join(root, 'cache'), 'a file where the cache should be');
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('OUTPUT_WRITE', /a part of the path is a file/),
    );
  });
});

describe('two at once', () => {
  const lock = (): string =>
    join(env['HF_HUB_CACHE']!, '.locks', 'models--org--tiny', 'zeroov.lock');

  it('the second is told who downloads, and the lock goes with the first', async () => {
    await mkdir(join(lock(), '..'), { recursive: true });
    await writeFile(lock(), String(process.pid));
    await expect(pullModel({ id: ID, env })).rejects.toEqual(
      refused('HUB_LOCKED', new RegExp(`process ${process.pid} `)),
    );
    await rm(lock());
    await pullModel({ id: ID, env });
    expect(await exists(lock())).toBe(false);
  });

  it('the lock of a process that has ended is taken over', async () => {
    await mkdir(join(lock(), '..'), { recursive: true });
    // Above the largest process id that Linux gives.
    await writeFile(lock(), String(2 ** 22 + 1));
    await pullModel({ id: ID, env });
    expect((await lstat(join(repo(), 'snapshots', COMMIT, 'config.json'))).isSymbolicLink()).toBe(
      true,
    );
  });
});
