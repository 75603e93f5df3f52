/**
 * Qwen2.5-VL: an image and an expression in; the answer, and where the model looked while it wrote it, out.
 *
 * ```ts
 * const vlm = await openQwen25Vl({ folder: 'Qwen2.5-VL-7B-Instruct', runtime: startRuntime() });
 * const image = await vlm.embedImage(picture);
 * await vlm.vision.release(); // the tower's memory, before the language model loads
 * const { text, attention } = await vlm.answer({ image, expression: 'the red roof', layers: [16, 17, 18, 19] });
 * await vlm.release();
 * ```
 */
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts';
import { ZeroovError } from '../../errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RgbImage, Size } from '../../tensor/image.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import { Network } from '../network.ts';
import { type QwenConfig, readQwenConfig } from './config.ts';
import { greedySteps } from './greedy.ts';
import { buildLanguage } from './language.ts';
import type { Grid, PositionScheme } from './positions.ts';
import { preprocess } from './preprocess.ts';
import { type Prompter, readPrompter } from './prompt.ts';
import { buildVision, visionInputs } from './vision.ts';

/** METHOD.md §1. */
const DEFAULT_MAX_NEW_TOKENS = 1024;
/** Far beyond any box; the cache of as many tokens has 7.5 GB in the 7B. */
const MAX_NEW_TOKENS = 65_536;

/** An image as the language model sees it; serves any number of expressions. */
export interface ImageTokens {
  /** (I, hidden), row-major over `grid`. */
  readonly embeddings: Float32Tensor;
  /** Rows and columns of image tokens. */
  readonly grid: Grid;
  /** The image as the model saw it: the pixels that its answers count in. */
  readonly resized: Size;
}

export interface AnswerOptions {
  readonly image: ImageTokens;
  readonly expression: string;
  /** 0-based; one row of attention each, in this order; a layer may be named twice. */
  readonly layers: readonly number[];
  readonly maxNewTokens?: number;
  readonly signal?: AbortSignal;
  /** Default `mrope`, what the model was trained with. */
  readonly positions?: PositionScheme;
  /** Called with every token as it is found. */
  readonly onToken?: (token: { readonly id: number; readonly step: number }) => void;
}

export interface Answer {
  /** Generated ids, with the one that ended the answer. */
  readonly ids: readonly number[];
  /** What they spell, without special tokens. */
  readonly text: string;
  /**
   * (steps, layers, I): step t is the row of the position that token t was read from — the prompt's last at t = 0, then
   * each token's predecessor — averaged over the heads. Softmax was over all keys, so a row sums to less than 1.
   */
  readonly attention: Float32Tensor;
  readonly stopped: 'end' | 'limit';
}

export interface OpenQwen25VlOptions {
  /** A folder as published: config.json, preprocessor_config.json, generation_config.json, tokenizer, weights. */
  readonly folder: string;
  /** What messages call it; the folder when not given. */
  readonly label?: string;
  readonly runtime: Runtime;
}

/**
 * Reads configuration, tokenizer and the headers of the weights, and checks every tensor's name, shape and dtype.
 * No weight is read before a network runs.
 *
 * @throws CONFIG_INVALID, CONFIG_ARCHITECTURE, TOKENIZER_UNSUPPORTED, TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE, and
 *   those of openCheckpoint
 */
export async function openQwen25Vl(options: OpenQwen25VlOptions): Promise<Qwen25Vl> {
  const { folder, label = folder, runtime } = options;
  const config = await readQwenConfig(folder);
  const prompter = await readPrompter(folder);
  const checkpoint = await openCheckpoint(folder, { label });
  return new Qwen25Vl({ config, prompter, checkpoint, runtime });
}

export class Qwen25Vl {
  readonly config: QwenConfig;
  readonly prompter: Prompter;
  /** Its `files` are for the record of a result. */
  readonly checkpoint: Checkpoint;
  /** The two networks: each loads when first used, and can be released by itself. */
  readonly vision: Network;
  readonly language: Network;

  constructor(parts: {
    readonly config: QwenConfig;
    readonly prompter: Prompter;
    readonly checkpoint: Checkpoint;
    readonly runtime: Runtime;
  }) {
    const { config, prompter, checkpoint, runtime } = parts;
    this.config = config;
    this.prompter = prompter;
    this.checkpoint = checkpoint;
    const vision = buildVision(config.vision, checkpoint);
    const language = buildLanguage(config.text, checkpoint);
    this.vision = new Network({ runtime, checkpoint, build: () => vision });
    this.language = new Network({ runtime, checkpoint, build: () => language });
  }

  /**
   * Runs the vision tower.
   *
   * @param options.maxPixels upper bound of the resized image's area; see DEFAULT_MAX_PIXELS
   * @throws IMAGE_ASPECT, OPTION_INVALID, and those of Network.run
   */
  async embedImage(image: RgbImage, options: { maxPixels?: number } = {}): Promise<ImageTokens> {
    const { vision: config } = this.config;
    const { patches, grid, resized } = preprocess(image, this.config, options.maxPixels);
    const { embeddings } = await this.vision.run(visionInputs(patches, { grid, config }));
    const cells = { height: grid.height / config.merge, width: grid.width / config.merge };
    return { embeddings: embeddings as Float32Tensor, grid: cells, resized };
  }

  /**
   * Answers greedily, until an end token or the limit. One answer at a time: the cache is the network's.
   *
   * @throws OPTION_INVALID for a layer there is not or a limit below 1, CANCELLED, and those of Network.run
   */
  async answer(options: AnswerOptions): Promise<Answer> {
    const { image, expression, layers, maxNewTokens = DEFAULT_MAX_NEW_TOKENS } = options;
    const { text: config, endIds } = this.config;
    assertIntegers('maxNewTokens', [maxNewTokens], { from: 1, to: MAX_NEW_TOKENS });
    this.assertLayers(layers);
    const { tokenizer, endIds: ends } = this.prompter;
    const prompt = this.prompter.encode(expression);
    const width = image.grid.height * image.grid.width;
    const network = this.language;
    const ids: number[] = [];
    const rows: Float32Array[] = [];
    let stopped: Answer['stopped'] = 'limit';
    const steps = greedySteps({ ...options, network, config, prompt });
    for await (const { id, attention } of steps) {
      rows.push(...layers.map((l) => attention.data.subarray(l * width, (l + 1) * width)));
      ids.push(id);
      options.onToken?.({ id, step: ids.length - 1 });
      if (endIds.includes(id) || ends.includes(id)) stopped = 'end';
      if (stopped === 'end' || ids.length === maxNewTokens) break;
    }
    const attention = float32([ids.length, layers.length, width]);
    for (const [i, row] of rows.entries()) attention.data.set(row, i * width);
    return { ids, text: tokenizer.decode(ids, { skipSpecial: true }), attention, stopped };
  }

  /** @throws OPTION_INVALID for a layer there is not */
  assertLayers(layers: readonly number[]): void {
    assertIntegers('layers', layers, { from: 0, to: this.config.text.layers - 1 });
  }

  /** Gives the memory of both networks back; what runs next loads again. */
  async release(): Promise<void> {
    await Promise.all([this.vision.release(), this.language.release()]);
  }
}

function assertIntegers(
  option: string,
  values: readonly number[],
  { from, to }: { from: number; to: number },
): void {
  const wrong = values.find((value) => !(Number.isInteger(value) && value >= from && value <= to));
  if (wrong === undefined) return;
  const expected = `integers from ${from} to ${to}`;
  throw new ZeroovError('OPTION_INVALID', { option, expected, got: `${wrong}` });
}
