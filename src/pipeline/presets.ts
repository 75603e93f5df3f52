/**
 * Every option of the method with the paper's values as defaults, and the presets: data, not code.
 *
 * Source of values and names: RSVG-ZeroOV (AAAI 2026, arXiv 2509.18711); where paper and released code differ, `profile`.
 */
import { z } from 'zod';
import { ZeroovError } from '../errors.ts';

/** Which stages run, in the order they run: O overview, F focus (and interaction), E evolve. */
export const ORDERS = ['O-F-E', 'O-E-F', 'O-F', 'O-E', 'O', 'F-E', 'direct-box'] as const;
export const INTERACTIONS = [
  'cosine',
  'weighted',
  'multiplicative',
  'anchor',
  'exponential',
] as const;

/** What SAM is prompted with to redraw the mask; `proposal-vote` unites those of its own masks that agree with it. */
export const REFINEMENTS = [
  'none',
  'box',
  'points',
  'box+points',
  'mask',
  'proposal-vote',
] as const;

const share = z.number().min(0).max(1);
const count = (max: number) => z.number().int().min(1).max(max);

/** Every option with its range; also the form in which a result records them. */
export const METHOD_OPTIONS = z.strictObject({
  /** `paper`: the published formulas. `release`: what the released scripts compute, quirks included. */
  profile: z.enum(['paper', 'release']),
  /** `O-F` is without Evolve, `O-E` without Focus, `O` the overview alone, `F-E` without the VLM. */
  order: z.enum(ORDERS),

  /** VLM layers (0-based) whose attention is read; undefined: 16–19 of 28, scaled to the checkpoint's depth. */
  layers: z.array(z.number().int().min(0)).min(1).max(64).optional(),
  /** One weight a layer. */
  layerWeights: z.array(z.number()).min(1).max(64),
  /** `sequential` gives image tokens plain 1-D positions, as transformers does when called without mm_token_type_ids. */
  positions: z.enum(['mrope', 'sequential']),
  /** Longest answer, in tokens. */
  maxNewTokens: count(4096),
  /** Largest picture the VLM sees, in pixels; undefined: the model's bound. */
  maxPixels: count(100_000_000).optional(),

  /** Attention resolutions of the diffusion model, as grid sides. */
  resolutions: z.array(count(256)).min(1).max(8),
  /** How a finer map is brought to the working grid. */
  merge: z.enum(['pooled', 'flattened']),
  trajectory: z.enum(['inversion', 'reconstruction', 'single']),
  /** DDIM steps. */
  steps: count(1000),
  /** Noise level t of `single`, 0..999. */
  noiseLevel: z.number().int().min(0).max(999),
  /** Seed of the noise of `single`. */
  seed: z.number().int().min(0).max(0xffffffff),
  interaction: z.enum(INTERACTIONS),
  /** n of `exponential`: Aⁿc. */
  power: count(64),

  /** K: pixels among the K largest distinct relevance values are seeds. */
  seeds: count(4096),
  /** τ: a region grows over attention strictly above this. */
  tau: share,
  /** α: the mask is where the evolved map is strictly above this. */
  alpha: share,

  refine: z.enum(REFINEMENTS),
});

/** Options of one grounding, every one set but `layers` and `maxPixels`. */
export type MethodOptions = z.infer<typeof METHOD_OPTIONS>;
export type Order = MethodOptions['order'];
export type Interaction = MethodOptions['interaction'];
/** What a mask can be refined by. */
export type Refiner = Exclude<MethodOptions['refine'], 'none'>;

/** The paper's values. */
export const PAPER: MethodOptions = {
  profile: 'paper',
  order: 'O-F-E',
  layerWeights: [0.1, 0.1, 0.3, 0.5],
  positions: 'mrope',
  maxNewTokens: 1024,
  resolutions: [32, 64],
  merge: 'pooled',
  trajectory: 'inversion',
  steps: 20,
  noiseLevel: 100,
  seed: 0,
  interaction: 'cosine',
  power: 4,
  seeds: 7,
  tau: 0.3,
  alpha: 0.4,
  refine: 'none',
};

/** What the released scripts compute where it differs from the paper's words. */
const RELEASE: Partial<MethodOptions> = {
  profile: 'release',
  interaction: 'weighted',
  merge: 'flattened',
};

const DIFFPNG: Partial<MethodOptions> = {
  order: 'O-F',
  interaction: 'anchor',
  resolutions: [32],
  alpha: 0.3,
};

/** Named variants that the paper compares, as differences from its defaults. */
export const PRESETS = {
  'rsvg-zeroov': {},
  'rsvg-zeroov+sam': { refine: 'box' },
  release: RELEASE,
  'overview-only': { order: 'O' },
  'focus-only': { order: 'F-E' },
  'no-focus': { order: 'O-E' },
  'no-evolve': { order: 'O-F' },
  'order-oef': { order: 'O-E-F' },
  'diffsegmenter-vlm': { order: 'O-F', interaction: 'multiplicative', resolutions: [64] },
  'diffpng-vlm': DIFFPNG,
  'diffpng-vlm+vote': { ...DIFFPNG, refine: 'proposal-vote' },
  exponential: { interaction: 'exponential' },
  'direct-box': { order: 'direct-box' },
  'direct-box+sam': { order: 'direct-box', refine: 'box' },
} as const satisfies Record<string, Partial<MethodOptions>>;

export type PresetName = keyof typeof PRESETS;

/** What a caller may give; anything left out comes from `preset`, then the checkpoint, then the paper. */
export type GroundOptions = Partial<MethodOptions> & { readonly preset?: PresetName };

/**
 * Full options from what the caller gave, the preset, and the checkpoint's own defaults (its `zeroov.json`).
 * @throws OPTION_INVALID naming the first option that is out of range
 */
export function resolveOptions(
  { preset = 'rsvg-zeroov', ...given }: GroundOptions = {},
  ofCheckpoint: Partial<MethodOptions> = {},
): MethodOptions {
  if (!Object.hasOwn(PRESETS, preset)) {
    throw invalid('preset', `one of ${Object.keys(PRESETS).join(', ')}`, preset);
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const profile = given.profile === 'release' ? RELEASE : {};
  const merged = { ...PAPER, ...ofCheckpoint, ...PRESETS[preset], ...profile, ...set };
  const options = parseOptions(METHOD_OPTIONS, merged);
  const { layers, layerWeights } = options;
  if (layers && layers.length !== layerWeights.length) {
    throw invalid(
      'layerWeights',
      `one weight for each of ${layers.length} layers`,
      `${layerWeights.length}`,
    );
  }
  return options;
}

/** @throws OPTION_INVALID naming the first option that is out of range */
export function parseOptions<T>(
  schema: z.ZodType<T>,
  values: Readonly<Record<string, unknown>>,
): T {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const name = issue.path.map(String).join('.') || 'options';
  const got = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path[0];
  const value = JSON.stringify(values[String(issue.path[0])] ?? got);
  // zod says "Too big: expected number to be <=1": the sentence brings its own "expected".
  throw invalid(name, issue.message.replace(/^.*?expected /, ''), value);
}

function invalid(option: string, expected: string, got: string): ZeroovError {
  return new ZeroovError('OPTION_INVALID', { option, expected, got });
}
