/**
 * Where a token stands, and the rotation that tells the network: computed on the host in float32 as the reference does,
 * since the runtime knows no rotary positions with three axes.
 */
import { type Float32Tensor, float32 } from '../../tensor/tensor.ts';
import type { TextConfig, VisionConfig } from './config.ts';

/** Rows and columns of image tokens, or of patches. */
export interface Grid {
  readonly height: number;
  readonly width: number;
}

/** cos and sin of every token's angles: (T, D) each, or (T, 1, D) to broadcast over heads. */
export interface Rotary {
  readonly cos: Float32Tensor;
  readonly sin: Float32Tensor;
}

/**
 * `mrope`: image tokens stand in three axes. `sequential`: they count on like text, as transformers gives them when it is
 * called without mm_token_type_ids; for comparison with what was computed that way.
 */
export type PositionScheme = 'mrope' | 'sequential';

/** Time, row and column of each token: three streams of the same length. */
export type Positions = readonly [time: number[], row: number[], column: number[]];

/** Theta of the vision tower; no published configuration has it. */
const VISION_THETA = 10_000;

/**
 * M-RoPE positions of a prompt: text counts on in all three streams at once; the image's tokens (row-major) sit at
 * start + (0, row, column); text goes on from the largest position + 1. Source: MODELS.md, `get_rope_index`.
 *
 * @returns the positions [3][before + image + after], and `next`, where the first answer token stands
 */
export function promptPositions(prompt: {
  readonly before: number;
  readonly grid: Grid;
  readonly after: number;
  readonly scheme?: PositionScheme;
}): { positions: Positions; next: number } {
  const { before, grid, after, scheme = 'mrope' } = prompt;
  const cells = count(0, grid.height * grid.width);
  const place =
    scheme === 'sequential'
      ? (i: number) => [i, i, i]
      : (i: number) => [0, Math.floor(i / grid.width), i % grid.width];
  const image = cells.map((i) => place(i).map((offset) => before + offset));
  const resume = before + 1 + Math.max(...place(cells.length - 1));
  const stream = (axis: number) => [
    ...count(0, before),
    ...image.map((position) => position[axis]!),
    ...count(resume, after),
  ];
  return { positions: [stream(0), stream(1), stream(2)], next: resume + after };
}

/** One token of text: the same position in all streams. */
export function textPosition(position: number): Positions {
  return [[position], [position], [position]];
}

function count(from: number, length: number): number[] {
  return Array.from({ length }, (_, i) => from + i);
}

/** cos and sin (T, D): the first section of pairs turns with time, then row, then column; the halves are alike. */
export function textRotary(positions: Positions, config: TextConfig): Rotary {
  const { headWidth, mropeSection, ropeTheta } = config;
  const frequencies = inverseFrequencies(headWidth, ropeTheta);
  const axes = mropeSection.flatMap((pairs, axis) => Array<number>(pairs).fill(axis));
  const tokens = positions[0].length;
  const angle = (token: number, pair: number) =>
    Math.fround(positions[axes[pair]!]![token]! * frequencies[pair]!);
  return rotary({ shape: [tokens, headWidth], tokens, angle });
}

/** cos and sin (T, 1, D) of patches in merge-group order: half of the pairs turns with the row, half with the column. */
export function visionRotary(patches: Grid, config: VisionConfig): Rotary {
  const { headWidth, merge } = config;
  const frequencies = inverseFrequencies(headWidth / 2, VISION_THETA);
  const order = mergeGroupOrder(patches, merge);
  const quarter = headWidth / 4;
  const angle = (token: number, pair: number) => {
    const place = order[token]!;
    const position = pair < quarter ? Math.floor(place / patches.width) : place % patches.width;
    return Math.fround(position * frequencies[pair % quarter]!);
  };
  return rotary({ shape: [order.length, 1, headWidth], tokens: order.length, angle });
}

/** For each patch in the order the network reads them, its row-major index: every merge × merge cell is contiguous. */
export function mergeGroupOrder({ height, width }: Grid, merge: number): Int32Array {
  const order = new Int32Array(height * width);
  let next = 0;
  for (let top = 0; top < height; top += merge) {
    for (let left = 0; left < width; left += merge) {
      for (let row = top; row < top + merge; row += 1) {
        for (let column = left; column < left + merge; column += 1) {
          order[next] = row * width + column;
          next += 1;
        }
      }
    }
  }
  return order;
}

/** theta^(−2i/width) for i = 0 .. width/2 − 1, each step rounded to float32. */
function inverseFrequencies(width: number, theta: number): Float32Array {
  return Float32Array.from({ length: width / 2 }, (_, i) =>
    Math.fround(1 / Math.fround(theta ** Math.fround((2 * i) / width))),
  );
}

function rotary(table: {
  readonly shape: readonly number[];
  readonly tokens: number;
  /** Radians. */
  readonly angle: (token: number, pair: number) => number;
}): Rotary {
  const { shape, tokens, angle } = table;
  const width = shape.at(-1)!;
  const cos = float32(shape);
  const sin = float32(shape);
  for (let token = 0; token < tokens; token += 1) {
    for (let i = 0; i < width; i += 1) {
      const radians = angle(token, i % (width / 2));
      cos.data[token * width + i] = Math.cos(radians);
      sin.data[token * width + i] = Math.sin(radians);
    }
  }
  return { cos, sin };
}
