/** The maths between relevance, structure and mask, by derivation; golden values are in tests/parity and tests/e2e. */
import { describe, expect, it } from 'vitest';
import { float32 } from '../tensor/tensor.ts';
import { directBox } from './direct-box.ts';
import { evolve, findSeeds, growRegion } from './evolve.ts';
import { bringUp } from './focus.ts';
import { interact } from './interact.ts';
import { describeBox, describeMap } from './mask.ts';
import { layersFor, meanOverSteps, relevanceOnGrid, weighLayers } from './overview.ts';
import { type GroundOptions, type Interaction, resolveOptions } from './presets.ts';

const map = (rows: number[][]) =>
  float32([rows.length, rows[0]!.length], Float32Array.from(rows.flat()));

describe('weighLayers', () => {
  it('averages steps, brings each layer to 0..1 and adds by weight', () => {
    // [2 steps, 2 layers, 3 cells]; layer 0 mean (1, 2, 3) → (0, ½, 1); layer 1 mean (4, 4, 2) → (1, 1, 0)
    const rows = float32([2, 2, 3], Float32Array.of(0, 1, 2, 4, 6, 2, 2, 3, 4, 4, 2, 2));
    expect([...weighLayers(meanOverSteps(rows), [0.25, 0.5])]).toEqual([0.5, 0.625, 0.25]);
  });
  it('gives a flat layer no say instead of dividing by zero', () => {
    const rows = float32([1, 2, 2], Float32Array.of(3, 3, 0, 1));
    expect([...weighLayers(meanOverSteps(rows), [0.5, 0.5])]).toEqual([0, 0.5]);
  });
  it('scales the layers of the paper to another depth', () => {
    expect(layersFor(28)).toEqual([16, 17, 18, 19]);
    expect(layersFor(36)).toEqual([20, 21, 23, 24]); // floor(16·36/28 = 20.57), 21.86, 23.14, 24.43
  });
});

describe('relevanceOnGrid', () => {
  it('divides by max − min, or by the unshifted max in the release profile', () => {
    const relevance = map([[2, 4]]);
    const paper = relevanceOnGrid(relevance, { grid: 2, profile: 'paper' });
    expect([...paper.data]).toEqual([0, 1, 0, 1]);
    const release = relevanceOnGrid(relevance, { grid: 2, profile: 'release' });
    expect(release.data[1]).toBeCloseTo(2 / (4 + 1e-6), 6);
  });
});

describe('interact', () => {
  // Two groups of two cells: 0 and 1 attend to each other, 2 and 3 to themselves.
  const structure = map([
    [0.5, 0.5, 0, 0],
    [0.25, 0.75, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ]);
  const relevance = float32([2, 2], Float32Array.of(1, 0, 0, 0.3));
  const strategy = (interaction: Interaction, power = 4) =>
    [...interact(structure, relevance, { interaction, power }).data].map((x) => x.toFixed(4));

  it.each([
    // ⟨A_i, c⟩/(‖A_i‖‖c‖): ½/√½, ¼/√(1/16+9/16), 0, 0.3, all over √1.09; then ÷ the first
    ['cosine', ['1.0000', '0.4472', '0.0000', '0.4243']],
    // A c = ½, ¼, 0, 0.3
    ['multiplicative', ['1.0000', '0.5000', '0.0000', '0.6000']],
    // Aᵀc = ½, ½, 0, 0.3
    ['weighted', ['1.0000', '1.0000', '0.0000', '0.6000']],
    // Ω = {0}: Aᵀ1 = ½, ½, 0, 0
    ['anchor', ['1.0000', '1.0000', '0.0000', '0.0000']],
  ] as const)('%s', (interaction, expected) => {
    expect(strategy(interaction)).toEqual(expected);
  });
  it('exponential is Aⁿc, and one step of it is multiplicative', () => {
    expect(strategy('exponential', 1)).toEqual(strategy('multiplicative'));
    // A²c = ½·½ + ½·¼, ¼·½ + ¾·¼, 0, 0.3 = 0.375, 0.3125, 0, 0.3
    expect(strategy('exponential', 2)).toEqual(['1.0000', '0.8333', '0.0000', '0.8000']);
  });
});

describe('bringUp', () => {
  it('spreads a key evenly over the cells it covers, so that rows keep their sum', () => {
    const coarse = float32(
      [4, 4],
      Float32Array.from({ length: 16 }, (_, i) => [4, 3, 2, 1][i % 4]! / 10),
    );
    const fine = bringUp(coarse, { from: 2, to: 32, merge: 'pooled' });
    expect(fine.shape).toEqual([1024, 1024]);
    const row = fine.data.subarray(5 * 1024, 6 * 1024);
    expect(row.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 5);
    expect(row[0]).toBeCloseTo(0.4 / 256, 8); // 16² cells stand for one
    expect(row[31]).toBeCloseTo(0.3 / 256, 8);
    expect(row[1023]).toBeCloseTo(0.1 / 256, 8);
  });
});

describe('evolve', () => {
  it('takes every pixel among the K largest distinct values as a seed', () => {
    expect(findSeeds(map([[3, 1, 3, 2]]), 2)).toEqual([0, 2, 3]);
    expect(findSeeds(map([[3, 1, 3, 2]]), 9)).toEqual([0, 1, 2, 3]);
  });
  it('grows over corners, strictly above τ, and keeps a seed that is below it', () => {
    const grown = growRegion(
      map([
        [0.1, 0.3, 0.9],
        [0.3, 0.31, 0.3],
        [0.9, 0.3, 0.5],
      ]),
      { seeds: [0], tau: Math.fround(0.3) },
    );
    expect([...grown]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1]);
  });
  it('leaves out what no seed reaches', () => {
    const attention = map([[0.9, 0, 0.9]]);
    const evolved = evolve(attention, map([[1, 0, 0]]), { seeds: 1, tau: 0.3 });
    expect(evolved.data[0]).toBeCloseTo(0.9, 6);
    expect([evolved.data[1], evolved.data[2]]).toEqual([0, 0]);
  });
});

describe('describeMap', () => {
  it('cuts strictly above α and says where: far edge exclusive', () => {
    const evolved = map([
      [0, 0.4, 0],
      [0, 0.8, 0.6],
    ]);
    const { box, areaPx, score, mask } = describeMap(evolved, {
      widthPx: 3,
      heightPx: 2,
      alpha: Math.fround(0.4),
    });
    expect([...mask.data]).toEqual([0, 0, 0, 0, 1, 1]);
    expect(box).toEqual([1, 1, 3, 2]);
    expect(areaPx).toBe(2);
    expect(score).toBeCloseTo(0.7, 6);
  });
  it('an empty mask is "not found"', () => {
    const finding = describeMap(map([[0.1]]), { widthPx: 5, heightPx: 4, alpha: 0.4 });
    expect(finding).toMatchObject({ found: false, box: null, score: null, areaPx: 0 });
  });
});

describe('directBox', () => {
  const image = { widthPx: 800, heightPx: 600 };
  const resized = { widthPx: 400, heightPx: 600 };
  it.each([
    ['[10, 20, 30.5, 40]', [20, 20, 61, 40]],
    ['{"bbox_2d": [10,20,30,40], "label": "ship"}', [20, 20, 60, 40]],
    ['[-5, 0, 9999, 600]', [0, 0, 800, 600]],
    ['[30, 20, 10, 40]', null],
    ['I cannot see it.', null],
    ['[1, 2, 3]', null],
  ])('%s', (answer, expected) => {
    expect(directBox(answer, { resized, image })).toEqual(expected);
  });
  it('fills the pixels whose centres it encloses', () => {
    const finding = describeBox([0.5, 0, 2.4, 1], { widthPx: 4, heightPx: 2 });
    expect([...finding.mask.data]).toEqual([1, 1, 0, 0, 0, 0, 0, 0]);
    expect(describeBox([0.6, 0, 0.9, 1], { widthPx: 4, heightPx: 2 }).found).toBe(false);
  });
});

describe('resolveOptions', () => {
  it('explicit over profile over preset over checkpoint over paper', () => {
    expect(resolveOptions().interaction).toBe('cosine');
    expect(resolveOptions({}, { tau: 0.2 }).tau).toBe(0.2);
    expect(resolveOptions({ preset: 'diffpng-vlm' }, { alpha: 0.2 })).toMatchObject({
      interaction: 'anchor',
      resolutions: [32],
      alpha: 0.3,
      order: 'O-F',
    });
    const release = resolveOptions({ profile: 'release', merge: 'pooled' });
    expect(release).toMatchObject({ interaction: 'weighted', merge: 'pooled', profile: 'release' });
  });
  it.each([
    [{ tau: 1.5 }, /tau/],
    [{ layers: [1, 2] }, /layerWeights/],
    [{ preset: 'best' }, /one of rsvg-zeroov/],
    [{ taw: 0.3 }, /taw/],
    [{ steps: 2.5 }, /steps/],
  ])('refuses %o', (given, message) => {
    expect(() => resolveOptions(given as GroundOptions)).toThrow(message);
  });
});
