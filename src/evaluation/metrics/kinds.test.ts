import { describe, expect, it } from 'vitest';
import { makeScene } from '../../synthetic/scene.ts';
import type { Kind } from '../../synthetic/stages.ts';
import { type ExpressionKind, kindOfExpression } from './kinds.ts';

describe('kindOfExpression', () => {
  it.each<[ExpressionKind, string]>([
    ['attribute', 'The airport'],
    ['attribute', 'A blue tennis court with a white roof'],
    ['attribute', 'the largest ship'],
    ['attribute', 'a chimney in the shape of a ring'],
    ['image-relative', 'The baseball field on the top'],
    ['image-relative', 'a gray road in the middle of the image'],
    ['image-relative', 'the second plane from the left'],
    ['image-relative', 'the tank at the bottom right corner of the picture'],
    ['image-relative', 'The LEFTMOST ship.'],
    ['object-relative', 'The vehicle is on the left side of a vehicle'],
    ['object-relative', 'The overpass on the lower left of the storage tank below'],
    ['object-relative', 'the ship above the pier'],
    ['object-relative', 'vehicle in the parking area'],
    ['object-relative', 'ground track field surrounded by the grandstand'],
  ])('%s: %s', (kind, expression) => {
    expect(kindOfExpression(expression)).toBe(kind);
  });

  it('agrees with what the scenes of the synthetic set were told to say', () => {
    const meant: Partial<Record<Kind, ExpressionKind>> = {
      category: 'attribute',
      colour: 'attribute',
      size: 'attribute',
      position: 'image-relative',
      ordinal: 'image-relative',
      relation: 'object-relative',
    };
    const scenes = [1, 2, 3, 4, 5, 6].map((seed) => makeScene({ stage: 'd', sizePx: 64, seed }));
    const labelled = scenes
      .flatMap(({ expressions }) => expressions)
      .filter(({ kind }) => meant[kind]);
    expect(labelled.length).toBeGreaterThan(80);
    const wrong = labelled.filter(({ kind, text }) => kindOfExpression(text) !== meant[kind]);
    expect(wrong.map(({ text }) => text)).toEqual([]);
  });
});
