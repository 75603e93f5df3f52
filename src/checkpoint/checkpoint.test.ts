import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from './checkpoint.ts';
import { findNonFinite } from './find-non-finite.ts';

let root: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'zeroov-ckpt-')));
});
afterEach(() => rm(root, { recursive: true }));

/** A safetensors file whose tensors are single F32 elements, in the order of `names`. */
function weights(...names: string[]): Buffer {
  const entries = names.map((name, i) => [
    name,
    { dtype: 'F32', shape: [1], data_offsets: [4 * i, 4 * i + 4] },
  ]);
  const text = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([start, text, Buffer.alloc(4 * names.length)]);
}

async function put(files: Record<string, string | Buffer>, folder = root): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

const A = 'model-00001-of-00002.safetensors';
const B = 'model-00002-of-00002.safetensors';
const INDEX = 'model.safetensors.index.json';
const index = (weightMap: unknown): string =>
  JSON.stringify({ metadata: { total_size: 8.0 }, weight_map: weightMap });
const refused = (code: string, message: string | RegExp = '') =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('openCheckpoint', () => {
  it('opens one file and answers for its tensors', async () => {
    await put({ 'model.safetensors': weights('x', 'y') });
    const checkpoint = await openCheckpoint(root, { label: 'org/name' });
    expect(checkpoint.label).toBe('org/name');
    expect(checkpoint.folder).toBe(root);
    expect([...checkpoint.names()]).toEqual(['x', 'y']);
    expect(checkpoint.has('y')).toBe(true);
    expect(checkpoint.has('toString')).toBe(false);
    const { offset, ...y } = checkpoint.get('y');
    expect(y).toEqual({
      name: 'y',
      dtype: 'F32',
      shape: [1],
      file: join(root, 'model.safetensors'),
      length: 4,
    });
    expect(offset).toBe(checkpoint.files[0]!.size - 4);
    expect(() => checkpoint.get('z')).toThrow(
      refused('TENSOR_MISSING', /org\/name has no tensor "z"/),
    );
  });

  it.each([
    [['model.safetensors', 'model.fp16.safetensors'], undefined, 'model.safetensors'],
    [['model.safetensors', 'model.fp16.safetensors'], 'fp16', 'model.fp16.safetensors'],
    [['model.fp16.safetensors', 'pytorch_model.bin'], undefined, 'model.fp16.safetensors'],
    [
      ['diffusion_pytorch_model.fp16.safetensors', 'diffusion_pytorch_model.non_ema.safetensors'],
      undefined,
      'diffusion_pytorch_model.fp16.safetensors',
    ],
    [['my-own.safetensors', 'config.json'], undefined, 'my-own.safetensors'],
  ])('of %j (variant %s) takes %s', async (names, variant, chosen) => {
    await put(Object.fromEntries(names.map((name) => [name, weights(name)])));
    const { files } = await openCheckpoint(root, { variant });
    expect(files.map((file) => file.name)).toEqual([chosen]);
  });

  it.each([INDEX, 'model.safetensors.index.fp16.json', 'model.fp16.safetensors.index.json'])(
    'opens the shards of %s',
    async (name) => {
      await put({ [A]: weights('x'), [B]: weights('y', 'z'), [name]: index({ x: A, y: B, z: B }) });
      const checkpoint = await openCheckpoint(root);
      expect([...checkpoint.names()].sort()).toEqual(['x', 'y', 'z']);
      expect(checkpoint.get('z').file).toBe(join(root, B));
      expect(checkpoint.files.map((file) => file.name)).toEqual([A, B]);
    },
  );

  it('opens one file, or several, that the caller names', async () => {
    await put({ 'a.safetensors': weights('x'), 'b.safetensors': weights('y') });
    const [a, b] = [join(root, 'a.safetensors'), join(root, 'b.safetensors')];
    expect([...(await openCheckpoint(a)).names()]).toEqual(['x']);
    expect([...(await openCheckpoint([a, b])).names()]).toEqual(['x', 'y']);
  });

  it('refuses files of different folders, and a tensor in two files', async () => {
    await put({
      'u/a.safetensors': weights('x'),
      'v/a.safetensors': weights('y'),
      'v/b.safetensors': weights('y'),
    });
    const [ua, va, vb] = ['u/a', 'v/a', 'v/b'].map((name) => join(root, `${name}.safetensors`));
    await expect(openCheckpoint([ua!, va!])).rejects.toEqual(refused('MODEL_FOLDERS'));
    await expect(openCheckpoint([va!, vb!])).rejects.toEqual(
      refused('MODEL_SHARD', /"y" is in more/),
    );
  });
});

describe('a folder without usable weights', () => {
  it.each([
    ['pickles only', { 'pytorch_model.bin': '' }, 'CHECKPOINT_BIN_ONLY', /pytorch_model\.bin/],
    ['nothing', {}, 'CHECKPOINT_FILE_MISSING', /has no model\.safetensors/],
    [
      'shards without an index',
      { [A]: '', [B]: '' },
      'CHECKPOINT_FILE_MISSING',
      /index is missing/,
    ],
    [
      'two files of other names',
      { 'a.safetensors': '', 'b.safetensors': '' },
      'CHECKPOINT_FILE_MISSING',
      /a\.safetensors, b/,
    ],
  ])('with %s is refused', async (_, files, code, message) => {
    await put(files);
    await expect(openCheckpoint(root)).rejects.toEqual(refused(code, message));
  });

  it('is refused when it is not there, or lacks the variant', async () => {
    await expect(openCheckpoint(join(root, 'unet'))).rejects.toEqual(
      refused('CHECKPOINT_FILE_MISSING', /unet/),
    );
    await put({ 'model.safetensors': weights('x') });
    await expect(openCheckpoint(root, { variant: 'fp16' })).rejects.toEqual(
      refused('CHECKPOINT_FILE_MISSING', /model\.fp16\.safetensors/),
    );
  });
});

describe('an index', () => {
  it.each([
    [
      'names a shard that is missing',
      { [A]: weights('x'), [INDEX]: index({ x: A, y: B }) },
      /00002-of-00002.* is missing/,
    ],
    [
      'forgets a shard',
      { [A]: weights('x'), [B]: weights('y'), [INDEX]: index({ x: A }) },
      /00002-of-00002.* is not in/,
    ],
    [
      'forgets a tensor',
      { [A]: weights('x', 'w'), [B]: weights('y'), [INDEX]: index({ x: A, y: B }) },
      /holds "w"/,
    ],
    [
      'names a tensor of no shard',
      { [A]: weights('x'), [B]: weights('y'), [INDEX]: index({ x: A, y: B, z: B }) },
      /"z" is not in/,
    ],
    [
      'has tensors in the wrong shard',
      { [A]: weights('x'), [B]: weights('y'), [INDEX]: index({ x: B, y: A }) },
      /"x" is not in/,
    ],
    [
      'has a tensor in two shards',
      { [A]: weights('x'), [B]: weights('x', 'y'), [INDEX]: index({ x: A, y: B }) },
      /holds "x"/,
    ],
  ])('that %s is refused', async (_, files, reason) => {
    await put(files);
    await expect(openCheckpoint(root)).rejects.toEqual(refused('MODEL_SHARD', reason));
  });

  it.each([
    '../x.safetensors',
    '/etc/x.safetensors',
    'C:\\x.safetensors',
    '\\\\srv\\x.safetensors',
    '%2e%2e%2fx.safetensors',
    'a/x.safetensors',
    'x\0.safetensors',
    '..',
    '.',
    '',
    'config.json',
    `${'x'.repeat(117)}.safetensors`,
  ])('that names %j is refused', async (shard) => {
    await put({ 'x.safetensors': weights('x'), [INDEX]: index({ x: shard }) });
    await expect(openCheckpoint(root)).rejects.toEqual(refused('MODEL_PATH_ESCAPE'));
  });

  it.each([
    ['no JSON', '{', /JSON/],
    ['no UTF-8', Buffer.from([0xff]), /UTF-8/],
    ['null', 'null', /weight_map/],
    ['without weight_map', '{}', /weight_map/],
    ['with an empty weight_map', index({}), /no tensor/],
    ['with a number for a file name', index({ x: 1 }), /\["x"\]: expected a file name/],
    ['with a tensor twice', `{"weight_map":{"x":"${A}","x":"${B}"}}`, /"x" appears twice/],
    [
      'with 100,000 tensors',
      index(Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [i, A]))),
      /entries/,
    ],
    ['of 16 MiB and a byte', Buffer.alloc(16 * 1024 * 1024 + 1, ' '), /limit/],
  ])('%s is refused', async (_, content, reason) => {
    await put({ [A]: weights('x'), [INDEX]: content });
    await expect(openCheckpoint(root)).rejects.toEqual(
      expect.objectContaining({
        code: expect.stringMatching(/CONFIG_INVALID|FILE_TOO_LARGE/),
        message: expect.stringMatching(reason),
      }),
    );
  });
});

describe('links', () => {
  const sha = 'ab'.repeat(32);
  const commit = '0123456789'.repeat(4);

  it('of a hub snapshot lead to the blobs, whose names are their sha256', async () => {
    const repo = join(root, 'models--org--name');
    const other = 'cd'.repeat(32);
    await put(
      {
        [`blobs/${sha}`]: weights('x'),
        [`blobs/${other}`]: weights('y'),
        'blobs/0a': index({ x: A, y: B }),
      },
      repo,
    );
    const snapshot = join(repo, 'snapshots', commit, 'unet');
    await mkdir(snapshot, { recursive: true });
    await symlink(`../../../blobs/${sha}`, join(snapshot, A));
    await symlink(`../../../blobs/${other}`, join(snapshot, B));
    await symlink('../../../blobs/0a', join(snapshot, INDEX));
    const checkpoint = await openCheckpoint(snapshot);
    expect(checkpoint.folder).toBe(join(repo, 'blobs'));
    expect(checkpoint.get('y').file).toBe(join(repo, 'blobs', other));
    expect(checkpoint.files.map(({ name, sha256 }) => [name, sha256])).toEqual([
      [A, sha],
      [B, other],
    ]);
    await checkpoint.verifyUnchanged();
  });

  it('inside the folder, and of the folder itself, are followed', async () => {
    await put({ 'real/data.bin': weights('x') });
    await symlink('data.bin', join(root, 'real', 'model.safetensors'));
    await symlink('real', join(root, 'linked'));
    const { folder, files } = await openCheckpoint(join(root, 'linked'));
    expect([folder, files[0]!.path]).toEqual([join(root, 'real'), join(root, 'real', 'data.bin')]);
  });

  it.each(['../secret.safetensors', '../folder-beside/secret.safetensors'])(
    'to %s, out of the folder, are refused',
    async (target) => {
      await put({
        'secret.safetensors': weights('x'),
        'folder-beside/secret.safetensors': weights('x'),
      });
      await mkdir(join(root, 'folder'));
      await symlink(target, join(root, 'folder', 'model.safetensors'));
      await expect(openCheckpoint(join(root, 'folder'))).rejects.toEqual(
        refused('MODEL_PATH_ESCAPE', /secret/),
      );
    },
  );

  it('to nothing, or in a circle, are refused', async () => {
    await symlink('nothing', join(root, 'model.safetensors'));
    await expect(openCheckpoint(root)).rejects.toEqual(refused('CHECKPOINT_FILE_MISSING'));
    await rm(join(root, 'model.safetensors'));
    await symlink('model.safetensors', join(root, 'model.safetensors'));
    await expect(openCheckpoint(root)).rejects.toEqual(refused('CHECKPOINT_UNREADABLE', /ELOOP/));
  });

  it('that spread the shards over folders are refused', async () => {
    await put({ 'sub/a': weights('x'), [B]: weights('y'), [INDEX]: index({ x: A, y: B }) });
    await symlink('sub/a', join(root, A));
    await expect(openCheckpoint(root)).rejects.toEqual(refused('MODEL_FOLDERS', /sub/));
  });

  it('that are hard count as the file they are', async () => {
    await put({ 'data.bin': weights('x') });
    await link(join(root, 'data.bin'), join(root, 'model.safetensors'));
    expect((await openCheckpoint(root)).has('x')).toBe(true);
  });
});

describe('verifyUnchanged', () => {
  const path = (): string => join(root, 'model.safetensors');
  it.each([
    ['grew', () => appendFile(path(), 'x'), /it had \d+ bytes, now \d+/],
    [
      'was overwritten in place',
      () => writeFile(path(), weights('z')).then(() => utimes(path(), 1, 1)),
      /written to/,
    ],
    [
      'was replaced',
      async () => {
        await put({ new: weights('x') });
        await rename(join(root, 'new'), path());
      },
      /another file/,
    ],
    ['was removed', () => rm(path()), /ENOENT/],
  ])('notices that a file %s', async (_, change, what) => {
    await put({ 'model.safetensors': weights('x') });
    const checkpoint = await openCheckpoint(root);
    await checkpoint.verifyUnchanged();
    await change();
    await expect(checkpoint.verifyUnchanged()).rejects.toEqual(refused('CHECKPOINT_CHANGED', what));
  });
});

describe('the fixtures, as transformers and diffusers saved them', () => {
  const fixtures = join(import.meta.dirname, '../../tests/fixtures');
  it.each([
    ['vlm-a/vlm', 4, 'model.layers.0.self_attn.q_proj.weight'],
    ['vlm-b/vlm', 1, 'model.language_model.embed_tokens.weight'],
    ['sd-a/sd/unet', 1, 'conv_in.weight'],
    ['sd-b/sd/vae', 1, 'encoder.conv_in.weight'],
  ])('%s opens', async (folder, files, tensor) => {
    const checkpoint = await openCheckpoint(join(fixtures, folder));
    expect(checkpoint.files).toHaveLength(files);
    expect([...checkpoint.names()]).toContain(tensor);
    expect(await findNonFinite(checkpoint.get(tensor))).toBeNull();
  });
});
