/**
 * Stable Diffusion v1 as zeroov uses it: not to make pictures, but to see what belongs together in one.
 *
 * ```ts
 * const diffusion = await openStableDiffusion({ folder, label: folder, runtime });
 * const { embeddings } = await diffusion.encodeText('the white ship next to the pier');
 * const latent = await diffusion.encodeImage(image);
 * const { self } = await diffusion.recordStructure({
 *   latent,
 *   text: embeddings,
 *   trajectory: 'inversion',
 *   steps: 20,
 *   noiseLevel: 100,
 *   seed: 0,
 *   record: { resolutions: [32, 64], merge: 'pooled', workingGrid: 32, cross: false },
 * });
 * self.get(64); // float32 [1024, 1024], rows sum to 1
 * await diffusion.release();
 * ```
 */
import { join } from 'node:path';
import { type Checkpoint, openCheckpoint } from '../../checkpoint/checkpoint.ts';
import type { FileIdentity } from '../../checkpoint/regular-file.ts';
import type { BuiltGraph } from '../../graph/graph.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RgbImage } from '../../tensor/image.ts';
import { resizePillow } from '../../tensor/resize.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { type Float32Tensor, float32, int64 } from '../../tensor/tensor.ts';
import type { ClipBpe } from '../../text/clip-bpe.ts';
import { Network } from '../network.ts';
import { imageSidePx, readConfig, type StableDiffusionConfig, TEXT_TOKENS } from './config.ts';
import { checkRecord, type MapRecord } from './recorded-maps.ts';
import { type RecordedMaps, recordStructure, type StructureOptions } from './structure.ts';
import { buildTextEncoder } from './text-encoder.ts';
import { openTokenizer } from './tokenizer.ts';
import { buildUnet } from './unet.ts';
import { buildVaeEncoder } from './vae-encoder.ts';

export type { MapRecord } from './recorded-maps.ts';
export type { RecordedMaps, StructureOptions } from './structure.ts';

export interface EncodedText {
  /** [77, C]: what the U-Net attends to. */
  readonly embeddings: Float32Tensor;
  /** 77 token ids: begin, the expression, end, padding. */
  readonly ids: readonly number[];
  /** Which of the 77 are the expression's own. */
  readonly expressionTokens: readonly [start: number, end: number];
  /** Whether the expression had more tokens than fit, and its end was left out. */
  readonly truncated: boolean;
}

type Component = 'textEncoder' | 'vae' | 'unet';

export interface OpenOptions {
  /** A diffusers folder. */
  readonly folder: string;
  /** What messages call it. */
  readonly label: string;
  readonly runtime: Runtime;
}

/**
 * Reads configurations, tokenizer and headers, and checks every tensor's name, shape and dtype; weights are mapped when a
 * network first runs.
 *
 * @throws CONFIG_ARCHITECTURE, CONFIG_INVALID, TOKENIZER_UNSUPPORTED, TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE and what
 *   `openCheckpoint` throws
 */
export async function openStableDiffusion(options: OpenOptions): Promise<StableDiffusion> {
  const { folder, label, runtime } = options;
  const config = await readConfig(folder);
  const open = (name: string) => openCheckpoint(join(folder, name), { label: `${label}/${name}` });
  const [tokenizer, textEncoder, vae, unet] = await Promise.all([
    openTokenizer(folder),
    open('text_encoder'),
    open('vae'),
    open('unet'),
  ]);
  return new StableDiffusion({
    config,
    tokenizer,
    runtime,
    checkpoints: { textEncoder, vae, unet },
  });
}

interface Parts {
  readonly config: StableDiffusionConfig;
  readonly tokenizer: ClipBpe;
  readonly runtime: Runtime;
  readonly checkpoints: Readonly<Record<Component, Checkpoint>>;
}

export class StableDiffusion {
  private readonly textEncoder: Network;
  private readonly vae: Network;
  /** The U-Net with the outputs of the last record; another record is another graph. */
  private unet: { readonly record: string; readonly network: Network } | undefined;

  constructor(private readonly parts: Parts) {
    const { config } = parts;
    const sidePx = imageSidePx(config);
    this.textEncoder = this.network('textEncoder', (w) => buildTextEncoder(config.textEncoder, w));
    this.vae = this.network('vae', (w) => buildVaeEncoder({ config: config.vae, sidePx }, w));
    // Built once to be checked: a wrong tensor is refused here, not after the VLM has answered.
    buildUnet({ config: config.unet }, parts.checkpoints.unet);
  }

  /** The weight files of all three networks. */
  get files(): readonly FileIdentity[] {
    return Object.values(this.parts.checkpoints).flatMap((checkpoint) => checkpoint.files);
  }

  /** The expression as the U-Net attends to it; what is longer than 75 tokens is cut off. */
  async encodeText(expression: string): Promise<EncodedText> {
    const { ids, textCount, truncated } = this.parts.tokenizer.encode(expression);
    const outputs = await this.textEncoder.run({ ids: int64([TEXT_TOKENS], ids) });
    const embeddings = outputs['embeddings'] as Float32Tensor;
    return { embeddings, ids, expressionTokens: [1, 1 + textCount], truncated };
  }

  /** The picture's latent z₀ [1, 4, S, S]: squashed to the networks' square (bicubic, as Pillow does), then encoded. */
  async encodeImage(image: RgbImage): Promise<Float32Tensor> {
    const sidePx = imageSidePx(this.parts.config);
    const outputs = await this.vae.run({ image: toPlanes(this.squash(image), sidePx) });
    return outputs['latent'] as Float32Tensor;
  }

  /** The picture as the VAE is given it: S × S px, e.g. 512 × 512. */
  squash(image: RgbImage): RgbImage {
    const sidePx = imageSidePx(this.parts.config);
    return resizePillow(image, { widthPx: sidePx, heightPx: sidePx, filter: 'bicubic' });
  }

  /** What each place of the picture attends to, averaged along a trajectory. @throws OPTION_INVALID, CANCELLED, NOT_FINITE */
  async recordStructure(options: StructureOptions): Promise<RecordedMaps> {
    const { scheduler } = this.parts.config;
    return recordStructure({ unet: await this.unetFor(options.record), scheduler }, options);
  }

  /** @throws OPTION_INVALID for a map that this U-Net has not */
  assertRecordable(record: MapRecord): void {
    checkRecord(record, this.parts.config.unet);
  }

  /** Gives a network's memory back, or that of all; what is needed again is loaded again. */
  async release(...components: readonly Component[]): Promise<void> {
    const all = { textEncoder: this.textEncoder, vae: this.vae, unet: this.unet?.network };
    for (const [name, network] of Object.entries(all)) {
      if (components.length === 0 || components.includes(name as Component))
        await network?.release();
    }
  }

  private async unetFor(record: MapRecord): Promise<Network> {
    const { config } = this.parts;
    const key = JSON.stringify(record);
    if (this.unet?.record === key) return this.unet.network;
    checkRecord(record, config.unet);
    await this.unet?.network.release();
    const network = this.network('unet', (w) => buildUnet({ config: config.unet, record }, w));
    this.unet = { record: key, network };
    return network;
  }

  private network(component: Component, build: (weights: TensorSource) => BuiltGraph): Network {
    const { runtime, checkpoints } = this.parts;
    const checkpoint = checkpoints[component];
    const graph = build(checkpoint);
    return new Network({ runtime, checkpoint, build: () => graph });
  }
}

/** [S, S, 3] 0..255 → [1, 3, S, S] −1..1. */
function toPlanes({ data }: RgbImage, sidePx: number): Float32Tensor {
  const area = sidePx * sidePx;
  const planes = new Float32Array(3 * area);
  for (let i = 0; i < area; i += 1) {
    for (let c = 0; c < 3; c += 1) planes[c * area + i] = data[i * 3 + c]! / 127.5 - 1;
  }
  return float32([1, 3, sidePx, sidePx], planes);
}
