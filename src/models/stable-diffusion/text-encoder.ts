/**
 * CLIP's text encoder: token ids → one vector a token, in which each has seen those before it.
 *
 * Reference: CLIPTextModel of transformers; the pipeline uses the last hidden state after the final norm.
 */
import { type BuiltGraph, Graph, type Value } from '../../graph/graph.ts';
import { attention, layerNorm, linear } from '../../graph/layers.ts';
import { Scope } from '../../graph/scope.ts';
import type { TensorSource } from '../../tensor/stored.ts';
import { float32 } from '../../tensor/tensor.ts';
import type { TextEncoderConfig } from './config.ts';

/** Input `ids` int64 [T], T = 77; output `embeddings` [T, C]. */
export function buildTextEncoder(config: TextEncoderConfig, source: TensorSource): BuiltGraph {
  const {
    hidden_size: width,
    max_position_embeddings: tokens,
    vocab_size,
    layer_norm_eps,
  } = config;
  const graph = new Graph('text encoder');
  const root = new Scope(graph, source);
  // Published checkpoints begin every key with text_model, newer saves leave it out.
  const at = source.has('text_model.final_layer_norm.weight') ? root.at('text_model') : root;

  const ids = graph.input('ids', [tokens], 'int64');
  const table = at.storedWeight('embeddings.token_embedding.weight', [vocab_size, width]);
  const positions = at.weight('embeddings.position_embedding.weight', [tokens, width]);
  let x = table.gather(ids).cast('float32').plus(positions); // (T, C)
  const causal = causalBias(graph, tokens);
  for (let i = 0; i < config.num_hidden_layers; i += 1) {
    x = layer(x, at.at('encoder.layers', i), { config, causal });
  }
  x = layerNorm(x, at.at('final_layer_norm'), { width, eps: layer_norm_eps });
  graph.output('embeddings', x, [tokens, width]);
  return graph.build();
}

/** (T, C) → (T, C). */
function layer(
  x: Value,
  at: Scope,
  { config, causal }: { config: TextEncoderConfig; causal: Value },
): Value {
  const { hidden_size: width, intermediate_size: hidden, num_attention_heads: heads } = config;
  const norm = { width, eps: config.layer_norm_eps };
  const square = { from: width, to: width };

  const y = layerNorm(x, at.at('layer_norm1'), norm);
  const self = at.at('self_attn');
  const q = linear(y, self.at('q_proj'), square);
  const k = linear(y, self.at('k_proj'), square);
  const v = linear(y, self.at('v_proj'), square);
  const seen = attention({ q, k, v }, { heads, headWidth: width / heads, bias: causal });
  x = x.plus(linear(seen, self.at('out_proj'), square));

  const z = layerNorm(x, at.at('layer_norm2'), norm);
  const inner = linear(z, at.at('mlp.fc1'), { from: width, to: hidden }); // (T, hidden)
  const active = config.hidden_act === 'quick_gelu' ? inner.quickGelu() : inner.gelu();
  return x.plus(linear(active, at.at('mlp.fc2'), { from: hidden, to: width }));
}

/** (1, 1, T, T): 0 where a token may look, the lowest number where it may not: at those after it. */
function causalBias(graph: Graph, tokens: number): Value {
  const lowest = -3.4028234663852886e38;
  const bias = Float32Array.from({ length: tokens * tokens }, (_, at) =>
    at % tokens > Math.floor(at / tokens) ? lowest : 0,
  );
  return graph.constant(float32([1, 1, tokens, tokens], bias));
}
