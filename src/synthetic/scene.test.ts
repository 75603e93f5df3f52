import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CATEGORY_NAMES, categorySpec } from './categories.ts';
import { referents } from './check.ts';
import { makeScene, type Scene, type SceneObject } from './scene.ts';
import { KINDS, STAGES, type StageName } from './stages.ts';

const SEEDS = Array.from({ length: 120 }, (_, i) => i * 7919 + 3);
const STAGE_NAMES = Object.keys(STAGES) as StageName[];
const scenesOf = (stage: StageName): Scene[] =>
  SEEDS.map((seed) => makeScene({ seed, sizePx: 64, stage }));

function tightBox({ mask }: SceneObject, side: number): number[] {
  const on = [...mask.keys()].filter((i) => mask[i] === 1);
  const xs = on.map((i) => i % side);
  const ys = on.map((i) => Math.floor(i / side));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
}

describe('makeScene', () => {
  it('gives the same bytes for the same seed and others for another', () => {
    const a = makeScene({ seed: 41, sizePx: 96 });
    const b = makeScene({ seed: 41, sizePx: 96 });
    const c = makeScene({ seed: 42, sizePx: 96 });
    expect(a.image.data).toEqual(b.image.data);
    expect(a.expressions).toEqual(b.expressions);
    expect(c.image.data).not.toEqual(a.image.data);
  });

  // Other bytes would be other held-out scenes than those that the demo set's figures are of.
  it('makes the scenes that it always made', () => {
    const hash = createHash('sha256');
    for (const seed of [900_000_000, 960_000_003, 970_000_007]) {
      const { image, objects, expressions } = makeScene({ seed, sizePx: 96, stage: 'd' });
      hash.update(image.data);
      for (const { mask, ...facts } of objects) hash.update(mask).update(JSON.stringify(facts));
      hash.update(JSON.stringify(expressions));
    }
    expect(hash.digest('hex').slice(0, 16)).toBe('6555d7d08ff15a10');
  });

  it('lays a seed out alike at every size', () => {
    for (const seed of SEEDS.slice(0, 20)) {
      const small = makeScene({ seed, sizePx: 96 });
      const large = makeScene({ seed, sizePx: 192 });
      expect(large.objects.map((o) => [o.category, o.colour])).toEqual(
        small.objects.map((o) => [o.category, o.colour]),
      );
      large.objects.forEach((o, i) => {
        const before = small.objects[i]!.box;
        const moved = o.box.map((v, k) => Math.abs(v / 2 - before[k]!));
        expect(Math.max(...moved)).toBeLessThan(2);
      });
    }
  });

  it('boxes are the tight boxes of masks, areas their pixels, and masks do not overlap', () => {
    for (const scene of scenesOf('d')) {
      const total = new Uint8Array(64 * 64);
      for (const object of scene.objects) {
        expect(object.box).toEqual(tightBox(object, 64));
        expect(object.areaPx).toBe(object.mask.reduce((a, b) => a + b, 0));
        object.mask.forEach((v, i) => {
          total[i] = total[i]! + v;
        });
      }
      expect(Math.max(...total)).toBe(1);
    }
  });

  it.each(STAGE_NAMES)('stage %s holds its number of objects and says only its kinds', (stage) => {
    const [least, most] = STAGES[stage].objects;
    for (const scene of scenesOf(stage)) {
      expect(scene.objects.length).toBeGreaterThanOrEqual(least);
      expect(scene.objects.length).toBeLessThanOrEqual(most);
      for (const { kind } of scene.expressions) {
        expect((STAGES[stage].kinds as readonly string[]).includes(kind)).toBe(true);
      }
    }
  });

  it('paints objects in their colour: the mask’s median differs from the ground around it', () => {
    const scene = makeScene({ seed: 12, sizePx: 128, stage: 'a' });
    const [object] = scene.objects;
    const inside = [...object!.mask.keys()].filter((i) => object!.mask[i] === 1);
    const mean = (pixels: number[], k: number): number =>
      pixels.reduce((sum, i) => sum + scene.image.data[i * 3 + k]!, 0) / pixels.length;
    const outside = [...object!.mask.keys()].filter((i) => object!.mask[i] === 0);
    const apart = [0, 1, 2].map((k) => Math.abs(mean(inside, k) - mean(outside, k)));
    expect(Math.max(...apart)).toBeGreaterThan(25);
  });
});

describe('expressions', () => {
  it.each(STAGE_NAMES)('stage %s: the checker finds exactly the target in the masks', (stage) => {
    let said = 0;
    for (const scene of scenesOf(stage)) {
      for (const { text, targetId, box } of scene.expressions) {
        expect([text, referents(text, scene)]).toEqual([text, targetId === null ? [] : [targetId]]);
        expect(box).toEqual(targetId === null ? null : scene.objects[targetId]!.box);
        said += 1;
      }
    }
    expect(said).toBeGreaterThan(SEEDS.length);
  });

  it('are English: an airplane, the largest ship', () => {
    const texts = scenesOf('d').flatMap(({ expressions }) => expressions.map(({ text }) => text));
    expect(texts.filter((text) => /^an [aeiou]/i.test(text)).length).toBeGreaterThan(10);
    const wrong = /^(a [aeiou]|an [^aeiou]|an? (small|larg)est )/i;
    expect(texts.filter((text) => wrong.test(text))).toEqual([]);
  });

  it('all kinds and all categories appear, with at least ten categories', () => {
    const scenes = scenesOf('d');
    const kinds = new Set(scenes.flatMap((s) => s.expressions.map((e) => e.kind)));
    const categories = new Set(scenes.flatMap((s) => s.objects.map((o) => o.category)));
    expect([...kinds].sort()).toEqual([...KINDS].sort());
    expect(categories.size).toBe(CATEGORY_NAMES.length);
    expect(categories.size).toBeGreaterThanOrEqual(10);
  });
});

describe('referents', () => {
  /** Two red ships and a blue one on a 100 px image, drawn by hand as 10 px squares. */
  const at = (id: number, colour: 'red' | 'blue', [x, y]: readonly [number, number]) => {
    const mask = new Uint8Array(100 * 100);
    for (let i = 0; i < 100; i += 1) mask[(y + Math.floor(i / 10)) * 100 + x + (i % 10)] = 1;
    const box = [x, y, x + 10, y + 10] as const;
    const centre = [x + 5, y + 5] as const;
    const sizeClass = 'small' as const;
    return { id, category: 'ship' as const, colour, sizeClass, mask, box, centre, areaPx: 100 };
  };
  const scene: Scene = {
    seed: 0,
    image: { widthPx: 100, heightPx: 100, data: new Uint8Array(30000) },
    objects: [at(0, 'red', [5, 5]), at(1, 'red', [80, 8]), at(2, 'blue', [45, 80])],
    expressions: [],
  };

  it.each([
    ['the ship', [0, 1, 2]],
    ['A blue boat.', [2]],
    ['the ship that is red', [0, 1]],
    ['red ship in the upper left of the image', [0]],
    ['the second ship from the left', [2]],
    ['the rightmost ship', [1]],
    ['the ship at the bottom', [2]],
    ['the airplane', []],
    ['the thing that sails on the water', [0, 1, 2]],
  ])('%s', (text, ids) => {
    expect(referents(text, scene)?.sort()).toEqual(ids);
  });

  it('is silent about text outside its grammar', () => {
    expect(referents('something or other', scene)).toBeNull();
  });

  it('names and paraphrases belong to one category each', () => {
    const all = CATEGORY_NAMES.flatMap((n) => [
      ...categorySpec(n).names,
      ...categorySpec(n).functions,
    ]);
    expect(new Set(all).size).toBe(all.length);
  });
});
