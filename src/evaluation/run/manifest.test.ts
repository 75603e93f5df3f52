import { describe, expect, it } from 'vitest';
import { PAPER } from '../../pipeline/presets.ts';
import type { CheckpointIdentity } from './checkpoint-identity.ts';
import { differences, MANIFEST, type Manifest } from './manifest.ts';

const checkpoint = (label: string): CheckpointIdentity => ({
  label,
  weights: [{ bytes: 10, sha256: 'a'.repeat(64) }],
  settings: 'b'.repeat(64),
});

const manifest: Manifest = {
  version: 1,
  zeroov: '0.1.0',
  preprocessing: 1,
  dataset: {
    name: 'rrsis-d',
    split: 'test',
    fingerprint: 'c'.repeat(64),
    has: { box: true, mask: true },
  },
  samples: { limit: 100, sample: 1, count: 100, sha256: 'd'.repeat(64) },
  variants: { 'rsvg-zeroov': { ...PAPER, layers: [16, 17, 18, 19] } },
  ablation: false,
  checkpoints: { vlm: checkpoint('vlm'), diffusion: checkpoint('sd'), sam: null },
  about: { root: 'data', scenes: null, node: 'v20', platform: 'linux-x64', threads: 2 },
};

/** The manifest with the value at `path` changed. */
function changed(path: readonly string[], value: unknown): Manifest {
  const copy = structuredClone(manifest) as unknown as Record<string, never>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key]!, copy);
  (parent as Record<string, unknown>)[path.at(-1)!] = value;
  return copy as unknown as Manifest;
}

describe('two manifests', () => {
  it('of the same run have no differences', () => {
    expect(differences(manifest, MANIFEST.parse(structuredClone(manifest)))).toEqual([]);
  });

  it.each<[readonly string[], unknown, string]>([
    [['zeroov'], '0.2.0', 'zeroov: 0.1.0 before, 0.2.0 now'],
    [['preprocessing'], 2, 'preprocessing: 1 before, 2 now'],
    [['dataset', 'split'], 'val', 'dataset.split: test before, val now'],
    [['dataset', 'fingerprint'], 'e', `dataset.fingerprint: ${'c'.repeat(40)}… before, e now`],
    [['samples', 'limit'], null, 'samples.limit: 100 before, none now'],
    [['samples', 'sha256'], 'f', `samples.sha256: ${'d'.repeat(40)}… before, f now`],
    [['variants', 'rsvg-zeroov', 'tau'], 0.4, 'variants.rsvg-zeroov.tau: 0.3 before, 0.4 now'],
    [
      ['variants', 'rsvg-zeroov', 'layers'],
      [1, 2, 3, 4],
      'variants.rsvg-zeroov.layers: [16,17,18,19] before, [1,2,3,4] now',
    ],
    [['ablation'], true, 'ablation: false before, true now'],
    [
      ['checkpoints', 'vlm', 'settings'],
      'g',
      `checkpoints.vlm.settings: ${'b'.repeat(40)}… before, g now`,
    ],
    [
      ['checkpoints', 'diffusion', 'weights'],
      [{ bytes: 11, sha256: 'a' }],
      `checkpoints.diffusion.weights: [{"bytes":10,"sha256":"${'a'.repeat(17)}… before, [{"bytes":11,"sha256":"a"}] now`,
    ],
  ])('differ in %j', (path, value, sentence) => {
    expect(differences(manifest, changed(path, value))).toEqual([sentence]);
  });

  it('name a variant that only one of them has', () => {
    const more = changed(['variants', 'no-evolve'], { ...PAPER, order: 'O-F' });
    expect(differences(manifest, more)).toEqual([
      expect.stringMatching(/^variants\.no-evolve: none before, \{"profile".*… now$/),
    ]);
  });

  it.each<[readonly string[], unknown]>([
    [['checkpoints', 'vlm', 'label'], '/elsewhere/vlm'],
    [['about', 'root'], '/elsewhere'],
    [['about', 'threads'], 8],
  ])('may differ in %j: it changes no answer', (path, value) => {
    expect(differences(manifest, changed(path, value))).toEqual([]);
  });
});
