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
import type { FileIdentity } from '../checkpoint/regular-file.ts';
import { ZeroovError } from '../errors.ts';
import { openQwen25Vl } from '../models/qwen2-5-vl/qwen2-5-vl.ts';
import { openStableDiffusion } from '../models/stable-diffusion/stable-diffusion.ts';
import {
  type Provider,
  type ProviderChoice,
  type Runtime,
  startRuntime,
} from '../runtime/runtime.ts';
import type { RgbImage } from '../tensor/image.ts';
import { type Evidence, gather, type Models } from './gather.ts';
import { type Grounding, ground } from './ground.ts';
import { layersFor } from './overview.ts';
import {
  type GroundOptions,
  METHOD_OPTIONS,
  type MethodOptions,
  resolveOptions,
} from './presets.ts';
import { ImageMemory, type Watch } from './watch.ts';

export interface GrounderOptions {
  /** Qwen2.5-VL: a folder, or a hub id in the cache. Not needed for the order `F-E`. */
  readonly vlm?: string;
  /** Stable Diffusion v1: a folder, or a hub id in the cache. Not needed for orders without F. */
  readonly diffusion?: string;
  readonly provider?: ProviderChoice;
  /** Threads of one network run; default the machine's cores. */
  readonly threads?: number;
  /** Keep networks in memory between calls. Default false: peak memory is that of the largest stage. */
  readonly keepLoaded?: boolean;
}

/** A checkpoint as it was used, for the record. */
export interface UsedCheckpoint {
  readonly label: string;
  readonly revision?: string;
  readonly files: readonly FileIdentity[];
}

/** The file beside a VLM that holds its own defaults for the method (e.g. other layers for another depth). */
const OWN_DEFAULTS = 'zeroov.json';
const MAX_EXPRESSION = 2048;

/** Opens the checkpoints (configurations, tokenizers and headers; no weights) and starts the inference thread. */
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
  const vlmPlace = options.vlm === undefined ? null : await locateCheckpoint(options.vlm);
  const diffusionPlace =
    options.diffusion === undefined ? null : await locateCheckpoint(options.diffusion);
  const vlm = vlmPlace && (await openQwen25Vl({ ...vlmPlace, runtime }));
  const diffusion = diffusionPlace && (await openStableDiffusion({ ...diffusionPlace, runtime }));
  const own = vlmPlace && join(vlmPlace.folder, OWN_DEFAULTS);
  const defaults =
    own && existsSync(own) ? await readJson({ file: own, schema: METHOD_OPTIONS.partial() }) : {};
  const checkpoints = {
    vlm: vlm && { ...vlmPlace, files: vlm.checkpoint.files },
    diffusion: diffusion && { ...diffusionPlace, files: diffusion.files },
  };
  const memory = new ImageMemory();
  const models = { vlm, diffusion, memory, keepLoaded: options.keepLoaded ?? false };
  return new Grounder({ runtime, models, defaults, checkpoints });
}

interface Parts {
  readonly runtime: Runtime;
  readonly models: Models;
  readonly defaults: Partial<MethodOptions>;
  readonly checkpoints: Readonly<Record<'vlm' | 'diffusion', UsedCheckpoint | null>>;
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
    { signal, onProgress, ...given }: GroundOptions & Watch = {},
  ): Promise<Grounding[]> {
    const o = this.options(given);
    for (const expression of expressions) checkExpression(expression);
    return ground(this.parts.models, { image, expressions }, o, { signal, onProgress });
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
