/**
 * The library's front door: models opened once, any number of pictures and expressions after that.
 *
 * ```ts
 * const grounder = await createGrounder({
 *   vlm: 'Qwen/Qwen2.5-VL-7B-Instruct',
 *   diffusion: 'CompVis/stable-diffusion-v1-4',
 * });
 * const { image } = await openImage('harbour.png');
 * const { found, box, mask } = await grounder.ground(image, 'the white ship next to the pier');
 * await grounder.dispose();
 * ```
 *
 * What does not depend on the expression is computed once a picture and reused while you hold on to the same image
 * object: the VLM's image tokens and the diffusion model's latent. Loading is reused with `groundAll` (each network loaded
 * once for all its expressions) or `keepLoaded`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../checkpoint/json-file.ts';
import { locateCheckpoint } from '../checkpoint/locate.ts';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { openQwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
import { openSam, type Prompt, type Segmentation } from '../models/sam/sam.ts';
import { openStableDiffusion } from '../models/stable-diffusion/stable-diffusion.ts';
import {
  type Provider,
  type ProviderChoice,
  type Runtime,
  startRuntime,
} from '../runtime/runtime.ts';
import type { RgbImage } from '../tensor/image.ts';
import { type Asked, type Evidence, gather, type Models, required } from './gather.ts';
import { type Grounding, ground } from './ground.ts';
import { groundScene, type SceneGrounding, type SceneReader } from './ground-scene.ts';
import { lookFor } from './looker.ts';
import type { Decision } from './mask.ts';
import { layersFor } from './overview.ts';
import {
  type GroundOptions,
  METHOD_OPTIONS,
  type MethodOptions,
  resolveOptions,
} from './presets.ts';
import type { UsedCheckpoint } from './record-parts.ts';
import { embedOnce, type Refined, refine } from './refine.ts';
import { type RegionsInScene, refineRegions } from './refine-regions.ts';
import { resolveSceneOptions, type SceneOptions } from './scene-options.ts';
import type { Region } from './scene-regions.ts';
import type { TileMemory } from './tile-memory.ts';
import { ImageMemory, type Watch } from './watch.ts';

export interface GrounderOptions {
  /** Qwen2.5-VL: a folder, or a hub id in the cache. Not needed for the order `F-E`. */
  readonly vlm?: string;
  /** Stable Diffusion v1: a folder, or a hub id in the cache. Not needed for orders without F. */
  readonly diffusion?: string;
  /** SAM: a folder, or a hub id in the cache. Needed to refine only. */
  readonly sam?: string;
  readonly provider?: ProviderChoice;
  /** Threads of one network run; default the machine's cores. */
  readonly threads?: number;
  /** Keep networks in memory between calls. Default false: peak memory is that of the largest stage. */
  readonly keepLoaded?: boolean;
}

/** The checkpoints as they were used, for the record. */
export type UsedCheckpoints = Readonly<Record<'vlm' | 'diffusion' | 'sam', UsedCheckpoint | null>>;

/** The file beside a VLM that holds its own defaults for the method (e.g. other layers for another depth). */
const OWN_DEFAULTS = 'zeroov.json';
const MAX_EXPRESSION = 2048;

/** Opens the checkpoints: configurations, tokenizers and headers. Weights and the inference thread come with the first network. */
export async function createGrounder(options: GrounderOptions): Promise<Grounder> {
  const runtime = startRuntime(options);
  try {
    return await openGrounder(runtime, options);
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

async function openGrounder(runtime: Runtime, options: GrounderOptions): Promise<Grounder> {
  const place = (id: string | undefined) => (id === undefined ? null : locateCheckpoint(id));
  const [vlmPlace, diffusionPlace, samPlace] = [
    await place(options.vlm),
    await place(options.diffusion),
    await place(options.sam),
  ];
  const vlm = vlmPlace && (await openQwen25Vl({ ...vlmPlace, runtime }));
  const diffusion = diffusionPlace && (await openStableDiffusion({ ...diffusionPlace, runtime }));
  const sam = samPlace && (await openSam({ ...samPlace, runtime }));
  const own = vlmPlace && join(vlmPlace.folder, OWN_DEFAULTS);
  const defaults =
    own && existsSync(own) ? await readJson({ file: own, schema: METHOD_OPTIONS.partial() }) : {};
  const checkpoints = {
    vlm: vlm && { ...vlmPlace, files: vlm.checkpoint.files },
    diffusion: diffusion && { ...diffusionPlace, files: diffusion.files },
    sam: sam && { ...samPlace, files: sam.checkpoint.files },
  };
  const memory = new ImageMemory();
  const models = { vlm, diffusion, sam, memory, keepLoaded: options.keepLoaded ?? false };
  return new Grounder({ runtime, models, defaults, checkpoints });
}

interface Parts {
  readonly runtime: Runtime;
  readonly models: Models;
  readonly defaults: Partial<MethodOptions>;
  readonly checkpoints: UsedCheckpoints;
}

export class Grounder {
  constructor(private readonly parts: Parts) {}

  get checkpoints(): Parts['checkpoints'] {
    return this.parts.checkpoints;
  }

  /** Where the networks run; undefined before the first ran. */
  get provider(): Provider | undefined {
    return this.parts.runtime.provider;
  }

  get threads(): number {
    return this.parts.runtime.threads;
  }

  /** The options a call with these would use. @throws OPTION_INVALID */
  options(given: GroundOptions = {}): MethodOptions {
    const o = resolveOptions(given, this.parts.defaults);
    const { vlm } = this.parts.models;
    return { ...o, layers: o.layers ?? (vlm ? layersFor(vlm.config.text.layers) : undefined) };
  }

  /**
   * Finds what the expression says in the picture. "Not found" is an answer (`found: false`), not an error.
   * @throws EXPRESSION_EMPTY, EXPRESSION_TOO_LONG, OPTION_INVALID, CANCELLED, and what the models throw
   */
  async ground(
    image: RgbImage,
    expression: string,
    options: GroundOptions & Watch = {},
  ): Promise<Grounding> {
    const [grounding] = await this.groundAll(image, [expression], options);
    return grounding!;
  }

  /** The same for many expressions on one picture: each network is loaded once, the picture is encoded once. */
  async groundAll(
    image: RgbImage,
    expressions: readonly string[],
    { signal, onProgress, valid, ...given }: GroundOptions & Watch & Pick<Asked, 'valid'> = {},
  ): Promise<Grounding[]> {
    const o = this.options(given);
    for (const expression of expressions) checkExpression(expression);
    return ground(this.parts.models, { image, expressions, valid }, o, { signal, onProgress });
  }

  /** What the networks say, to be decided from later under any of `variants` (see `gather`). */
  async gather(
    image: RgbImage,
    expression: string,
    { signal, onProgress, ...given }: GroundOptions & Watch,
    variants: readonly MethodOptions[],
  ): Promise<Evidence> {
    checkExpression(expression);
    const asked = { image, expressions: [expression] };
    const watch = { signal, onProgress };
    const [evidence] = await gather(this.parts.models, asked, this.options(given), watch, variants);
    return evidence!;
  }

  /** The decision with the mask that SAM draws of it, where `o.refine` asks for it. */
  async refine(
    image: RgbImage,
    decision: Decision,
    { signal, onProgress, ...o }: MethodOptions & Watch,
  ): Promise<Refined> {
    return refine(this.parts.models, { image, decision }, o, { signal, onProgress });
  }

  /**
   * Finds what the expression says in a scene larger than one network input, tile by tile (see `groundScene`). What `memory`
   * holds of the tiles is not asked again.
   * @throws OPTION_INVALID for orders that read no relevance map, REGION_TOO_LARGE, CANCELLED
   */
  async groundScene(
    scene: SceneReader,
    expression: string,
    { signal, onProgress, ...given }: GroundOptions & Partial<SceneOptions> & Watch = {},
    memory?: TileMemory,
  ): Promise<SceneGrounding> {
    checkExpression(expression);
    const o = this.sceneOptions(given);
    const looker = lookFor(expression, { models: this.parts.models, o, signal });
    return groundScene(looker, scene, o, { signal, onProgress }, memory);
  }

  /**
   * Regions of a scene as SAM draws them, where the options ask for it (see `refineRegions`).
   * @throws OPTION_INVALID without a SAM, REGION_TOO_LARGE, CANCELLED
   */
  async refineRegions(
    found: RegionsInScene,
    { signal, onProgress, ...given }: GroundOptions & Partial<SceneOptions> & Watch = {},
  ): Promise<readonly Region[]> {
    const { models } = this.parts;
    const refined = await refineRegions(models, found, this.sceneOptions(given), {
      signal,
      onProgress,
    });
    if (!models.keepLoaded) await models.sam?.release();
    return refined;
  }

  private sceneOptions(given: GroundOptions & Partial<SceneOptions>): MethodOptions & SceneOptions {
    const { tilePx, overlap, scales, search, shrink, ...method } = given;
    return {
      ...this.options(method),
      ...resolveSceneOptions({ tilePx, overlap, scales, search, shrink }),
    };
  }

  /** SAM alone: a mask for each prompt. @throws PROMPT_INVALID, OPTION_INVALID without a SAM, CANCELLED */
  async segment(
    image: RgbImage,
    prompts: readonly Prompt[],
    { signal }: Pick<Watch, 'signal'> = {},
  ): Promise<Segmentation[]> {
    const { models } = this.parts;
    const sam = required(models.sam, { option: 'sam', by: 'segmentation' });
    sam.checkPrompts(image, prompts);
    throwIfAborted(signal);
    const embedding = await embedOnce(sam, { image, memory: models.memory });
    const segmentations = await sam.segment(embedding, prompts, { signal });
    if (!models.keepLoaded) await sam.release();
    return segmentations;
  }

  /** Releases every network and ends the inference thread. */
  async dispose(): Promise<void> {
    await this.parts.runtime.close();
  }
}

/** @throws EXPRESSION_EMPTY, EXPRESSION_TOO_LONG */
export function checkExpression(expression: string): void {
  if (expression.trim() === '') throw new ZeroovError('EXPRESSION_EMPTY', {});
  const { length } = expression;
  if (length > MAX_EXPRESSION) {
    throw new ZeroovError('EXPRESSION_TOO_LONG', { length, limit: MAX_EXPRESSION });
  }
}
