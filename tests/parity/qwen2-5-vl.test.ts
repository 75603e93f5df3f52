/**
 * Qwen2.5-VL against transformers, on tiny checkpoints: `vlm-a` (published names, four shards, BF16, untied) and `vlm-b`
 * (newer names, F32, tied); their birth.json says how the golden values were made, and why the tolerances.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PositionScheme } from '../../src/models/qwen2-5-vl/positions.ts';
import { promptPositions } from '../../src/models/qwen2-5-vl/positions.ts';
import { preprocess } from '../../src/models/qwen2-5-vl/preprocess.ts';
import {
  type Answer,
  type ImageTokens,
  openQwen25Vl,
  type Qwen25Vl,
} from '../../src/models/qwen2-5-vl/qwen2-5-vl.ts';
import { type Runtime, startRuntime } from '../../src/runtime/runtime.ts';
import type { RgbImage } from '../../src/tensor/image.ts';
import type { Float32Tensor } from '../../src/tensor/tensor.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  type Golden,
  readArray,
  readGolden,
  readPicture,
  relativeError,
} from '../support/vlm-golden.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

interface Case {
  readonly folder: string;
  readonly picture: string;
  readonly positions: PositionScheme;
  /** Every n-th row of pixel_values is stored. */
  readonly pixels: { readonly file: string; readonly step: number };
  readonly ends: Answer['stopped'];
}

const strided = { file: 'pixel_rows', step: 23 };
const cases: Readonly<Record<string, Case>> = {
  'vlm-a': {
    folder: path('../fixtures/vlm-a'),
    picture: 'image.png',
    positions: 'mrope',
    pixels: strided,
    ends: 'end',
  },
  'vlm-b': {
    folder: path('../fixtures/vlm-b'),
    picture: 'image.png',
    positions: 'mrope',
    pixels: strided,
    ends: 'limit',
  },
  // Made without mm_token_type_ids, and so with plain positions; everything before the language model is as ever.
  'the acceptance case': {
    folder: path('../../../shared/golden/a'),
    picture: 'tank.png',
    positions: 'sequential',
    pixels: { file: 'pixel_values', step: 1 },
    ends: 'limit',
  },
};

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ provider: 'cpu' });
});
afterAll(() => runtime.close());

for (const [name, { folder, picture, positions, pixels, ends }] of Object.entries(cases)) {
  describe.skipIf(!existsSync(folder))(`${name} (skipped where ${folder} is not there)`, () => {
    let vlm: Qwen25Vl;
    let golden: Golden;
    let image: RgbImage;
    let tokens: ImageTokens;
    let layers: number[];
    beforeAll(async () => {
      vlm = await openQwen25Vl({ folder: join(folder, 'vlm'), runtime });
      golden = readGolden(folder);
      image = await readPicture(join(folder, picture));
      tokens = await vlm.embedImage(image);
      layers = Array.from({ length: vlm.config.text.layers }, (_, i) => i);
    });
    afterAll(() => vlm.release());

    it('tokenises the prompt as the reference', () => {
      const { before, after } = vlm.prompter.encode(golden.expression);
      const places = Array(tokens.grid.height * tokens.grid.width).fill(vlm.prompter.imageId);
      expect([...before, ...places, ...after]).toEqual(golden.promptIds);
    });

    it('gives the reference’s patches', () => {
      const { patches, grid } = preprocess(image, vlm.config);
      expect([1, grid.height, grid.width]).toEqual(golden.gridThw);
      const expected = readArray(folder, pixels.file);
      const width = expected.shape[1]!;
      const rows = Array.from({ length: expected.shape[0]! }, (_, i) => {
        const start = i * pixels.step * width;
        return [...patches.data.subarray(start, start + width)];
      });
      const data = Float32Array.from(rows.flat());
      expect(relativeError({ ...expected, data }, expected)).toBeLessThan(1e-6);
    });

    it('embeds the image as the reference', () => {
      expect(relativeError(tokens.embeddings, readArray(folder, 'vision_embeddings'))).toBeLessThan(
        1e-4,
      );
    });

    it('answers as the reference, and looks where it looks', async () => {
      const { expression, generatedIds } = golden;
      const answer = await vlm.answer({
        image: tokens,
        expression,
        layers,
        positions,
        maxNewTokens: generatedIds.length,
      });
      expect(answer.ids).toEqual(generatedIds);
      expect(answer.text).toBe(golden.answer);
      expect(relativeError(answer.attention, readArray(folder, 'attention_rows'))).toBeLessThan(
        1e-4,
      );
    });

    it('gives the first logits of the reference', async () => {
      const seen: Float32Tensor[] = [];
      const { run } = vlm.language;
      vlm.language.run = async (...args) => {
        const outputs = await run.apply(vlm.language, args);
        seen.push(outputs['logits'] as Float32Tensor);
        return outputs;
      };
      const { expression } = golden;
      await vlm.answer({ image: tokens, expression, layers: [], positions, maxNewTokens: 1 });
      vlm.language.run = run;
      const expected = readArray(folder, 'first_logits');
      const shape = [1, ...expected.shape];
      expect(relativeError(seen[0]!, { ...expected, shape })).toBeLessThan(1e-4);
    });

    it(`stops by itself or at the limit (here: ${ends})`, async () => {
      const { expression, generatedIds } = golden;
      const limit = ends === 'end' ? 40 : 5;
      const answer = await vlm.answer({
        image: tokens,
        expression,
        layers: [0],
        positions,
        maxNewTokens: limit,
      });
      expect(answer.stopped).toBe(ends);
      expect(answer.ids).toEqual(ends === 'end' ? generatedIds : generatedIds.slice(0, 5));
      expect(answer.attention.shape[0]).toBe(answer.ids.length);
    });
  });
}

describe.each(['vlm-a', 'vlm-b'])('%s', (name) => {
  it('places the prompt’s tokens as the reference', async () => {
    const { folder } = cases[name]!;
    const { promptIds, gridThw } = readGolden(folder);
    const imageId = promptIds.find((id, i) => id === promptIds[i + 1] && id > 380)!;
    const before = promptIds.indexOf(imageId);
    const after = promptIds.length - 1 - promptIds.lastIndexOf(imageId);
    const grid = { height: gridThw[1] / 2, width: gridThw[2] / 2 };
    const { positions } = promptPositions({ before, grid, after });
    const bytes = readFileSync(join(folder, 'golden', 'position_ids.npy'));
    const length = 3 * promptIds.length * Int32Array.BYTES_PER_ELEMENT; // the array's end: <i4, which npy.ts has not
    const expected = new Int32Array(new Uint8Array(bytes.subarray(-length)).buffer);
    expect(positions.flat()).toEqual([...expected]);
  });
});

describe('Qwen25Vl', () => {
  const { folder } = cases['vlm-b']!;
  const { expression } = readGolden(folder);
  let vlm: Qwen25Vl;
  let tokens: ImageTokens;
  beforeAll(async () => {
    vlm = await openQwen25Vl({ folder: join(folder, 'vlm'), runtime });
    tokens = await vlm.embedImage(await readPicture(join(folder, 'image.png')));
  });
  afterAll(() => vlm.release());

  it('picks the layers that are asked for, in that order, as often as they are', async () => {
    const asked = { image: tokens, expression, maxNewTokens: 2 };
    const all = await vlm.answer({ ...asked, layers: [0, 1, 2, 3, 4] });
    const some = await vlm.answer({ ...asked, layers: [3, 1, 3] });
    const row = ({ attention: { data } }: Answer, i: number) => data.slice(i * 64, (i + 1) * 64);
    expect(some.attention.shape).toEqual([2, 3, 64]);
    const rows = [3, 1, 3, 8, 6, 8].map((i) => row(all, i));
    expect([0, 1, 2, 3, 4, 5].map((i) => row(some, i))).toEqual(rows);
  });

  it('starts anew with every answer, whatever was answered or given up before', async () => {
    const controller = new AbortController();
    const layers = [2];
    const ids: number[] = [];
    const stopped = vlm.answer({
      image: tokens,
      expression: 'something else, and more of it',
      layers,
      signal: controller.signal,
      onToken: ({ id, step }) => {
        ids.push(id);
        if (step === 2) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(ids).toHaveLength(3);
    const { ids: found } = await vlm.answer({
      image: tokens,
      expression,
      layers,
      maxNewTokens: 12,
    });
    expect(found).toEqual(readGolden(folder).generatedIds);
    await vlm.release();
    const again = await vlm.answer({ image: tokens, expression, layers, maxNewTokens: 3 });
    expect(again.ids).toEqual(found.slice(0, 3));
  });

  it.each([{ layers: [5] }, { layers: [-1] }, { layers: [0.5] }, { layers: [0], maxNewTokens: 0 }])(
    'refuses $layers and $maxNewTokens',
    async (options) => {
      const refused = vlm.answer({ image: tokens, expression, ...options });
      await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    },
  );

  // Resized sides by hand, after the reference's rule.
  it.each([
    { widthPx: 17, heightPx: 900, cells: [32, 1] },
    { widthPx: 900, heightPx: 17, cells: [1, 32] },
    { widthPx: 1, heightPx: 1, cells: [2, 2] },
    { widthPx: 3000, heightPx: 200, cells: [7, 107] },
  ])('embeds a picture of $widthPx × $heightPx px', async ({ widthPx, heightPx, cells }) => {
    const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => (i * 7919) % 256);
    const { embeddings, grid } = await vlm.embedImage({ widthPx, heightPx, data });
    expect([grid.height, grid.width]).toEqual(cells);
    expect(embeddings.shape).toEqual([cells[0]! * cells[1]!, 48]);
    if (data.length > 3)
      expect(embeddings.data.slice(0, 48)).not.toEqual(embeddings.data.slice(-48));
  });
});

describe('a damaged checkpoint', () => {
  const vlmB = join(cases['vlm-b']!.folder, 'vlm');
  const weights = 'model.safetensors';

  /** vlm-b with its header's text changed. */
  function changed(change: (header: string) => string): string {
    const bytes = readFileSync(join(vlmB, weights));
    const length = Number(bytes.readBigUInt64LE());
    const header = Buffer.from(change(bytes.subarray(8, 8 + length).toString()));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    const file = Buffer.concat([size, header, bytes.subarray(8 + length)]);
    return temporaryFolder({ [weights]: new Uint8Array(file) }, { from: vlmB });
  }
  const norm = /("model\.language_model\.norm\.weight":\{"dtype":"F32","shape":)\[48\]/;

  it('with a tensor of another shape is refused before anything runs', async () => {
    const folder = changed((header) => header.replace(norm, '$1[6,8]'));
    await expect(openQwen25Vl({ folder, runtime })).rejects.toMatchObject({
      code: 'TENSOR_SHAPE',
      fields: {
        tensor: 'model.language_model.norm.weight',
        file: weights,
        expected: '[48]',
        found: '[6, 8]',
      },
    });
  });

  it('without a tensor is refused by its name', async () => {
    const folder = changed((header) => header.replace('layers.3.mlp.up_proj', 'layers.3.mlp.up'));
    await expect(openQwen25Vl({ folder, runtime })).rejects.toMatchObject({
      code: 'TENSOR_MISSING',
      fields: { tensor: 'model.language_model.layers.3.mlp.up_proj.weight' },
    });
  });
});
