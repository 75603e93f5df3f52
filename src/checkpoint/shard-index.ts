import { ZeroovError } from '../errors.ts';
import { JSON_LIMITS } from './json-file.ts';
import { readText } from './regular-file.ts';
import { MAX_TENSORS } from './safetensors.ts';
import { type JsonRules, parseStrictJson } from './strict-json.ts';

/** root → weight_map → names; `metadata` holds numbers of any kind. */
const INDEX_RULES: JsonRules = { maxDepth: 4, maxEntries: MAX_TENSORS, numbers: 'any' };

/**
 * Reads `*.safetensors.index.json`: tensor → shard. Every shard is a plain file name.
 *
 * @throws CONFIG_INVALID, MODEL_PATH_ESCAPE, FILE_TOO_LARGE and those of opening a file
 */
export async function readShardIndex(source: {
  readonly file: string;
  readonly checkpoint: string;
}): Promise<Map<string, string>> {
  const { file, checkpoint } = source;
  const refuse = (reason: string): ZeroovError =>
    new ZeroovError('CONFIG_INVALID', { file, reason });
  const text = await readText({ path: file, checkpoint, limit: JSON_LIMITS.index });
  if (text === null) throw refuse('it is not UTF-8');
  const parsed = parseStrictJson(text, INDEX_RULES);
  if (!parsed.ok) throw refuse(parsed.reason);
  const { weight_map: weightMap } = (parsed.value ?? {}) as Record<string, unknown>;
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap))
    throw refuse('weight_map: expected an object');
  const shards = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string')
      throw refuse(`weight_map[${JSON.stringify(tensor.slice(0, 80))}]: expected a file name`);
    if (!/^[A-Za-z0-9._-]{1,128}$/.test(shard) || !shard.endsWith('.safetensors'))
      throw new ZeroovError('MODEL_PATH_ESCAPE', { checkpoint, path: shard.slice(0, 200) });
    shards.set(tensor, shard);
  }
  if (shards.size === 0) throw refuse('weight_map: it names no tensor');
  return shards;
}

/**
 * Checks that every shard holds just the tensors the index says.
 *
 * @throws MODEL_SHARD
 */
export function assertShardsAgree(agreement: {
  readonly checkpoint: string;
  /** tensor → shard */
  readonly index: ReadonlyMap<string, string>;
  /** shard → its tensors */
  readonly held: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}): void {
  const { checkpoint, index, held } = agreement;
  for (const [tensor, shard] of index)
    if (!held.get(shard)?.has(tensor))
      throw new ZeroovError('MODEL_SHARD', {
        checkpoint,
        reason: `${JSON.stringify(tensor)} is not in ${shard}, where the index has it`,
      });
  for (const [shard, tensors] of held)
    for (const tensor of tensors.keys())
      if (index.get(tensor) !== shard)
        throw new ZeroovError('MODEL_SHARD', {
          checkpoint,
          reason: `${shard} holds ${JSON.stringify(tensor)}, of which the index knows nothing`,
        });
}
