import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { appendLine, cutTornTail, encodeLine, readJournal } from './journal.ts';

const folder = await mkdtemp(join(tmpdir(), 'zeroov-journal-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const VALUES = [{ id: 'a', mask: 'ö'.repeat(30) }, { id: 'b' }, { id: 'c', box: [1, 2.5, 3, 4] }];
const LINES = VALUES.map(encodeLine);
const WHOLE = Buffer.concat(LINES);

async function valuesIn(bytes: Buffer): Promise<unknown[]> {
  const path = join(folder, 'read.jsonl');
  await writeFile(path, bytes);
  const values = [];
  for await (const line of readJournal(path)) values.push(line ? line.value : null);
  return values;
}

describe('a journal', () => {
  it('gives back what was appended', async () => {
    const path = join(folder, 'appended.jsonl');
    for (const value of VALUES) await appendLine(path, value);
    expect(await readFile(path)).toEqual(WHOLE);
    expect(await valuesIn(WHOLE)).toEqual(VALUES);
  });

  it('cut at any byte keeps every whole line, and goes on behind the last', async () => {
    const ends = LINES.map((_, i) => Buffer.concat(LINES.slice(0, i + 1)).length);
    const path = join(folder, 'cut.jsonl');
    for (let length = 0; length <= WHOLE.length; length += 1) {
      const kept = ends.filter((end) => end <= length).length;
      await writeFile(path, WHOLE.subarray(0, length));
      await cutTornTail(path);
      expect((await stat(path)).size).toBe(ends[kept - 1] ?? 0);
      await appendLine(path, VALUES[2]);
      const expected = Buffer.concat([...LINES.slice(0, kept), LINES[2]!]);
      expect(await readFile(path)).toEqual(expected);
    }
  });

  it('with any byte of a line changed loses that line alone', async () => {
    const first = LINES[0]!.length;
    for (let i = first; i < first + LINES[1]!.length - 1; i += 1) {
      const bytes = Buffer.from(WHOLE);
      bytes[i]! ^= 1;
      expect(await valuesIn(bytes)).toEqual([VALUES[0], null, VALUES[2]]);
    }
  });

  it('takes a torn line and the one that was appended to it for damaged, not for one of them', async () => {
    const torn = Buffer.concat([LINES[0]!, LINES[1]!.subarray(0, 9), LINES[2]!, LINES[0]!]);
    expect(await valuesIn(torn)).toEqual([VALUES[0], null, VALUES[0]]);
  });

  it('is read across chunks of the file', async () => {
    const long = { id: 'long', counts: 'x'.repeat(3 * 2 ** 20) };
    const path = join(folder, 'long.jsonl');
    for (const value of [VALUES[0], long, VALUES[1]]) await appendFile(path, encodeLine(value));
    const places = [];
    for await (const line of readJournal(path)) places.push(line!.position + line!.length + 1);
    const ends = [LINES[0]!.length, encodeLine(long).length, LINES[1]!.length];
    expect(places).toEqual([ends[0], ends[0]! + ends[1]!, ends[0]! + ends[1]! + ends[2]!]);
  });

  it.skipIf(!existsSync('/dev/full'))('says so when the disk is full', async () => {
    await expect(appendLine('/dev/full', VALUES[0])).rejects.toMatchObject({
      code: 'OUTPUT_WRITE',
      fields: { path: '/dev/full', reason: 'the disk is full' },
    });
  });
});
