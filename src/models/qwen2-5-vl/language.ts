/**
 * Qwen2.5-VL's language model: one graph that reads the prompt with its image (prefill) and then one token at a time
 * (decode). T counts the new tokens, P those in the cache, S = P + T.
 *
 * Only the last position is asked for: its logits, and in every layer the row of attention that it pays, averaged over
 * the heads, to the image tokens (METHOD.md §1). The last layer therefore works for the last position alone.
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { joinHeads, linear, rmsNorm, rotate, splitHeads, swiglu } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { float32, type Tensor } from '../../tensor/tensor.ts';
import type { TextConfig } from './config.ts';

/** Added to the score of a key that comes later: after the softmax it is 0. */
const HIDDEN = -1e9;
/** As the end of a slice: up to the last. */
const END = Number.MAX_SAFE_INTEGER;

/**
 * Inputs: `before` and `after`, ids of the text around the image (int64); `image` (I, hidden); `cos`, `sin` (T, D);
 * `imageStart`, `imageEnd` [1], where the image tokens lie among the S keys; `pastKey.i`, `pastValue.i`
 * (kv heads, P, D) of every layer. Each part may be empty: when decoding, `after` is the newest token.
 * Outputs: `logits` (1, vocab), `attention` (L, imageEnd − imageStart), and `key.i`, `value.i` (kv heads, S, D).
 *
 * @throws TENSOR_MISSING, TENSOR_SHAPE, TENSOR_DTYPE
 */
export function buildLanguage(config: TextConfig, source: TensorSource): BuiltGraph {
  const { hidden, layers, kvHeads, headWidth, vocab, eps, tied } = config;
  const graph = new Graph('language');
  const root = new Scope(graph, source);
  const newer = root.has('model.language_model.norm.weight');
  const at = root.at(newer ? 'model.language_model' : 'model');

  const before = graph.input('before', ['before'], 'int64');
  const image = graph.input('image', ['I', hidden]);
  const after = graph.input('after', ['after'], 'int64');
  const cos = graph.input('cos', ['T', headWidth]);
  const sin = graph.input('sin', ['T', headWidth]);
  const imageStart = graph.input('imageStart', [1], 'int64');
  const imageEnd = graph.input('imageEnd', [1], 'int64');
  const cache = (kind: string, i: number) =>
    graph.input(`past${kind}.${i}`, [kvHeads, 'P', headWidth]);
  const past = Array.from({ length: layers }, (_, i) => ({
    key: cache('Key', i),
    value: cache('Value', i),
  }));

  // Rows are read as they are stored and made float32 after: the table itself is never cast.
  const table = at.storedWeight('embed_tokens.weight', [vocab, hidden]);
  const embed = (ids: Value) => table.gather(ids).cast('float32');
  let x = embed(before).concat([image, embed(after)], 0); // (T, hidden)
  const bias = causalBias(cos, past[0]!.key); // (T, S)
  const rows: Value[] = [];
  for (const [i, { key, value }] of past.entries()) {
    const asked = i === layers - 1 ? lastRow : (all: Value) => all;
    const options = { config, past: { key, value }, cos, sin, bias, asked };
    const next = block(x, at.at('layers', i), options);
    graph.output(`key.${i}`, next.key, [kvHeads, 'S', headWidth]);
    graph.output(`value.${i}`, next.value, [kvHeads, 'S', headWidth]);
    rows.push(next.row);
    x = next.x;
  }
  x = rmsNorm(x, at.at('norm'), { width: hidden, eps }); // (1, hidden)
  const head = tied ? at.at('embed_tokens') : root.at('lm_head');
  graph.output('logits', linear(x, head, { from: hidden, to: vocab, bias: false }), [1, vocab]);
  const seen = rows[0]!.concat(rows.slice(1), 0).slice(1, imageStart, imageEnd); // (L, I)
  graph.output('attention', seen, [layers, 'I′']);
  return graph.build();
}

interface BlockOptions {
  readonly config: TextConfig;
  readonly past: { readonly key: Value; readonly value: Value };
  readonly cos: Value;
  readonly sin: Value;
  readonly bias: Value;
  /** Picks, of T rows, the positions that the layer works for. */
  readonly asked: (rows: Value) => Value;
}

/** x (T, hidden) → x (T or 1, hidden), the cache with the new tokens, and the last position's row (1, S). */
function block(x: Value, at: Scope, { config, past, cos, sin, bias, asked }: BlockOptions) {
  const { hidden, heads, kvHeads, headWidth, mlp, eps } = config;
  const self = at.at('self_attn');
  const project = (t: Value, name: string, count: number) =>
    splitHeads(linear(t, self.at(name), { from: hidden, to: count * headWidth }), count, headWidth);
  const rotary = { cos, sin, width: headWidth };
  const normal = rmsNorm(x, at.at('input_layernorm'), { width: hidden, eps });
  const newKey = rotate(project(normal, 'k_proj', kvHeads), rotary); // (kv, T, D)
  const key = past.key.concat([newKey], 1); // (kv, S, D)
  const value = past.value.concat([project(normal, 'v_proj', kvHeads)], 1); // (kv, S, D)
  const turned = { cos: asked(cos), sin: asked(sin), width: headWidth };
  const query = rotate(project(asked(normal), 'q_proj', heads), turned); // (N, T, D)

  const { out, row } = attend({ query, key, value, bias: asked(bias) }, config);
  const output = { from: heads * headWidth, to: hidden, bias: false };
  x = asked(x).plus(linear(out, self.at('o_proj'), output));
  const second = rmsNorm(x, at.at('post_attention_layernorm'), { width: hidden, eps });
  x = x.plus(swiglu(second, at.at('mlp'), { width: hidden, hidden: mlp }));
  return { x, key, value, row };
}

/**
 * Grouped attention without repeating a key: the queries of N / kv heads are rows against the one head they share.
 * query (N, T, D), key and value (kv, S, D), bias (T, S) → out (T, N·D), and the last query's row (1, S), the heads' mean.
 */
function attend(
  { query, key, value, bias }: { query: Value; key: Value; value: Value; bias: Value },
  { heads, kvHeads, headWidth }: TextConfig,
): { out: Value; row: Value } {
  const scaled = query.times(1 / Math.sqrt(headWidth)).reshape(kvHeads, -1, headWidth); // (kv, N/kv·T, D)
  const scores = scaled.matmul(key.transpose(0, 2, 1)).reshape(heads, -1, 0); // (N, T, S)
  const probabilities = scores.plus(bias).softmax();
  const row = probabilities.slice(1, -1, END).mean([0]); // (1, S)
  const mixed = probabilities.reshape(kvHeads, -1, 0).matmul(value); // (kv, N/kv·T, D)
  const out = joinHeads(mixed.reshape(heads, -1, headWidth), heads * headWidth); // (T, N·D)
  return { out, row };
}

/** (T, …) → (1, …) */
function lastRow(rows: Value): Value {
  return rows.slice(0, -1, END);
}

/** (T, S): 0 where key j is not later than query P + i, else HIDDEN. Made inside, so that nothing quadratic goes in. */
function causalBias(cos: Value, pastKey: Value): Value {
  const { graph } = cos;
  const length = (of: Value, axis: number) =>
    graph.op('Shape', [of], { start: axis, end: axis + 1 }).reshape(); // scalar
  const count = (from: Value, to: Value) => graph.op('Range', [from, to, one]);
  const [zero, one] = [graph.ints([0]).reshape(), graph.ints([1]).reshape()];
  const past = length(pastKey, 1);
  const all = past.plus(length(cos, 0));
  const queries = count(past, all).reshape(-1, 1); // (T, 1)
  const later = graph.op('Greater', [count(zero, all), queries]); // (T, S)
  return later.cast('float32').times(HIDDEN);
}

/** What feeds the next run from this one, and stays with the runtime: output → input. */
export function cacheCarry({ layers }: TextConfig): Record<string, string> {
  const pairs = Array.from({ length: layers }, (_, i) => [
    [`key.${i}`, `pastKey.${i}`],
    [`value.${i}`, `pastValue.${i}`],
  ]);
  return Object.fromEntries(pairs.flat());
}

/** The cache before the first run: (kv heads, 0, D) everywhere. */
export function emptyCache(config: TextConfig): Record<string, Tensor> {
  const nothing = float32([config.kvHeads, 0, config.headWidth]);
  return Object.fromEntries(Object.values(cacheCarry(config)).map((name) => [name, nothing]));
}
