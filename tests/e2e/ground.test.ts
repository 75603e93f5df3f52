/** `zeroov ground` on tiny random checkpoints: what it writes, prints and repeats. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { RESULT_SCHEMA, type ResultRecord } from '../../src/pipeline/record.ts';
import { decodeNpy } from '../../src/tensor/npy.ts';
import { decodeRle } from '../../src/tensor/rle.ts';
import { FIXTURES, IMAGE, type Ran, SHORT, testFolder, VLM, zeroov } from './run-zeroov.ts';

const folder = await testFolder();

const recordIn = async (out: string): Promise<ResultRecord> =>
  RESULT_SCHEMA.parse(JSON.parse(await readFile(join(out, 'result.json'), 'utf8')));

/** [H, W] of 0 and 1 from a PNG of 0 and 255. */
async function maskIn(file: string): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const first = Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]!);
  expect(first.every((value) => value === 0 || value === 255)).toBe(true);
  return { width, height, data: first.map((v) => v / 255) };
}

it('leaves nothing behind at home or among temporary files, the runtime neither', async () => {
  const home = join(folder, 'home');
  await mkdir(home);
  // On a CI machine onnxruntime reports nothing anyway.
  const env = { HOME: home, XDG_CACHE_HOME: '', TMPDIR: home, CI: '', GITHUB_ACTIONS: '' };
  expect(await zeroov(['ground', IMAGE, 'x', ...SHORT], { env })).toMatchObject({ status: 0 });
  expect(await readdir(home, { recursive: true })).toEqual([]);
});

describe('one expression', () => {
  const out = join(folder, 'one', 'deeper');
  let ran: Ran;
  beforeAll(async () => {
    ran = await zeroov(['ground', IMAGE, 'the round tank', ...SHORT, '-o', out, '--save-maps']);
  });

  it('says in six lines what was found and where it is', () => {
    expect(ran.stderr).toBe('');
    expect(ran.status).toBe(0);
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/\s/, 1)[0])).toEqual([
      'answer',
      'box',
      'area',
      'place',
      'seconds',
      'files',
    ]);
    expect(lines[0]).toMatch(/"the round tank"$/);
    expect(lines[3]).toBe('place    none: it has no world file beside it');
  });

  it('writes every file and nothing else', async () => {
    expect((await readdir(out)).sort()).toEqual([
      'maps',
      'mask.png',
      'overlay.png',
      'panel.png',
      'result.json',
    ]);
    expect((await readdir(join(out, 'maps'))).sort()).toEqual([
      'attention.npy',
      'evolved.npy',
      'overview.npy',
      'structure.npy',
    ]);
  });

  it('records the mask that mask.png shows, its box and its area', async () => {
    const record = await recordIn(out);
    const { width, height, data } = await maskIn(join(out, 'mask.png'));
    const image = await sharp(IMAGE).metadata();
    expect([width, height]).toEqual([image.width, image.height]);
    expect(record.image).toMatchObject({ widthPx: width, heightPx: height });
    const decoded = decodeRle(record.mask);
    expect(decoded.shape).toEqual([height, width]);
    expect(Buffer.compare(decoded.data, data)).toBe(0);
    let [x1, y1, x2, y2, areaPx] = [width, height, 0, 0, 0];
    for (const [i, value] of data.entries()) {
      if (!value) continue;
      const [x, y] = [i % width, Math.floor(i / width)];
      [x1, y1, areaPx] = [Math.min(x1, x), Math.min(y1, y), areaPx + 1];
      [x2, y2] = [Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
    expect(record).toMatchObject({ areaPx, found: areaPx > 0, box: [x1, y1, x2, y2] });
  });

  it('records what the answer came from', async () => {
    const record = await recordIn(out);
    expect(record.answer?.ids).toHaveLength(1);
    expect(record.options).toMatchObject({ trajectory: 'single', maxNewTokens: 1, tau: 0.3 });
    expect(record.provider).toBe('cpu');
    expect(record.checkpoints.vlm).toMatchObject({ label: VLM });
    expect(record.checkpoints.vlm?.files.map((file) => file.name)).toContain(
      'model-00001-of-00004.safetensors',
    );
    expect(record.checkpoints.diffusion?.files).toHaveLength(3);
    expect(record.peakMemoryBytes).toBeGreaterThan(50_000_000);
  });

  it('saves the maps as float32 arrays', async () => {
    const shapeOf = async (name: string) => {
      const { dtype, shape } = decodeNpy(await readFile(join(out, 'maps', name)));
      return [dtype, ...shape];
    };
    const reference = await readFile(join(FIXTURES, 'vlm-a', 'golden', 'overview.npy'));
    const { shape } = decodeNpy(reference);
    expect(await shapeOf('overview.npy')).toEqual(['float32', ...shape]);
    expect(await shapeOf('structure.npy')).toEqual(['float32', 1024, 1024]);
    expect(await shapeOf('attention.npy')).toEqual(['float32', 32, 32]);
    expect(await shapeOf('evolved.npy')).toEqual(['float32', 32, 32]);
  });
});

describe('several expressions', () => {
  const out = join(folder, 'several');
  const args = ['ground', IMAGE, 'the round tank', 'Ölfässer <|image_pad|>', ...SHORT, '-o', out];
  let ran: Ran;
  beforeAll(async () => {
    ran = await zeroov([...args, '--json']);
  });

  it('go to folders of their own, and --json prints what they hold', async () => {
    expect(ran.stderr).toBe('');
    expect((await readdir(out)).sort()).toEqual(['1-the-round-tank', '2-olfasser-image-pad']);
    const printed = JSON.parse(ran.stdout) as unknown[];
    for (const [i, name] of ['1-the-round-tank', '2-olfasser-image-pad'].entries()) {
      const text = await readFile(join(out, name, 'result.json'), 'utf8');
      expect(JSON.parse(text)).toEqual(printed[i]);
      await recordIn(join(out, name));
      expect(existsSync(join(out, name, 'panel.png'))).toBe(true);
    }
  });

  it('get the answer that each gets alone, bit for bit', async () => {
    const alone = join(folder, 'one', 'deeper');
    const first = await readFile(join(out, '1-the-round-tank', 'mask.png'));
    expect(first.equals(await readFile(join(alone, 'mask.png')))).toBe(true);
  });

  it('written again, replace what was there', async () => {
    const again = await zeroov([...args, '--tau', '0.9']);
    expect(again.status).toBe(0);
    const record = await recordIn(join(out, '1-the-round-tank'));
    expect(record.options.tau).toBe(0.9);
    expect((await readdir(out)).sort()).toEqual(['1-the-round-tank', '2-olfasser-image-pad']);
  });
});

describe('without -o', () => {
  it('prints exactly one JSON document, and a full pipe is no failure', async () => {
    const ran = await zeroov(['ground', IMAGE, 'x', ...SHORT, '--order', 'direct-box', '--json']);
    expect(ran.status).toBe(0);
    const record = RESULT_SCHEMA.parse(JSON.parse(ran.stdout));
    expect(record).toMatchObject({ found: false, box: null, score: null, areaPx: 0 });
    expect(record.mask.size).toEqual([record.image.heightPx, record.image.widthPx]);
    const message = 'it has no world file beside it';
    expect([record.place, record.warnings]).toEqual([null, [{ code: 'NO_GEOREF', message }]]);
  });

  it('does not mind a reader that leaves', async () => {
    const ran = await zeroov(['ground', IMAGE, 'x', ...SHORT, '--order', 'O', '--json'], {
      onStart: (child) => child.stdout?.destroy(),
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
  });
});
