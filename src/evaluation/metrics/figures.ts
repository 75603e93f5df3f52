/** Pr@X, mIoU and oIoU of some samples under one profile. */
import { levelOf, type Overlap } from './overlap.ts';
import { type MaskRule, THRESHOLD_NAMES } from './profiles.ts';

/** IoU, intersection, union, and how many of `THRESHOLDS` the IoU passes. */
const WIDTH = 4;

/** What is kept of every sample: a row of four numbers, one after the other, since resampling reads them at random. */
export class Columns {
  private values = new Float64Array(WIDTH * 256);
  private rows = 0;

  constructor(private readonly rule: Pick<MaskRule, 'passes'>) {}

  get count(): number {
    return this.rows;
  }

  add({ iou, intersection, union }: Overlap): void {
    const at = this.rows * WIDTH;
    if (at === this.values.length) {
      const grown = new Float64Array(2 * at);
      grown.set(this.values);
      this.values = grown;
    }
    this.values.set([iou, intersection, union, levelOf(iou, this.rule)], at);
    this.rows += 1;
  }

  level(row: number): number {
    return this.values[row * WIDTH + 3]!;
  }

  /**
   * Over the rows `picks`, which may repeat: mIoU = mean IoU, oIoU = ΣI / ΣU, Pr@X = the share of rows that pass X. All 0 where
   * there is no row or no union.
   */
  shares(picks: Int32Array): Shares {
    const { values } = this;
    const atLevel = new Int32Array(THRESHOLD_NAMES.length + 1);
    let [sum, shared, covered] = [0, 0, 0];
    for (let i = 0; i < picks.length; i += 1) {
      const at = picks[i]! * WIDTH;
      sum += values[at]!;
      shared += values[at + 1]!;
      covered += values[at + 2]!;
      atLevel[values[at + 3]!]! += 1;
    }
    const n = picks.length || 1;
    let passed = picks.length;
    const pr = THRESHOLD_NAMES.map((_, i) => {
      passed -= atLevel[i]!;
      return passed / n;
    });
    return { pr, mIoU: sum / n, oIoU: covered === 0 ? 0 : shared / covered };
  }
}

/** Shares, 0..1. */
export interface Shares {
  /** By threshold, in the order of `THRESHOLDS`. */
  readonly pr: readonly number[];
  readonly mIoU: number;
  readonly oIoU: number;
}

/** 0..1 → percent with 6 decimals. */
export function percent(share: number): number {
  return Math.round(share * 1e8) / 1e6;
}
