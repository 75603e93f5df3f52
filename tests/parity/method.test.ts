/** The method's maths against values that tools/make_fixtures.py computed in numpy float64 from the formulas alone. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { evolve, findSeeds, growRegion } from '../../src/pipeline/evolve.ts';
import { bringUp } from '../../src/pipeline/focus.ts';
import { decide } from '../../src/pipeline/ground.ts';
import { interact } from '../../src/pipeline/interact.ts';
import {
  layersFor,
  meanOverSteps,
  relevanceOnGrid,
  weighLayers,
} from '../../src/pipeline/overview.ts';
import { type Interaction, type Order, resolveOptions } from '../../src/pipeline/presets.ts';
import { decodeNpy } from '../../src/tensor/npy.ts';
import { type Float32Tensor, float32 } from '../../src/tensor/tensor.ts';

const folder = new URL('../fixtures/method/', import.meta.url);
const file = (name: string) => readFileSync(new URL(name, folder));
const npy = (name: string) => decodeNpy(file(`${name}.npy`), name) as Float32Tensor;
const golden = JSON.parse(file('method.json').toString());
const GRID: number = golden.workingGrid;
/** Of values 0..1; the birth says why. */
const TOLERANCE = 1e-5;

function expectClose(actual: Float32Tensor | Float32Array, expected: Float32Tensor): void {
  const data = actual instanceof Float32Array ? actual : actual.data;
  expect(data).toHaveLength(expected.data.length);
  const worst = data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected.data[i]!)), 0);
  expect(worst).toBeLessThan(TOLERANCE);
}

/** The given layers of attention rows [steps, L, I]. */
function pick(rows: Float32Tensor, layers: readonly number[]): Float32Tensor {
  const [steps, count, cells] = rows.shape as readonly [t: number, l: number, i: number];
  const out = float32([steps, layers.length, cells]);
  for (let step = 0; step < steps; step += 1) {
    for (const [at, layer] of layers.entries()) {
      const from = (step * count + layer) * cells;
      out.data.set(rows.data.subarray(from, from + cells), (step * layers.length + at) * cells);
    }
  }
  return out;
}

describe('overview', () => {
  const { depth, layers, weights, other } = golden.overview;
  it('scales the default layers and weighs them', () => {
    expect(layersFor(depth)).toEqual(layers);
    expectClose(weighLayers(meanOverSteps(pick(npy('rows'), layers)), weights), npy('overview'));
    const rows = pick(npy('rows'), other.layers);
    expectClose(weighLayers(meanOverSteps(rows), other.weights), npy('overview_other'));
  });
  it.each(['paper', 'release'] as const)('comes to the working grid, profile %s', (profile) => {
    const onGrid = relevanceOnGrid(npy('overview'), { grid: GRID, profile });
    expectClose(onGrid, npy(`relevance_${profile}`));
  });
});

describe('merge', () => {
  it('brings a coarser map up and keeps the sums of its rows', () => {
    expectClose(
      bringUp(npy('coarse'), { from: 4, to: GRID, merge: 'pooled' }),
      npy('merged_coarse'),
    );
  });
});

describe('interact', () => {
  it.each(['cosine', 'weighted', 'multiplicative', 'anchor', 'exponential'] as Interaction[])(
    '%s',
    (interaction) => {
      const map = interact(npy('merged_fine_work_pooled'), npy('relevance_paper'), {
        interaction,
        power: 4,
      });
      expectClose(map, npy(`attention_${interaction}`));
    },
  );
  it('the release: flattened merge, weighted, its own division', () => {
    const options = { interaction: 'weighted', power: 4 } as const;
    const structure = npy('merged_fine_work_flattened');
    expectClose(interact(structure, npy('relevance_release'), options), npy('attention_release'));
  });
});

describe('evolve', () => {
  it.each(golden.evolve as EvolveCase[])(
    '$name',
    ({ k, tau, height, width, s, c, ...expected }) => {
      const attention = float32([height, width], Float32Array.from(s));
      const relevance = float32([height, width], Float32Array.from(c));
      const seeds = findSeeds(relevance, k);
      expect(seeds).toEqual(expected.seeds);
      const region = growRegion(attention, { seeds, tau: Math.fround(tau) });
      expect([...region.keys()].filter((i) => region[i])).toEqual(expected.region);
      const evolved = evolve(attention, relevance, { seeds: k, tau: Math.fround(tau) });
      expect([...evolved.data]).toEqual(expected.evolved.map(Math.fround));
    },
  );
});

describe('decide', () => {
  it.each(golden.chains as Chain[])('$name', async (chain) => {
    const { name, merge, order, tau, alpha, k, widthPx, heightPx } = chain;
    const profile = chain.relevance;
    const interaction =
      chain.interaction === 'release' ? 'weighted' : (chain.interaction ?? 'cosine');
    const scales = new Map(merge ? [[GRID, npy(`merged_fine_work_${merge}`)]] : []);
    const resolutions = [GRID];
    const o = resolveOptions({ order, interaction, profile, resolutions, tau, alpha, seeds: k });
    const relevance = npy('overview');
    const decision = decide({ relevance, scales }, { widthPx, heightPx }, o, { grid: GRID });
    expectClose(decision.maps.evolved!, npy(`chains/${name}_evolved`));
    expect([decision.areaPx, decision.box]).toEqual([chain.area, chain.box]);
    const mask = await sharp(file(`chains/${name}_mask.png`))
      .extractChannel(0)
      .raw()
      .toBuffer();
    expect(decision.mask.data).toEqual(Uint8Array.from(mask, (pixel) => (pixel ? 1 : 0)));
  });
});

interface EvolveCase {
  name: string;
  k: number;
  tau: number;
  height: number;
  width: number;
  s: number[];
  c: number[];
  seeds: number[];
  region: number[];
  evolved: number[];
}

interface Chain {
  name: string;
  merge: 'pooled' | 'flattened' | null;
  interaction: Interaction | 'release' | null;
  relevance: 'paper' | 'release';
  order: Order;
  heightPx: number;
  widthPx: number;
  k: number;
  tau: number;
  alpha: number;
  area: number;
  box: [number, number, number, number];
}
