import { cp, mkdir, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { identify } from './checkpoint-identity.ts';

const folder = await mkdtemp(join(tmpdir(), 'zeroov-identity-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const WEIGHTS = 'unet/weights.safetensors';

async function checkpointAt(label: string) {
  const path = join(label, WEIGHTS);
  const { dev, ino: inode, size, mtimeMs } = await stat(path);
  return { label, files: [{ name: 'weights.safetensors', path, dev, inode, size, mtimeMs }] };
}

const first = join(folder, 'first');
await mkdir(join(first, 'unet'), { recursive: true });
await writeFile(join(first, WEIGHTS), 'weights');
await writeFile(join(first, 'unet', 'config.json'), '{}');
await writeFile(join(first, 'tokenizer.json'), '{"a":1}');
await writeFile(join(first, 'README.md'), 'words');

/** A copy with one file written anew. */
async function copyWith(name: string, text: string) {
  const copy = await mkdtemp(join(folder, 'copy-'));
  await cp(first, copy, { recursive: true });
  await writeFile(join(copy, name), text);
  return identify(await checkpointAt(copy));
}

describe('the identity of a checkpoint', () => {
  it('is that of its bytes, wherever they lie', async () => {
    const { label, ...identity } = await identify(await checkpointAt(first));
    const { label: elsewhere, ...copied } = await copyWith('README.md', 'other words');
    expect(copied).toEqual(identity);
    expect(elsewhere).not.toBe(label);
  });

  it('changes with weights, configurations and tokenizers', async () => {
    const identity = await identify(await checkpointAt(first));
    expect((await copyWith(WEIGHTS, 'Weights')).weights).not.toEqual(identity.weights);
    expect((await copyWith('unet/config.json', '{ }')).settings).not.toBe(identity.settings);
    expect((await copyWith('tokenizer.json', '{"a":2}')).settings).not.toBe(identity.settings);
    expect((await copyWith('added.json', '{}')).settings).not.toBe(identity.settings);
  });

  it('of a large file is that of parts, its beginning and its end among them', async () => {
    const path = join(first, WEIGHTS);
    const handle = await open(path, 'r+');
    await handle.truncate(1.1e9); // a hole: it takes no space
    const whole = await identify(await checkpointAt(first));
    expect(whole.weights[0]).toMatchObject({ bytes: 1.1e9, sampled: true });
    for (const position of [0, 1.1e9 - 1]) {
      await handle.write('X', position);
      const { weights } = await identify(await checkpointAt(first));
      await handle.write(position === 0 ? 'w' : '\0', position);
      expect(weights).not.toEqual(whole.weights);
    }
    await handle.close();
  });
});
