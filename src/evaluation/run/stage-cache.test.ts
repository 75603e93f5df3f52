import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { float32 } from '../../tensor/tensor.ts';
import { encodeEvidence } from './evidence-codec.ts';
import { evidenceFile, hasEvidence, readEvidence, writeEvidence } from './stage-cache.ts';

const run = await mkdtemp(join(tmpdir(), 'zeroov-cache-'));
afterAll(() => rm(run, { recursive: true, force: true }));

const SAMPLE = {
  id: 'a',
  size: { widthPx: 8, heightPx: 8 },
  truth: { box: null, mask: null },
  evidence: [{ answer: null, relevance: float32([2, 2]), scales: new Map(), cross: null }],
};

describe('the cache of a run', () => {
  it('gives back what was written', async () => {
    expect(await hasEvidence(run, 3)).toBe(false);
    await writeEvidence(evidenceFile(run, 3), encodeEvidence(SAMPLE));
    expect(await hasEvidence(run, 3)).toBe(true);
    expect(await readEvidence(evidenceFile(run, 3))).toEqual(SAMPLE);
  });

  it('refuses what is not there, damaged, or of another form', async () => {
    const file = evidenceFile(run, 4);
    const refused = (reason: string) => ({ code: 'RUN_EVIDENCE', fields: { file, reason } });
    await expect(readEvidence(file)).rejects.toMatchObject(refused('is not there'));
    await writeEvidence(file, encodeEvidence(SAMPLE));
    const bytes = await readFile(file);
    bytes[bytes.length - 5]! ^= 1; // of the checksum over the contents
    await writeFile(file, bytes);
    await expect(readEvidence(file)).rejects.toMatchObject(refused('is damaged: remove it'));
    await writeFile(file, gzipSync('{"version":2}'));
    const other = 'is not what this version of zeroov writes: remove it';
    await expect(readEvidence(file)).rejects.toMatchObject(refused(other));
  });
});
