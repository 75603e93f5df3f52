/** Which files of a folder hold its weights. Names only, so that the same rule serves a folder and a hub's listing. */

export type WeightFiles =
  | { readonly kind: 'single'; readonly file: string }
  | { readonly kind: 'index'; readonly file: string; readonly shards: readonly string[] }
  | { readonly kind: 'none'; readonly pickles: readonly string[]; readonly safetensors: string[] };

/** How transformers and diffusers name them. */
const STEMS = ['model', 'diffusion_pytorch_model'];
const SHARD = /-\d{5}-of-\d{5}\.safetensors$/;

/**
 * Chooses among `names` (of one folder): the plain file, then the sharded one, then the fp16 and bf16 variants; with
 * `variant` only that variant. A folder with one *.safetensors of another name holds that.
 */
export function chooseWeights(names: readonly string[], variant?: string): WeightFiles {
  const held = new Set(names);
  for (const kind of variant === undefined ? ['', 'fp16', 'bf16'] : [variant])
    for (const stem of STEMS) {
      const dot = kind && `.${kind}`;
      const single = `${stem}${dot}.safetensors`;
      if (held.has(single)) return { kind: 'single', file: single };
      // Both spellings are in use: model.safetensors.index.fp16.json and model.fp16.safetensors.index.json.
      const indices = [`${stem}.safetensors.index${dot}.json`, `${single}.index.json`];
      const index = indices.find((name) => held.has(name));
      if (index !== undefined)
        return { kind: 'index', file: index, shards: shardsBeside(names, `${stem}${dot}`) };
    }
  const safetensors = names.filter((name) => name.endsWith('.safetensors'));
  if (variant === undefined && safetensors.length === 1 && !SHARD.test(safetensors[0]!))
    return { kind: 'single', file: safetensors[0]! };
  const pickles = names.filter((name) => /\.(bin|pt|pth|ckpt|pkl)$/.test(name));
  return { kind: 'none', pickles, safetensors };
}

/** The shards of `stem`, by their names: `stem-00001-of-00002.safetensors`. */
function shardsBeside(names: readonly string[], stem: string): string[] {
  return names.filter((name) => name.startsWith(`${stem}-`) && SHARD.test(name)).sort();
}
