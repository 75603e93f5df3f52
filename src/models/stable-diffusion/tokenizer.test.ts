import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { openTokenizer } from './tokenizer.ts';

const fixture = fileURLToPath(new URL('../../../tests/fixtures/sd-a/sd', import.meta.url));

describe('openTokenizer', () => {
  it('gives 77 ids, padded with the end token as published', async () => {
    const { ids, textCount } = (await openTokenizer(fixture)).encode('the white plane');
    expect(ids).toHaveLength(77);
    expect(ids[0]).toBe(795); // begin, by golden/clip.json
    expect(ids.slice(1 + textCount)).toEqual(Array(76 - textCount).fill(796)); // end
  });

  it('pads with what tokenizer_config.json says', async () => {
    const folder = temporaryFolder({}, { from: fixture });
    const config = join(folder, 'tokenizer', 'tokenizer_config.json');
    const json = JSON.parse(readFileSync(config, 'utf8'));
    writeFileSync(config, JSON.stringify({ ...json, pad_token: { content: '!' } }));
    const vocab = JSON.parse(readFileSync(join(folder, 'tokenizer', 'vocab.json'), 'utf8'));
    const { ids, textCount } = (await openTokenizer(folder)).encode('the white plane');
    expect(ids[1 + textCount]).toBe(796);
    expect(ids.slice(2 + textCount)).toEqual(Array(75 - textCount).fill(vocab['!']));
  });

  it('refuses merges that are no text', async () => {
    const folder = temporaryFolder({}, { from: fixture });
    writeFileSync(join(folder, 'tokenizer', 'merges.txt'), Uint8Array.of(0xff, 0xfe, 0x00));
    await expect(openTokenizer(folder)).rejects.toMatchObject({ code: 'TOKENIZER_UNSUPPORTED' });
  });
});
