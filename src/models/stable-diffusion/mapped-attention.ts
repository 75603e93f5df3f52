/** Attention whose map leaves the graph: in blocks of queries, so that the probabilities of all are never held at once. */
import type { Value } from '../../graph/graph.ts';
import { joinHeads, splitHeads } from '../../graph/layers.ts';
import { float32 } from '../../tensor/tensor.ts';

export interface MappedAttentionShape {
  readonly heads: number;
  readonly headWidth: number;
  /** Into how many blocks the T queries are cut. */
  readonly blocks: number;
  /** What is put out of a block's mean over heads, (T / blocks, S) → (m, s). */
  readonly reduce: (mean: Value) => Value;
}

/** softmax(q·kᵀ/√D)·v: q (T, N·D), k and v (S, N·D) → out (T, N·D) and map (blocks·m, s). */
export function mappedAttention(
  { q, k, v }: { q: Value; k: Value; v: Value },
  { heads, headWidth, blocks, reduce }: MappedAttentionShape,
): { out: Value; map: Value } {
  const queries = splitHeads(q.times(1 / Math.sqrt(headWidth)), heads, headWidth); // (N, T, D)
  const keys = splitHeads(k, heads, headWidth).transpose(0, 2, 1); // (N, D, S)
  const values = splitHeads(v, heads, headWidth); // (N, S, D)
  const outs: Value[] = [];
  const maps: Value[] = [];
  for (const block of blocks === 1 ? [queries] : queries.split(1, blocks)) {
    const last = outs.at(-1);
    const scores = (last ? block.after(last) : block).matmul(keys); // (N, T / blocks, S)
    const probabilities = scores.softmax();
    const map = reduce(headMean(probabilities, heads));
    maps.push(map);
    outs.push(probabilities.matmul(values).after(map)); // (N, T / blocks, D)
  }
  return { out: joinHeads(join(outs, 1), heads * headWidth), map: join(maps, 0) };
}

/** (N, T, S) → (T, S). As a product with 1/N: onnxruntime's ReduceMean over the first axis takes as long as q·kᵀ. */
function headMean(probabilities: Value, heads: number): Value {
  const { graph } = probabilities;
  const shares = graph.constant(float32([1, heads], new Float32Array(heads).fill(1 / heads)));
  const shape = graph.op('Shape', [probabilities], { start: 1 }); // [T, S]
  const mean = shares.matmul(probabilities.reshape(heads, -1)); // (1, T·S)
  return graph.op('Reshape', [mean, shape]);
}

function join([first, ...others]: readonly Value[], axis: number): Value {
  return others.length === 0 ? first! : first!.concat(others, axis);
}
