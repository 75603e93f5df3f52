/** SAM redraws what was found: every prompt, on tiny random checkpoints and the demo SAM. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { openImage } from '../../src/imagery/open.ts';
import { createGrounder } from '../../src/pipeline/grounder.ts';
import type { GroundOptions } from '../../src/pipeline/presets.ts';
import { RESULT_SCHEMA, recordOf } from '../../src/pipeline/record.ts';
import { decodeRle } from '../../src/tensor/rle.ts';
import { DIFFUSION, IMAGE, ROOT, testFolder, VLM, zeroov } from './run-zeroov.ts';

const SAM = join(ROOT, 'checkpoints', 'demo', 'sam');
const SHORT: GroundOptions = { trajectory: 'single', resolutions: [32], maxNewTokens: 1 };

const opened = await openImage(IMAGE);
const { image } = opened;
const models = { vlm: VLM, diffusion: DIFFUSION, sam: SAM, provider: 'cpu' } as const;
const grounder = await createGrounder({ ...models, keepLoaded: true });
afterAll(() => grounder.dispose());
const plain = await grounder.ground(image, 'the round tank', SHORT);

describe('refine', () => {
  it.each(['box', 'points', 'box+points', 'mask', 'proposal-vote'] as const)(
    'keeps what SAM was given beside what it drew: %s',
    async (refine) => {
      const options = grounder.options({ ...SHORT, refine });
      const refined = await grounder.ground(image, 'the round tank', options);
      const { mask, areaPx, box, score } = plain;
      expect(refined.refinement).toMatchObject({ by: refine, before: { mask, areaPx, box } });
      expect(refined.score).toBe(score);
      const { checkpoints, threads } = grounder;
      const record = RESULT_SCHEMA.parse(
        recordOf({
          grounding: refined,
          image: { ...image, sha256: opened.sha256 },
          checkpoints,
          options,
          openSeconds: 0,
          provider: 'cpu',
          threads,
        }),
      );
      expect(Buffer.compare(decodeRle(record.refinement!.before.mask).data, mask.data)).toBe(0);
      expect(Buffer.compare(decodeRle(record.mask).data, refined.mask.data)).toBe(0);
      expect(record.checkpoints.sam).toMatchObject({ label: SAM });
    },
  );

  it('does not refine what was not found', async () => {
    const options: GroundOptions = { ...SHORT, alpha: 1, refine: 'box' };
    const grounding = await grounder.ground(image, 'the round tank', options);
    expect(grounding).toMatchObject({ found: false, refinement: null });
  });
});

describe('the command line', () => {
  const short = ['--trajectory', 'single', '--resolutions', '32', '--max-new-tokens', '1'];
  const ground = ['ground', IMAGE, 'x', '--vlm', VLM, '--diffusion', DIFFUSION, ...short];

  it('means the box where only a SAM is given, and shows a tile of it', async () => {
    const out = join(await testFolder(), 'out');
    const ran = await zeroov([...ground, '--sam', SAM, '-o', out]);
    expect(ran.stdout).toMatch(/^refined {2}by SAM from box, IoU \d\.\d\d by its own estimate/m);
    const record = RESULT_SCHEMA.parse(
      JSON.parse(await readFile(join(out, 'result.json'), 'utf8')),
    );
    expect(record.options.refine).toBe('box');
    // input, relevance, attention, evolved, mask, refined: 288 px each, 14 between, 24 around
    const { width } = await sharp(join(out, 'panel.png')).metadata();
    expect(width).toBe(6 * 288 + 5 * 14 + 2 * 24);
  });

  it('refuses to refine without a SAM before a network runs', async () => {
    const ran = await zeroov([...ground, '--preset', 'rsvg-zeroov+sam']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('refinement "box" needs it');
  });
});
