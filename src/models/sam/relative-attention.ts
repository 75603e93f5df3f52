/**
 * Attention over squares of patches that knows how far apart two patches are, in rows and in columns: what SAM's image
 * encoder does in its windows and over the whole picture.
 *
 * Reference: SamVisionAttention of transformers (decomposed relative positions, arXiv 2112.01526 §4.1).
 */
import type { Value } from '../../graph/graph.ts';
import type { Scope } from '../../graph/scope.ts';
import { int64 } from '../../tensor/tensor.ts';

export interface RelativeAttentionShape {
  readonly heads: number;
  readonly headWidth: number;
  /** Squares that do not see each other. */
  readonly squares: number;
  /** Rows and columns of a square; S = side². */
  readonly side: number;
}

/**
 * Numbers of a bias that are held at once: 134 MB. That of all queries over the whole picture has 1.07 GB in ViT-H; smaller
 * blocks have the matrix products prepare keys and values more often.
 */
const HELD = 2 ** 25;

/**
 * softmax(q·kᵀ/√D + bias)·v with bias[q, k] = q·H[row q − row k] + q·W[column q − column k]; q, k, v (B·S, N·D) → (B·S, N·D),
 * the patches of a square row by row. H and W are the rows of `rel_pos_h` and `rel_pos_w`. Queries go in blocks of rows, one
 * after the other.
 */
export function relativeAttention(
  { q, k, v }: { q: Value; k: Value; v: Value },
  at: Scope,
  shape: RelativeAttentionShape,
): Value {
  const { heads, headWidth, squares, side } = shape;
  const width = heads * headWidth;
  // Laid out head by head here, once: the operator would do so for every block.
  const byHead = (x: Value) => x.reshape(squares, -1, heads, headWidth).transpose(0, 2, 1, 3);
  const [keys, values] = [byHead(k), byHead(v)]; // (B, N, S, D)
  const queries = q.reshape(squares, side, side, width);
  const table = (key: string) => distanceTable(at.weight(key, [2 * side - 1, headWidth]), side);
  const [byRow, byColumn] = [table('rel_pos_h'), table('rel_pos_w')];
  const rows = Math.max(1, Math.floor(HELD / (squares * heads * side ** 3)));
  const outs: Value[] = [];
  for (let top = 0; top < side; top += rows) {
    const end = Math.min(side, top + rows);
    const last = outs.at(-1);
    const block = end - top === side ? queries : queries.slice(1, top, end); // (B, R, side, N·D)
    const some = last ? block.after(last) : block;
    const tables = { byRow: byRow.slice(0, top, end), byColumn };
    const bias = relativeBias(some, tables, { ...shape, rows: end - top });
    const others = [keys, values, undefined, undefined, bias];
    const flat = some.reshape(squares, -1, width); // (B, R·side, N·D)
    outs.push(flat.microsoft('MultiHeadAttention', others, { num_heads: heads }));
  }
  const [first, ...more] = outs;
  return (more.length === 0 ? first! : first!.concat(more, 1)).reshape(-1, width);
}

/** (2·side − 1, D), a row for each distance from −(side − 1) on → (side, D, side): query, D, key. */
function distanceTable(table: Value, side: number): Value {
  const distances = Array.from({ length: side * side }, (_, i) => {
    const [query, key] = [Math.floor(i / side), i % side];
    return query - key + side - 1;
  });
  return table
    .gather(table.graph.constant(int64([side, side], distances))) // (side, side, D)
    .transpose(0, 2, 1);
}

/** Queries (B, R, side, N·D), tables (R, D, side) and (side, D, side) → (B, N, R·side, S). */
function relativeBias(
  queries: Value,
  { byRow, byColumn }: { byRow: Value; byColumn: Value },
  { heads, headWidth, squares, side, rows }: RelativeAttentionShape & { readonly rows: number },
): Value {
  const split = queries.reshape(squares, rows, side, heads, headWidth);
  const alongRows = split.transpose(0, 3, 1, 2, 4).matmul(byRow); // (B, N, R, side, key row)
  const alongColumns = split
    .transpose(0, 3, 2, 1, 4)
    .matmul(byColumn) // (B, N, side, R, key column)
    .transpose(0, 1, 3, 2, 4);
  return alongRows
    .reshape(squares, heads, rows, side, side, 1)
    .plus(alongColumns.reshape(squares, heads, rows, side, 1, side))
    .reshape(squares, heads, rows * side, side ** 2);
}
