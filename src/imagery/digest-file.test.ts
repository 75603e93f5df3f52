import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { digestFile } from './digest-file.ts';

const sha256 = (...parts: Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');

it('digestFile hashes a whole file, of one that is too long its ends and its size', async () => {
  const bytes = Buffer.from('a file of 24 bytes, say.');
  const handle = await open(join(temporaryFolder({ file: bytes }), 'file'));
  try {
    const all = { sha256: sha256(bytes), sha256Of: 'file' };
    expect(await digestFile(handle, 24, { wholeBytes: 24, endBytes: 5 })).toEqual(all);
    const size = Buffer.of(24, 0, 0, 0, 0, 0, 0, 0);
    const ends = sha256(bytes.subarray(0, 5), bytes.subarray(-5), size);
    expect(await digestFile(handle, 24, { wholeBytes: 23, endBytes: 5 })).toEqual({
      sha256: ends,
      sha256Of: 'ends and size',
    });
  } finally {
    await handle.close();
  }
});
