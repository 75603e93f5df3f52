import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { JSON_LIMITS, readJson } from './json-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zeroov-json-'));
});
afterAll(() => rm(folder, { recursive: true }));

const schema = z.object({
  model_type: z.literal('sam'),
  vision_config: z.object({ depth: z.number().int().max(100), sides: z.array(z.number()) }),
});
const good = { model_type: 'sam', vision_config: { depth: 2, sides: [1, 2] } };

async function read(content: string | Buffer, limit?: number) {
  const file = join(folder, 'config.json');
  await writeFile(file, content);
  return readJson({ file, schema, limit });
}
const refused = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('readJson', () => {
  it('returns what the schema makes of the file', async () => {
    expect(await read(JSON.stringify({ ...good, other: 1 }))).toEqual(good);
  });

  it.each([
    [{ ...good, model_type: 'clip' }, /model_type: expected "sam"/],
    [
      { ...good, vision_config: { depth: '2', sides: [] } },
      /vision_config\.depth: expected number, received string/,
    ],
    [{ ...good, vision_config: { depth: 1e9, sides: [] } }, /vision_config\.depth: .*100/],
    [
      { ...good, vision_config: { depth: 2, sides: [0, null] } },
      /vision_config\.sides\[1\]: expected number/,
    ],
    [{ vision_config: { depth: null, sides: [null, null] } }, /; and 1 more/],
    [[], /expected object, received array/],
  ])('says where %j is wrong', async (value, message) => {
    await expect(read(JSON.stringify(value))).rejects.toEqual(refused('CONFIG_INVALID', message));
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['an LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS pointer/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
  ])('refuses %s', async (_, content, message) => {
    await expect(read(content)).rejects.toEqual(refused('CONFIG_INVALID', message));
  });

  it('reads up to the limit and not a byte more', async () => {
    const text = JSON.stringify(good);
    await expect(read(text.padEnd(JSON_LIMITS.config))).resolves.toEqual(good);
    await expect(read(text.padEnd(JSON_LIMITS.config + 1))).rejects.toEqual(
      refused('FILE_TOO_LARGE', /limit/),
    );
    await expect(read(text.padEnd(101), 101)).resolves.toEqual(good);
    await expect(read(text.padEnd(102), 101)).rejects.toEqual(refused('FILE_TOO_LARGE', /limit/));
  });

  it('reads regular files only, and never waits for a pipe', async () => {
    const missing = join(folder, 'none.json');
    await expect(readJson({ file: missing, schema })).rejects.toEqual(
      refused('CHECKPOINT_FILE_MISSING', /none\.json/),
    );
    await expect(readJson({ file: folder, schema })).rejects.toEqual(
      refused('CHECKPOINT_UNREADABLE', /not a regular file/),
    );
    const pipe = join(folder, 'pipe.json');
    execFileSync('mkfifo', [pipe]);
    await symlink('pipe.json', join(folder, 'to-pipe.json'));
    for (const file of [pipe, join(folder, 'to-pipe.json'), '/dev/zero'])
      await expect(readJson({ file, schema })).rejects.toEqual(
        refused('CHECKPOINT_UNREADABLE', /not a regular file/),
      );
  });
});
