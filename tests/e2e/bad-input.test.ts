/** Every bad input has its code, its sentence and its exit status, and leaves nothing behind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whyNot } from '../../src/runtime/providers.ts';
import { DIFFUSION, IMAGE, type Ran, SHORT, SMALL, testFolder, VLM, zeroov } from './run-zeroov.ts';

const folder = await testFolder();
const isWeights = (name: string) => name.endsWith('.safetensors');
const SHARD = 'model-00001-of-00004.safetensors';
const UNET = join('unet', readdirSync(join(DIFFUSION, 'unet')).find(isWeights)!);

/** A copy of a checkpoint that `change` spoils. */
async function spoiled(
  from: string,
  name: string,
  change: (folder: string) => Promise<unknown>,
): Promise<string> {
  const copy = join(folder, name);
  await cp(from, copy, { recursive: true });
  await change(copy);
  return copy;
}

const spoiledVlm = async (name: string, change: (folder: string) => Promise<unknown>) => {
  const vlm = await spoiled(VLM, name, change);
  return [IMAGE, 'x', '--vlm', vlm, '--diffusion', DIFFUSION];
};

const edit = async (file: string, change: (text: string) => string) =>
  writeFile(file, change(await readFile(file, 'utf8')));

/** Overwrites bytes in the middle of a file. */
async function poke(file: string, at: number, bytes: Uint8Array): Promise<void> {
  const content = await readFile(file);
  content.set(bytes, at);
  await writeFile(file, content);
}

/** First byte of a tensor's data in a safetensors file. */
async function dataAt(file: string, tensor: string): Promise<number> {
  const content = await readFile(file);
  const length = Number(content.readBigUInt64LE(0));
  const header = JSON.parse(content.subarray(8, 8 + length).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return 8 + length + header[tensor]!.data_offsets[0];
}

interface Case {
  readonly what: string;
  readonly code: string;
  readonly exit: number;
  /** What the sentence must name. */
  readonly says: RegExp;
  readonly args: () => Promise<readonly string[]>;
}

const file = async (name: string, bytes: Uint8Array | string) => {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
};

const PICTURES: readonly Case[] = [
  {
    what: 'a picture that is not there',
    code: 'IMAGE_NOT_FOUND',
    exit: 3,
    says: /no-such\.png/,
    args: async () => [join(folder, 'no-such.png'), 'x', ...SHORT],
  },
  {
    what: 'a picture that is a folder',
    code: 'IMAGE_NOT_A_FILE',
    exit: 3,
    says: /folder/,
    args: async () => [folder, 'x', ...SHORT],
  },
  {
    what: 'a text file with a picture’s name',
    code: 'IMAGE_TYPE',
    exit: 3,
    says: /text\.png/,
    args: async () => [await file('text.png', 'no picture, only words'), 'x', ...SHORT],
  },
  {
    what: 'a picture cut in half',
    code: 'IMAGE_DECODE',
    exit: 3,
    says: /half\.png/,
    args: async () => {
      const whole = await readFile(IMAGE);
      return [await file('half.png', whole.subarray(0, whole.length / 2)), 'x', ...SHORT];
    },
  },
];

const WORDS: readonly Case[] = [
  {
    what: 'an empty expression',
    code: 'EXPRESSION_EMPTY',
    exit: 2,
    says: /empty/,
    args: async () => [IMAGE, '  ', ...SHORT],
  },
  {
    what: 'an expression of 10 000 characters',
    code: 'EXPRESSION_TOO_LONG',
    exit: 2,
    says: /10000 characters, the limit is 2048/,
    args: async () => [IMAGE, 'x'.repeat(10_000), ...SHORT],
  },
  {
    what: 'a threshold that is no number',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--tau: expected a number, got "high"/,
    args: async () => [IMAGE, 'x', ...SHORT, '--tau', 'high'],
  },
  {
    what: 'a threshold out of range',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--alpha: /,
    args: async () => [IMAGE, 'x', ...SHORT, '--alpha', '1.5'],
  },
  {
    what: 'more layers than weights',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--layer-weights: /,
    args: async () => [IMAGE, 'x', ...SHORT, '--layers', '1,2'],
  },
  {
    what: 'a layer there is not',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--layers/,
    args: async () => [IMAGE, 'x', ...SHORT, '--layers', '1,2,3,400'],
  },
  {
    what: 'an interaction there is not',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--interaction: expected one of cosine, weighted/,
    args: async () => [IMAGE, 'x', ...SHORT, '--interaction', 'sine'],
  },
  {
    what: 'a flag there is not',
    code: 'USAGE',
    exit: 2,
    says: /--tua.*--tau/,
    args: async () => [IMAGE, 'x', ...SHORT, '--tua', '0.3'],
  },
  {
    what: 'no expression at all',
    code: 'USAGE',
    exit: 2,
    says: /missing required argument 'expression'/,
    args: async () => [IMAGE, ...SHORT],
  },
  {
    what: 'an order whose model is not given',
    code: 'OPTION_INVALID',
    exit: 2,
    says: /--diffusion: .*"O-F-E" needs it/,
    args: async () => [IMAGE, 'x', '--vlm', VLM],
  },
  ...(['cuda', 'webgpu'] as const)
    .filter((provider) => whyNot(provider) !== undefined)
    .map((provider) => ({
      what: `a provider that cannot start here, ${provider}`,
      code: 'PROVIDER_UNAVAILABLE',
      exit: 2,
      says: new RegExp(`provider "${provider}" cannot start here`),
      args: async () => [IMAGE, 'x', ...SHORT, '--provider', provider],
    })),
];

const CHECKPOINTS: readonly Case[] = [
  {
    what: 'a hub id that is not in the cache',
    code: 'CHECKPOINT_NOT_FOUND',
    exit: 4,
    says: /zeroov models pull org\/name/,
    args: async () => [IMAGE, 'x', '--vlm', 'org/name', '--diffusion', DIFFUSION],
  },
  {
    what: 'a shard of the index missing',
    code: 'MODEL_SHARD',
    exit: 4,
    says: new RegExp(`${SHARD} is missing`),
    args: () => spoiledVlm('no-shard', (at) => rm(join(at, SHARD))),
  },
  {
    what: 'weights of another shape',
    code: 'TENSOR_SHAPE',
    exit: 4,
    says: /mlp\.\w+_proj\.weight.*expected shape .*, found /,
    args: () =>
      spoiledVlm('shape', (at) =>
        edit(join(at, 'config.json'), (text) => {
          const config = JSON.parse(text) as Record<string, unknown>;
          const inner = (config['text_config'] ?? config) as Record<string, number>;
          inner['intermediate_size'] = inner['intermediate_size']! * 2;
          return JSON.stringify(config);
        }),
      ),
  },
  {
    what: 'a safetensors file cut short',
    code: 'ST_OFFSETS',
    exit: 4,
    says: new RegExp(SHARD),
    args: () =>
      spoiledVlm('short', async (at) => {
        const path = join(at, SHARD);
        await truncate(path, (await readFile(path)).length - 1000);
      }),
  },
  {
    what: 'a header that lies about its length',
    code: 'ST_HEADER_LENGTH',
    exit: 4,
    says: new RegExp(SHARD),
    args: () => spoiledVlm('length', (at) => poke(join(at, SHARD), 4, Uint8Array.of(1))),
  },
  {
    what: 'weights as pickles only',
    code: 'CHECKPOINT_BIN_ONLY',
    exit: 4,
    says: /pytorch_model\.bin/,
    args: () =>
      spoiledVlm('pickles', async (at) => {
        for (const name of await readdir(at)) {
          if (name.includes('safetensors')) await rm(join(at, name));
        }
        await writeFile(join(at, 'pytorch_model.bin'), 'PK');
      }),
  },
  {
    what: 'a Git LFS pointer',
    code: 'NOT_SAFETENSORS',
    exit: 4,
    says: /LFS/,
    args: () =>
      spoiledVlm('lfs', (at) =>
        writeFile(
          join(at, SHARD),
          `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12\n`,
        ),
      ),
  },
  {
    what: 'a configuration of another architecture',
    code: 'CONFIG_ARCHITECTURE',
    exit: 4,
    says: /llama/,
    args: () =>
      spoiledVlm('llama', (at) =>
        edit(join(at, 'config.json'), (text) => text.replace('"qwen2_5_vl"', '"llama"')),
      ),
  },
  {
    what: 'a weight that is NaN',
    code: 'NOT_FINITE',
    exit: 10,
    says: /weight "conv_in\.bias" of diffusion_pytorch_model\S* is not finite at index 0/,
    args: async () => {
      const diffusion = await spoiled(DIFFUSION, 'nan', async (at) => {
        const start = await dataAt(join(at, UNET), 'conv_in.bias');
        await poke(join(at, UNET), start, Uint8Array.of(0xff, 0xff, 0xff, 0xff));
      });
      return [IMAGE, 'x', ...SHORT, '--vlm', VLM, '--diffusion', diffusion];
    },
  },
];

describe.concurrent('bad input', () => {
  it.each([...PICTURES, ...WORDS, ...CHECKPOINTS])('$what → $code', async (bad) => {
    const out = join(folder, `out ${bad.what}`);
    const ran = await zeroov(['ground', ...(await bad.args()), '-o', out, '--json']);
    expectRefusal(ran, bad);
    expect(existsSync(out)).toBe(false);
  });
});

function expectRefusal(ran: Ran, { code, exit, says }: Pick<Case, 'code' | 'exit' | 'says'>): void {
  const sentences = ran.stderr.trim().split('\n');
  expect(sentences).toHaveLength(1);
  expect(sentences[0]).toMatch(new RegExp(`^zeroov: .+ \\[${code}\\]$`));
  expect(sentences[0]).toMatch(says);
  expect(ran.status).toBe(exit);
  const object = JSON.parse(ran.stdout) as Record<string, unknown>;
  expect(object).toMatchObject({ code, retryable: exit === 6 || exit === 130 });
  expect(sentences[0]).toContain(object['message']);
}

describe('where the answer cannot be written', () => {
  it('a file in the way of OUT is found before the networks run', async () => {
    const out = await file('in-the-way', 'mine');
    const ran = await zeroov(['ground', IMAGE, 'x', ...SHORT, '-v', '-o', join(out, 'deeper')]);
    expect(ran.status).toBe(6);
    expect(ran.stderr).toMatch(/\[OUTPUT_WRITE\]/);
    expect(ran.stderr).not.toMatch(/vision/);
    expect(await readFile(out, 'utf8')).toBe('mine');
  });

  it('a folder in the way of mask.png leaves everything as it was', async () => {
    const out = join(folder, 'blocked');
    await mkdir(join(out, 'mask.png'), { recursive: true });
    const ran = await zeroov(['ground', IMAGE, 'x', ...SHORT, '-o', out, '--json']);
    expectRefusal(ran, { code: 'OUTPUT_WRITE', exit: 6, says: /mask\.png/ });
    expect(await readdir(out)).toEqual(['mask.png']);
  });

  it('a full disk', async ({ skip }) => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    skip(!mountSmallDisk(disk), 'needs the right to mount a tmpfs');
    try {
      const out = join(disk, 'out');
      const ran = await zeroov([
        'ground',
        IMAGE,
        'x',
        ...SHORT,
        '-o',
        out,
        '--json',
        '--save-maps',
      ]);
      expectRefusal(ran, { code: 'OUTPUT_WRITE', exit: 6, says: /the disk is full/ });
      expect(await readdir(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});

/** A disk of 64 kB; false where that is not allowed. */
function mountSmallDisk(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('while it runs', () => {
  it('Ctrl-C ends it with 130 and nothing written', async () => {
    const out = join(folder, 'interrupted');
    let sent = false;
    const ran = await zeroov(['ground', IMAGE, 'x', ...SMALL, '-v', '-o', out, '--json'], {
      onStderr(text, child) {
        if (sent || !text.includes('structure')) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect(ran.status).toBe(130);
    expect(ran.stderr).toMatch(/zeroov: .* \[CANCELLED\]/);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'CANCELLED', class: 'Cancelled' });
    expect(existsSync(out)).toBe(false);
  });

  it('a second signal ends it at once, by a signal, with nothing written and no native message', async () => {
    const out = join(folder, 'killed');
    let sent = false;
    const ran = await zeroov(['ground', IMAGE, 'x', ...SMALL, '-v', '-o', out], {
      onStderr(text, child) {
        if (sent || !text.includes('structure')) return;
        sent = true;
        // Two kinds, since two of a kind may arrive as one; while it is stopped, so that it cannot end between them.
        for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const)
          child.kill(signal);
      },
    });
    // Its threads take them, so either may be the second.
    expect(ran.status).toBeOneOf(['SIGINT', 'SIGTERM']);
    expect(ran.stderr).not.toMatch(/terminate called|Napi/);
    expect(existsSync(out)).toBe(false);
  });

  it('weights that change make no answer', async () => {
    const diffusion = await spoiled(DIFFUSION, 'changing', async () => undefined);
    const out = join(folder, 'changed');
    let changing: Promise<void> | undefined;
    const args = ['--vlm', VLM, '--diffusion', diffusion, '-v', '-o', out, '--json'];
    const ran = await zeroov(['ground', IMAGE, 'x', ...args], {
      onStderr(text) {
        if (text.includes('structure')) changing ??= utimes(join(diffusion, UNET), 1, 1);
      },
    });
    await changing;
    expect(ran.status).toBe(4);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'CHECKPOINT_CHANGED' });
    expect(existsSync(out)).toBe(false);
  });
});
