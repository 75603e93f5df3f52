import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { ZeroovError } from '../errors.ts';
import { encodeRle } from '../tensor/rle.ts';
import { parsePrediction } from './prediction-line.ts';
import type { Dataset, Sample, SampleRecord, Truth } from './sample.ts';
import { scorePredictions } from './score-predictions.ts';

/** The left `columns` of 8 × 4 px. */
const left = (columns: number) =>
  Uint8Array.from({ length: 32 }, (_, i) => (i % 8 < columns ? 1 : 0));
const rle = (columns: number) => encodeRle({ dtype: 'bool', shape: [4, 8], data: left(columns) });

const TRUTH: Truth = {
  box: [0, 0, 4, 4],
  mask: { widthPx: 8, heightPx: 4, data: left(4) },
};
const sample = (id: string, readTruth = async () => TRUTH): Sample => ({
  id,
  expression: 'the ship',
  category: 'ship',
  kind: null,
  image: `${id}.png`,
  readTruth,
});

interface Given {
  readonly samples?: readonly Sample[];
  readonly root?: string;
  /** Those that count; all unless told. */
  readonly count?: number;
}

/** Records of the predictions in `text`; the file is called mine.jsonl. */
async function score(text: string | Buffer, given: Given = {}) {
  const { samples = ['1', '2', '3'].map((id) => sample(id)), root = temporaryFolder() } = given;
  const about = { name: 'jsonl', split: 'test', fingerprint: 'f' } as const;
  const dataset: Dataset = { ...about, root, samples, has: { box: true, mask: true } };
  const file = join(temporaryFolder(), 'mine.jsonl');
  writeFileSync(file, text);
  const counting = samples.slice(0, given.count ?? samples.length);
  const { has, records } = await scorePredictions({ dataset, samples: counting, file });
  const all: SampleRecord[] = [];
  for await (const record of records) all.push(record);
  return { has, records: all };
}

const line = (value: object) => `${JSON.stringify(value)}\n`;
const found = (id: string) => line({ id, box: [0, 0, 4, 4], mask: rle(2), score: 0.5 });

describe('scorePredictions', () => {
  it('accounts for every sample in the order of the dataset', async () => {
    const { has, records } = await score(line({ id: '3', box: null, mask: rle(0) }) + found('1'));
    expect(has).toEqual({ box: true, mask: true });
    expect(records.map(({ id, status }) => `${id} ${status}`)).toEqual([
      '1 ok',
      '2 failed',
      '3 not-found',
    ]);
    expect(records[0]!.scores.mask!.native).toEqual({
      intersection: 8,
      union: 16,
      predicted: 8,
      truth: 16,
    });
    expect(records[1]!.error!.code).toBe('PREDICTION_MISSING');
    expect(records[1]!.scores.mask!.native).toMatchObject({ intersection: 0, union: 16 });
  });

  it('scores what the file has: boxes alone, or masks alone', async () => {
    const boxes = await score(line({ id: 1, box: [0, 0, 4, 4] }));
    expect(boxes.has).toEqual({ box: true, mask: false });
    expect(boxes.records.map(({ scores }) => scores.mask)).toEqual([null, null, null]);
    const masks = await score(line({ id: '2', box: null, mask: rle(4) }));
    expect(masks.has).toEqual({ box: false, mask: true });
    expect(masks.records[1]!.status).toBe('ok');
    expect((await score(line({ id: '2', box: null, mask: null }))).has).toEqual({
      box: true,
      mask: true,
    });
  });

  it('reads files of other systems: a byte order mark, \\r\\n, blank lines, no last line break', async () => {
    const text = `\ufeff${found('1')}\n\n${found('2')}${found('3')}`.replaceAll('\n', '\r\n');
    const { records } = await score(text.trimEnd());
    expect(records.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });

  it('takes lines about samples that do not count, and no others', async () => {
    const { records } = await score(found('3') + found('1'), { count: 1 });
    expect(records.map(({ id }) => id)).toEqual(['1']);
  });

  it('makes a truth that cannot be read a failure of its sample', async () => {
    const root = temporaryFolder();
    const fields = { sample: '1', file: `${root}/mask.png`, reason: 'is damaged' };
    const lost = sample('1', async () => {
      throw new ZeroovError('DATASET_SAMPLE', fields);
    });
    const { records } = await score(found('1'), { samples: [lost], root });
    expect(records[0]).toMatchObject({ status: 'failed', scores: { box: null, mask: null } });
    expect(records[0]!.error!.code).toBe('DATASET_SAMPLE');
    expect(records[0]!.error!.message).not.toContain(root);
  });

  it("takes a mask of the picture's size where the true mask has another", async () => {
    const root = temporaryFolder();
    const create = { width: 8, height: 5, channels: 3, background: 'black' } as const;
    await sharp({ create }).png().toFile(join(root, '1.png'));
    const taller = encodeRle({ dtype: 'bool', shape: [5, 8], data: new Uint8Array(40) });
    const text = line({ id: '1', box: null, mask: taller });
    const { records } = await score(text, { samples: [sample('1')], root });
    expect(records[0]!.status).toBe('not-found');
  });

  it('takes a mask whose runs spell NaN', () => {
    // As pycocotools encodes 3389 px.
    const mask = { size: [64, 64], counts: 'T3T3X6:NaN;]o2' };
    const parsed = parsePrediction(line({ id: '1', mask }), { file: 'p', line: 1 });
    expect(parsed.mask).toEqual(mask);
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['no JSON', `${found('1')}{"id": "2"`, /line 2: it is not valid JSON/],
    ['a key twice', '{"id": "1", "id": "2", "box": null}', /line 1: the key "id" appears twice/],
    ['NaN', '{"id": "1", "box": [0, NaN, 1, 1]}', /NaN and Infinity are no JSON numbers/],
    ['a number beyond all', '{"id": "1", "box": [0, 0, 1e999, 1]}', /"box\[2\]"/],
    ['bytes of another encoding', Buffer.from('{"id": "\xe9"}', 'latin1'), /no UTF-8/],
    ['an id twice', found('1') + found('1'), /line 2: the id "1" has line 1 already/],
    ['an unknown id', found('9'), /the dataset has no sample "9"/],
    ['another key', '{"id": "1", "bbox": [0, 0, 1, 1]}', /bbox/],
    ['neither', '{"id": "1"}', /neither "box" nor "mask"/],
    ['three numbers', '{"id": "1", "box": [0, 0, 1]}', /"box/],
    ['x2 < x1', '{"id": "1", "box": [5, 0, 1, 1]}', /\[5,0,1,1\] is inside out/],
    [
      'short runs',
      line({ id: '1', mask: { size: [4, 9], counts: rle(2).counts } }),
      /runs sum to 32, its size 4 × 9 needs 36/,
    ],
    ['a broken string', line({ id: '1', mask: { size: [4, 8], counts: 'zzz' } }), /RLE mask/],
    [
      'runs as a list',
      line({ id: '1', mask: { size: [4, 8], counts: [0, 32] } }),
      /"mask\.counts"/,
    ],
    [
      'a mask of another size',
      line({ id: '1', mask: { size: [2, 4], counts: '08' } }),
      /size is 2 × 4 \(height × width\), but the true mask has 4 × 8/,
    ],
  ])('refuses %s and says where', async (_, text, reason) => {
    const refused = await score(text).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ZeroovError);
    const { code, message, exit } = refused as ZeroovError;
    expect({ code, exit }).toEqual({ code: 'PREDICTION_INVALID', exit: 3 });
    expect(message).toMatch(reason);
    expect(message).toMatch(/mine\.jsonl, line \d: /);
  });

  it('says when there is no such file', async () => {
    const dataset = { samples: [], has: { box: true, mask: true } } as unknown as Dataset;
    for (const file of ['/nowhere/mine.jsonl', temporaryFolder()]) {
      const job = { dataset, samples: [], file };
      await expect(scorePredictions(job)).rejects.toMatchObject({ code: 'PREDICTIONS_UNREADABLE' });
    }
  });
});
