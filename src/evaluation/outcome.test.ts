import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../tests/support/temporary-folder.ts';
import { encodeRle } from '../tensor/rle.ts';
import type { RunSubject } from './metrics/tally.ts';
import { writeOutcome } from './outcome.ts';
import { boxScores, makeRecord, maskScores } from './record.fixture.ts';
import { readResults } from './results.ts';
import type { SampleRecord } from './sample.ts';
import { SUMMARY_SCHEMA } from './summary.ts';
import { NO_PYTHON, pythonWithCoco } from './tools-python.fixture.ts';

const SUBJECT: RunSubject = {
  dataset: 'rrsis-d',
  split: 'test',
  preset: 'rsvg-zeroov',
  has: { box: true, mask: true },
};

/** Rows 1–2, columns 1–3 of 4 × 5 px: area 6, tight box [1, 1, 3, 2] in COCO's form (DATASETS.md §4, B). */
const MASK = { size: [4, 5], counts: '5220003' } as const;
const EMPTY = encodeRle({ dtype: 'bool', shape: [4, 5], data: new Uint8Array(20) });
const scores = {
  box: boxScores(0.5),
  mask: maskScores({ intersection: 1, predicted: 6, truth: 10 }),
};

const RECORDS: readonly SampleRecord[] = [
  makeRecord({
    id: '12',
    expression: 'the "ship", or\nboat',
    category: 'ship',
    prediction: { id: '12', box: [1, 1, 4, 3], mask: MASK, score: 0.75 },
    scores,
  }),
  makeRecord({ id: 'a.png', prediction: { id: 'a.png', box: null, mask: MASK }, scores }),
  makeRecord({
    id: '13',
    status: 'not-found',
    prediction: { id: '13', box: null, mask: EMPTY },
    scores,
  }),
  makeRecord({
    id: '14',
    status: 'failed',
    error: { code: 'IMAGE_DECODE', message: 'images/14.png is damaged' },
    scores: { box: null, mask: null },
  }),
];

async function write(records: Iterable<SampleRecord> | AsyncIterable<SampleRecord> = RECORDS) {
  const folder = join(temporaryFolder(), 'run');
  const summary = await writeOutcome(folder, { subject: SUBJECT, records });
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return { folder, summary, read };
}

describe('writeOutcome', () => {
  it('writes records that read back, and a summary of the documented form', async () => {
    const { folder, summary, read } = await write();
    const back: SampleRecord[] = [];
    for await (const record of readResults(folder)) back.push(record);
    expect(back).toEqual(RECORDS);
    expect(SUMMARY_SCHEMA.parse(JSON.parse(read('summary.json')))).toEqual(summary);
    expect(summary).toMatchObject({ n: 4, ok: 2, notFound: 1, failed: 1 });
  });

  it('writes predictions in the form that --predictions reads', async () => {
    const lines = (await write()).read('predictions.jsonl').trimEnd().split('\n');
    expect(JSON.parse(lines[0]!)).toEqual({
      id: '12',
      box: [1, 1, 4, 3],
      mask: MASK,
      score: 0.75,
    });
    expect(JSON.parse(lines[2]!)).toEqual({ id: '13', box: null, mask: EMPTY });
    // The failed one has no line: there, that is what failed means.
    expect(lines).toHaveLength(3);
  });

  it('keeps what was predicted of a sample whose truth cannot be read', async () => {
    const prediction = { id: '14', box: [1, 1, 4, 3], mask: null } as const;
    const { read } = await write([{ ...RECORDS[3]!, prediction }]);
    expect(JSON.parse(read('predictions.jsonl'))).toEqual(prediction);
  });

  it('writes a row a sample for spreadsheets', async () => {
    const text = (await write()).read('samples.csv');
    const start = '12,ok,,ship,attribute,small,"the ""ship"", or\nboat",12.png,0.75,1,1,4,3,';
    expect(text).toContain(`\r\n${start}0,0,10,10,0.500000,0.066667,1,15,6,10\r\n`);
    expect(text).toMatch(/\r\n14,failed,IMAGE_DECODE,,attribute,,the ship,14\.png,,{14}\r\n$/);
  });

  it('gives the same bytes for the same records', async () => {
    const [one, other] = [await write(), await write()];
    for (const name of readdirSync(one.folder)) expect(other.read(name)).toBe(one.read(name));
  });

  it('leaves nothing behind when the records end in an error', async () => {
    const folder = temporaryFolder();
    async function* broken() {
      yield RECORDS[0]!;
      throw new RangeError('cut off');
    }
    const writing = writeOutcome(folder, { subject: SUBJECT, records: broken() });
    await expect(writing).rejects.toThrow('cut off');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what it could not write', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'coco.json.part'));
    const writing = writeOutcome(folder, { subject: SUBJECT, records: RECORDS });
    await expect(writing).rejects.toMatchObject({ code: 'OUTPUT_WRITE' });
    expect(readdirSync(folder)).toEqual(['coco.json.part']);
  });
});

describe('coco.json', () => {
  it('lists what was found, boxes as [x, y, width, height]', async () => {
    const results = JSON.parse((await write()).read('coco.json'));
    const found = { category_id: 1, bbox: [1, 1, 3, 2], segmentation: MASK };
    expect(results).toEqual([
      { image_id: 12, ...found, score: 0.75 },
      { image_id: 'a.png', ...found, score: 1 },
    ]);
    expect(JSON.parse((await write([RECORDS[3]!])).read('coco.json'))).toEqual([]);
  });

  const python = pythonWithCoco();
  it.skipIf(!python)(`is read by pycocotools${python ? '' : ` (${NO_PYTHON})`}`, async () => {
    const { folder } = await write();
    const program = `
import sys, json
from pycocotools.coco import COCO
coco = COCO()
coco.dataset = {"info": {}, "categories": [{"id": 1}], "annotations": [],
  "images": [{"id": name, "height": 4, "width": 5} for name in (12, "a.png")]}
coco.createIndex()
results = coco.loadRes(sys.argv[1])
masks = [results.annToMask(ann).tolist() for ann in results.anns.values()]
print(json.dumps(masks))
`;
    const file = join(folder, 'coco.json');
    const said = execFileSync(python!, ['-c', program, file]);
    const masks = JSON.parse(said.toString().trimEnd().split('\n').at(-1)!);
    const expected = [
      [0, 0, 0, 0, 0],
      [0, 1, 1, 1, 0],
      [0, 1, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ];
    expect(masks).toEqual([expected, expected]);
  });
});

describe('readResults', () => {
  it.each([
    ['{"id": "1"', 'no JSON'],
    ['{"id": "1"}', 'no record'],
  ])('refuses %s: %s', async (line) => {
    const { folder, read } = await write();
    const run = temporaryFolder({ 'results.jsonl': `${read('results.jsonl')}${line}\n` });
    const all = async (from: string) => {
      for await (const _ of readResults(from));
    };
    await all(folder);
    await expect(all(run)).rejects.toMatchObject({ code: 'RUN_CORRUPT' });
    await expect(all(run)).rejects.toThrow(/line 5/);
    await expect(all(temporaryFolder())).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});
