/** Pictures of every size and kind get an answer. */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import { RESULT_SCHEMA } from '../../src/pipeline/record.ts';
import { ROOT, SHORT, testFolder, zeroov } from './run-zeroov.ts';

/** Every run is a process of its own with networks to load, on machines of two cores that do other work, too. */
vi.setConfig({ testTimeout: 300_000 });

const folder = await testFolder();
const SAMPLES = join(ROOT, '..', 'shared', 'samples');
const QUICK = [...SHORT, '--max-pixels', '20000', '--whole'];

async function expectAnswer(image: string, out: string): Promise<void> {
  const ran = await zeroov(['ground', image, 'the blue car', ...QUICK, '-o', out, '--json']);
  expect(ran.stderr).toBe('');
  expect(ran.status).toBe(0);
  const record = RESULT_SCHEMA.parse(JSON.parse(ran.stdout));
  const mask = await sharp(join(out, 'mask.png')).metadata();
  expect([mask.width, mask.height]).toEqual([record.image.widthPx, record.image.heightPx]);
  expect(await readFile(join(out, 'result.json'), 'utf8')).toBe(ran.stdout);
}

const rgb = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#456' } });

describe.concurrent('odd pictures', () => {
  const pictures: readonly [name: string, make: () => Sharp][] = [
    ['17x900.png', () => rgb(17, 900)],
    ['1x1.png', () => rgb(1, 1)],
    ['3000x200.jpg', () => rgb(3000, 200)],
    ['grey.png', () => rgb(60, 40).greyscale().toColourspace('b-w')],
    ['palette.png', () => rgb(60, 40).png({ palette: true })],
    ['alpha.webp', () => rgb(60, 40).ensureAlpha(0.5)],
  ];
  it.each(pictures)('%s', async (name, make) => {
    const image = join(folder, name);
    await make().toFile(image);
    await expectAnswer(image, join(folder, `${name}.out`));
  });
});

const samples = existsSync(SAMPLES)
  ? readdirSync(SAMPLES).filter((name) => name.endsWith('.tif'))
  : [];

describe.skipIf(samples.length === 0)('samples (../shared/samples)', { concurrent: true }, () => {
  it.each(samples)('%s', async (name) => {
    await expectAnswer(join(SAMPLES, name), join(folder, `${name}.out`));
  });
});
