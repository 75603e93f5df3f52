/**
 * The attention maps that leave the U-Net: which ones, and how each is reduced inside the graph to the working grid, so
 * that one [n, n] map per resolution is put out and nothing per head or per layer.
 */
import { ZeroovError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { attentionSides, TEXT_TOKENS, type UnetConfig } from './config.ts';

/** How a map finer than the working grid is brought down to it; METHOD.md §2. */
export type Merge = 'pooled' | 'flattened';

export interface MapRecord {
  /** Sides of the latent grids whose self-attention is recorded, e.g. 32 and 64. */
  readonly resolutions: readonly number[];
  readonly merge: Merge;
  /** Side of the grid that finer maps are reduced to, e.g. 32. Coarser ones leave as they are. */
  readonly workingGrid: number;
  /** Whether the cross-attention to the text is recorded, at 16². */
  readonly cross: boolean;
}

/** Where cross-attention is read: METHOD.md §3, "without the VLM". */
export const CROSS_SIDE = 16;
export const CROSS_OUTPUT = `cross_${CROSS_SIDE}`;

/** Name of the output with the self-attention of a resolution. */
export function selfOutput(side: number): string {
  return `self_${side}`;
}

/** Positions of the map that a resolution leaves as: side² of the working grid, or its own when that is coarser. */
export function mapSize(side: number, { workingGrid }: MapRecord): number {
  return Math.min(side, workingGrid) ** 2;
}

/** @throws OPTION_INVALID for a resolution that this U-Net has not, or that does not divide into the working grid */
export function checkRecord(record: MapRecord, config: UnetConfig): void {
  const exist = attentionSides(config);
  const wanted = [...record.resolutions, ...(record.cross ? [CROSS_SIDE] : [])];
  for (const side of wanted) {
    const divides = side <= record.workingGrid || side % record.workingGrid === 0;
    if (exist.includes(side) && divides) continue;
    const grid = divides ? '' : ` that are multiples of the working grid, ${record.workingGrid}`;
    throw new ZeroovError('OPTION_INVALID', {
      option: 'resolutions',
      expected: `resolutions of this U-Net${grid} (it has ${exist.join(', ')})`,
      got: String(side),
    });
  }
}

/** How one attention layer's map is recorded, and where it goes. */
export interface Recording {
  /** Into how many blocks of queries the layer is cut. */
  readonly blocks: number;
  /** (T / blocks, S), a mean over heads → the rows of the map that these queries make. */
  readonly reduce: (mean: Value) => Value;
  /** Takes the layer's map. */
  readonly add: (map: Value) => void;
}

/** Gathers the maps of the attention layers as the U-Net is built, and puts their means out. */
export class MapRecorder {
  private readonly layers = new Map<string, { maps: Value[]; shape: [number, number] }>();

  constructor(private readonly record: MapRecord | undefined) {}

  /** For a self-attention layer, T = S = side²; undefined when it is not wanted. */
  self(side: number): Recording | undefined {
    if (!this.record?.resolutions.includes(side)) return undefined;
    const { merge, workingGrid } = this.record;
    const size = mapSize(side, this.record);
    const add = (map: Value) => this.add(selfOutput(side), map, [size, size]);
    if (side <= workingGrid) return { blocks: 1, reduce: (mean) => mean, add };
    const blocks = workingGrid % BLOCKS === 0 ? BLOCKS : 1;
    const shape = { grid: workingGrid, factor: side / workingGrid, rows: workingGrid / blocks };
    return { blocks, reduce: (mean) => REDUCE[merge](mean, shape), add };
  }

  /** For a cross-attention layer, T = side², S = 77; undefined when it is not wanted. */
  cross(side: number): Recording | undefined {
    if (!this.record?.cross || side !== CROSS_SIDE) return undefined;
    const add = (map: Value) => this.add(CROSS_OUTPUT, map, [side ** 2, TEXT_TOKENS]);
    return { blocks: 1, reduce: (mean) => mean, add };
  }

  private add(output: string, map: Value, shape: [number, number]): void {
    const entry = this.layers.get(output) ?? { maps: [], shape };
    entry.maps.push(map);
    this.layers.set(output, entry);
  }

  /** Declares the outputs: the mean over the layers of each. */
  declareOutputs(graph: Graph): void {
    for (const [output, { maps, shape }] of this.layers) {
      const sum = maps.reduce((total, map) => total.plus(map));
      graph.output(output, sum.times(1 / maps.length), shape);
    }
  }
}

/** Blocks that a layer finer than the working grid is cut into: 1024 of 64² queries hold 134 MB at eight heads. */
const BLOCKS = 4;

interface ReduceShape {
  /** Side of the working grid; n = grid². */
  readonly grid: number;
  /** How much finer the map is, along one side. */
  readonly factor: number;
  /** Rows of the working grid that the block stands for. */
  readonly rows: number;
}

/** (rows·grid·factor², n·factor²) → (rows·grid, n). */
const REDUCE: Record<Merge, (map: Value, shape: ReduceShape) => Value> = {
  /** Mean over factor × factor blocks of queries, sum over those of keys: rows sum to 1 as before. */
  pooled: (map, { grid, factor, rows }) =>
    map
      .reshape(rows, factor, grid, factor, grid, factor, grid, factor) // query rows, columns; key rows, columns
      .sum([1, 3, 5, 7]) // (rows, grid, grid, grid)
      .reshape(rows * grid, grid ** 2)
      .times(1 / factor ** 2),

  /**
   * What a bilinear resize (half-pixel centres) of the whole matrix to n × n reads: with r = factor², output i lies at
   * r·i + (r − 1)/2, so it is the mean of the two middle rows of r when r is even, the middle one when it is odd;
   * columns alike. Rows do not sum to 1: an output column is the mean of r columns, not their sum.
   */
  flattened: (map, { grid, factor, rows }) => {
    const r = factor ** 2;
    const from = Math.ceil(r / 2) - 1;
    const to = Math.floor(r / 2) + 1;
    const cells = map.reshape(rows * grid, r, grid ** 2, r);
    return cells.slice(1, from, to).slice(3, from, to).mean([1, 3]); // (rows·grid, n)
  },
};
