import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubCache, parseModelId } from './hub-cache.ts';
import { locateCheckpoint } from './locate.ts';

const commit = 'a1'.repeat(20);
const older = 'b2'.repeat(20);
let cache: string;
let repo: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'zeroov-hub-'));
  repo = join(cache, 'models--org--some.name');
  for (const revision of [commit, older])
    await mkdir(join(repo, 'snapshots', revision), { recursive: true });
  await mkdir(join(repo, 'refs', 'pr'), { recursive: true });
  await writeFile(join(repo, 'refs', 'main'), commit);
  await writeFile(join(repo, 'refs', 'pr', '1'), `${older}\n`);
  await writeFile(join(repo, 'refs', 'gone'), 'c3'.repeat(20));
  await writeFile(join(repo, 'refs', 'odd'), '../../..');
});
afterAll(() => rm(cache, { recursive: true }));

const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('locateCheckpoint', () => {
  it('takes a folder as it is', async () => {
    expect(await locateCheckpoint(cache, { env: {} })).toEqual({ folder: cache, label: cache });
  });

  it.each([
    ['org/some.name', commit],
    ['org/some.name@pr/1', older],
    [`org/some.name@${older}`, older],
  ])('finds %s in the cache', async (id, revision) => {
    expect(await locateCheckpoint(id, { env: { HF_HUB_CACHE: cache } })).toEqual({
      folder: join(repo, 'snapshots', revision),
      label: id,
      revision,
    });
  });

  it.each([
    'org/other',
    'org/some.name@v2',
    'org/some.name@gone',
    'org/some.name@odd',
    `org/some.name@${'d4'.repeat(20)}`,
    'org/some.name@../refs',
  ])('does not find %s, and says where it looked', async (id) => {
    await expect(locateCheckpoint(id, { env: { HF_HUB_CACHE: cache } })).rejects.toEqual(
      refused('CHECKPOINT_NOT_FOUND', /looked in the folder .*zeroov models pull/),
    );
  });
});

describe('hubCache', () => {
  it.each([
    [{ HOME: '/h' }, '/h/.cache/huggingface/hub'],
    [{ HOME: '/h', XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ HOME: '/h', XDG_CACHE_HOME: '/x', HF_HOME: '/f' }, '/f/hub'],
    [{ HOME: '/h', HF_HOME: '/f', HF_HUB_CACHE: '/c' }, '/c'],
    [{ HOME: '/h', HF_HOME: '~/f', HF_HUB_CACHE: '' }, '/h/f/hub'],
  ])('of %j is %s', (env, folder) => {
    expect(hubCache(env)).toBe(folder);
  });
});

describe('parseModelId', () => {
  it.each([
    ['Qwen/Qwen2.5-VL-7B-Instruct', 'main'],
    ['CompVis/stable-diffusion-v1-4@fp16', 'fp16'],
    ['a/b@refs/pr/3', 'refs/pr/3'],
  ])('reads %s', (text, revision) => {
    expect(parseModelId(text)).toEqual({ id: text.split('@')[0], revision });
  });

  it.each([
    'name',
    'a/b/c',
    '../b',
    'a/..',
    'a--b/c',
    '/a/b',
    'a/b@',
    'a/b@../c',
    'a/b@x//y',
    'a/b c',
    'a\\b/c',
    'a/b@x\0',
  ])('refuses %j', (text) => {
    expect(parseModelId(text)).toBeNull();
  });
});
