import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeWholePicture } from './whole-picture.ts';

const create = { width: 2, height: 2, channels: 3, background: '#123456' } as const;

describe('the loaders of the library', () => {
  it('are those of four formats', async () => {
    for (const format of ['png', 'jpeg', 'webp', 'tiff'] as const) {
      const bytes = await sharp({ create }).toFormat(format).toBuffer();
      expect((await decodeWholePicture({ path: 'a', bytes, format })).widthPx).toBe(2);
    }
  });

  it('do not look at anything else, whatever it is said to be', async () => {
    const others = [
      await sharp({ create }).gif().toBuffer(),
      await sharp({ create }).avif().toBuffer(),
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'),
      Buffer.from('P6 1 1 255\nabc'),
      Buffer.from('%PDF-1.7'),
    ];
    for (const bytes of others) {
      const decoded = decodeWholePicture({ path: 'a', bytes, format: 'png' });
      const refused = { code: 'IMAGE_DECODE', message: expect.stringMatching(/unsupported image/) };
      await expect(decoded).rejects.toMatchObject(refused);
    }
  });
});
