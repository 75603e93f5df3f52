/**
 * SAM: a picture and prompts in (a box, points, a rough mask), a mask for each prompt out.
 *
 * ```ts
 * const sam = await openSam({ folder: 'sam-vit-base', runtime: startRuntime() });
 * const embedding = await sam.embedImage(picture); // once a picture: nearly all of the work
 * const [ship] = await sam.segment(embedding, [{ box: [120, 80, 260, 190] }]);
 * ship.mask; // of the picture's size
 * await sam.release();
 * ```
 */
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts';
import { throwIfAborted } from '../../errors.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Mask, RgbImage, Size } from '../../tensor/image.ts';
import { argmax } from '../../tensor/reduce.ts';
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import { Network } from '../network.ts';
import { readSamConfig, type SamConfig } from './config.ts';
import { fullSizeLogits, maskOf } from './full-size.ts';
import { buildImageEncoder } from './image-encoder.ts';
import { buildMaskDecoder, type MaskPrompts } from './mask-decoder.ts';
import { preprocess } from './preprocess.ts';
import {
  checkPrompt,
  type Frame,
  type Prompt,
  promptInputs,
  type Sides,
  tokensOf,
} from './prompts.ts';

export type { Prompt, PromptPoint } from './prompts.ts';

/** Prompts in one run of the decoder, which holds some 32 MB for each at the published size. */
const BATCH = 16;

/** A picture as the mask decoder sees it; serves any number of prompts. */
export interface ImageEmbedding extends Frame {
  /** [1, C, g, g], g = image side / patch: 64 in published checkpoints. */
  readonly features: Float32Tensor;
}

/** One of the masks that the decoder offers for a prompt. */
export interface Candidate {
  /** [L, L] logits in SAM's square, L = `sam.lowResSide`. */
  readonly lowRes: Float32Tensor;
  /** The network's own estimate of the mask's IoU, about 0..1. */
  readonly predictedIou: number;
}

/** What one prompt is answered with. */
export interface Segmentation {
  /** Of the picture's size: where the best candidate's logits are above 0. May be empty. */
  readonly mask: Mask;
  /** That of the best candidate. */
  readonly predictedIou: number;
  /** Index of the candidate with the highest predicted IoU. */
  readonly best: number;
  readonly candidates: readonly Candidate[];
}

export interface OpenSamOptions {
  /** A folder as published: config.json, preprocessor_config.json, weights. */
  readonly folder: string;
  /** What messages call it; the folder when not given. */
  readonly label?: string;
  readonly runtime: Runtime;
}

/**
 * Reads configuration and the headers of the weights, and checks every tensor's name, shape and dtype. No weight is read
 * before a network runs.
 *
 * @throws CONFIG_ARCHITECTURE for SAM 2 and others, CONFIG_INVALID, TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE, and those
 *   of openCheckpoint
 */
export async function openSam(options: OpenSamOptions): Promise<Sam> {
  const { folder, label = folder, runtime } = options;
  const config = await readSamConfig(folder);
  const checkpoint = await openCheckpoint(folder, { label });
  return new Sam({ config, checkpoint, runtime });
}

export class Sam {
  readonly config: SamConfig;
  /** Its `files` are for the record of a result. */
  readonly checkpoint: Checkpoint;
  /** Each network loads when first used, and can be released by itself. */
  readonly imageEncoder: Network;
  private readonly maskDecoders: Readonly<Record<MaskPrompts, Network>>;

  constructor(parts: {
    readonly config: SamConfig;
    readonly checkpoint: Checkpoint;
    readonly runtime: Runtime;
  }) {
    const { config, checkpoint, runtime } = parts;
    this.config = config;
    this.checkpoint = checkpoint;
    const imageEncoder = buildImageEncoder(config.imageEncoder, checkpoint);
    this.imageEncoder = new Network({ runtime, checkpoint, build: () => imageEncoder });
    const decoder = (prompts: MaskPrompts) => {
      const graph = buildMaskDecoder({ config, prompts }, checkpoint);
      return new Network({ runtime, checkpoint, build: () => graph });
    };
    this.maskDecoders = {
      'without masks': decoder('without masks'),
      'with masks': decoder('with masks'),
    };
  }

  /** Side L of the low-resolution masks: 256 in published checkpoints. */
  get lowResSide(): number {
    return this.sides.lowResSide;
  }

  /** Runs the image encoder. @throws IMAGE_ASPECT, and those of Network.run */
  async embedImage(image: RgbImage): Promise<ImageEmbedding> {
    const { pixels, resized } = preprocess(image, this.config);
    const { features } = await this.imageEncoder.run({ pixels });
    const { widthPx, heightPx } = image;
    return { features: features as Float32Tensor, image: { widthPx, heightPx }, resized };
  }

  /** Refuses what does not fit a picture of that size, before any network runs. @throws PROMPT_INVALID, the first counting as 1 */
  checkPrompts(image: Size, prompts: readonly Prompt[]): void {
    const { lowResSide } = this;
    for (const [i, prompt] of prompts.entries()) {
      checkPrompt(prompt, { image, lowResSide, number: i + 1 });
    }
  }

  /**
   * The mask of each prompt: of its candidates the one with the highest predicted IoU, at the picture's size.
   *
   * @throws PROMPT_INVALID, CANCELLED, and those of Network.run
   */
  async segment(
    embedding: ImageEmbedding,
    prompts: readonly Prompt[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Segmentation[]> {
    const decoded = await this.decode(embedding, prompts, options);
    const frame = { ...embedding, ...this.sides };
    return decoded.map((candidates) => {
      const best = argmax(Float32Array.from(candidates, ({ predictedIou }) => predictedIou));
      const { lowRes, predictedIou } = candidates[best]!;
      return { mask: maskOf(fullSizeLogits(lowRes, frame)), predictedIou, best, candidates };
    });
  }

  /**
   * The candidates of each prompt, in low resolution. Prompts of as many tokens run in one batch.
   *
   * @throws PROMPT_INVALID before any runs, CANCELLED, and those of Network.run
   */
  async decode(
    embedding: ImageEmbedding,
    prompts: readonly Prompt[],
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Candidate[][]> {
    this.checkPrompts(embedding.image, prompts);
    const frame = { ...embedding, ...this.sides };
    const answers = new Array<Candidate[]>(prompts.length);
    for (const group of groupsOf(prompts, frame)) {
      throwIfAborted(signal);
      const some = group.map((i) => prompts[i]!);
      const network = this.maskDecoders[some[0]!.maskLogits ? 'with masks' : 'without masks'];
      const inputs = { features: embedding.features, ...promptInputs(some, frame) };
      const outputs = candidatesOf(await network.run(inputs));
      for (const [k, i] of group.entries()) answers[i] = outputs[k]!;
    }
    return answers;
  }

  /** Gives the memory of the networks back; what runs next loads again. */
  async release(): Promise<void> {
    const networks = [this.imageEncoder, ...Object.values(this.maskDecoders)];
    await Promise.all(networks.map((network) => network.release()));
  }

  /** Sides of the square that pictures and masks lie in. */
  get sides(): Sides {
    const { imageSide, grid } = this.config.imageEncoder;
    return { imageSide, lowResSide: 4 * grid };
  }
}

/** Indices of prompts that fit in one run: of as many tokens, all with a rough mask or all without, BATCH at most. */
function groupsOf(prompts: readonly Prompt[], frame: Frame & Sides): number[][] {
  const groups = new Map<string, number[][]>();
  for (const [i, prompt] of prompts.entries()) {
    const key = `${tokensOf(prompt, frame).length} ${prompt.maskLogits !== undefined}`;
    const batches = groups.get(key) ?? [];
    const last = batches.at(-1);
    if (last && last.length < BATCH) last.push(i);
    else batches.push([i]);
    groups.set(key, batches);
  }
  return [...groups.values()].flat();
}

/** `logits` [B, M, L, L] and `scores` [B, M] → the M candidates of each prompt. */
function candidatesOf(outputs: Awaited<ReturnType<Network['run']>>): Candidate[][] {
  const { logits, scores } = outputs as Record<'logits' | 'scores', Float32Tensor>;
  const [batch, count, side] = logits.shape as [number, number, number];
  const area = side * side;
  return Array.from({ length: batch }, (_, i) =>
    Array.from({ length: count }, (_, j) => {
      const at = i * count + j;
      const lowRes = float32([side, side], logits.data.slice(at * area, (at + 1) * area));
      return { lowRes, predictedIou: scores.data[at]! };
    }),
  );
}
