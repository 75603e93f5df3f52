import { describe, expect, it } from 'vitest';
import { float32 } from '../../tensor/tensor.ts';
import { KINDS } from './prompt-encoder.ts';
import { checkPrompt, type Prompt, promptInputs, tokensOf } from './prompts.ts';

/** A picture of 200 × 100 px, in a square of 400 px. */
const frame = {
  image: { widthPx: 200, heightPx: 100 },
  resized: { widthPx: 400, heightPx: 200 },
  imageSide: 400,
  lowResSide: 4,
};
const check = (prompt: Prompt) => checkPrompt(prompt, { ...frame, number: 3 });
const point = (x: number, y: number) => ({ x, y, positive: true });

describe('checkPrompt', () => {
  it.each<[string, Prompt, string]>([
    ['nothing', {}, 'none of them'],
    ['no point', { points: [] }, 'none of them'],
    ['a box to the right of the picture', { box: [200, 10, 260, 50] }, '200,10,260,50'],
    ['a box above the picture', { box: [10, -20, 60, -1] }, '10,-20,60,-1'],
    ['a box without width', { box: [10, 10, 10, 50] }, '10,10,10,50'],
    ['a box without height', { box: [10, 10, 30, 10] }, '10,10,30,10'],
    ['corners the wrong way round', { box: [30, 40, 10, 20] }, '30,40,10,20'],
    ['NaN in a box', { box: [10, Number.NaN, 30, 40] }, '10,NaN,30,40'],
    ['an infinite box', { box: [-Infinity, 0, 30, 40] }, '-Infinity,0,30,40'],
    ['a point below the picture', { points: [point(10, 10), point(10, 100.5)] }, '10,100.5'],
    ['a point left of it', { points: [point(-0.1, 10)] }, '-0.1,10'],
    ['NaN in a point', { points: [point(Number.NaN, 10)] }, 'NaN,10'],
    ['logits of another size', { maskLogits: float32([4, 5]) }, '[4, 5]'],
    ['NaN in logits', { maskLogits: float32([4, 4], new Float32Array(16).fill(NaN)) }, 'not'],
  ])('refuses %s', (_, prompt, got) => {
    const error = expect.objectContaining({ code: 'PROMPT_INVALID' });
    expect(() => check(prompt)).toThrow(error);
    expect(() => check(prompt)).toThrow(`prompt 3: expected`);
    expect(() => check(prompt)).toThrow(got);
  });

  it.each<[string, Prompt]>([
    ['the whole picture', { box: [0, 0, 200, 100] }],
    ['a box that reaches beyond the picture', { box: [-50, 90, 20, 300] }],
    ['a box smaller than a pixel', { box: [10.2, 10.2, 10.3, 10.3] }],
    [
      'points on all corners',
      { points: [point(0, 0), point(200, 0), point(0, 100), point(200, 100)] },
    ],
    ['logits alone', { maskLogits: float32([4, 4]) }],
  ])('takes %s', (_, prompt) => {
    expect(() => check(prompt)).not.toThrow();
  });
});

/** SAM's own formula: pixels of the square, half a pixel further, then to −1..1. */
const placed = (x: number, y: number) => [
  (2 * (2 * x + 0.5)) / 400 - 1,
  (2 * (2 * y + 0.5)) / 400 - 1,
];

describe('tokensOf', () => {
  it('puts points first, then the corners of the box', () => {
    const points = [point(10, 20), { x: 200, y: 100, positive: false }];
    const tokens = tokensOf({ points, box: [30, 40, 50, 60] }, frame);
    expect(tokens.map(({ kind }) => kind)).toEqual([
      KINDS.positive,
      KINDS.negative,
      KINDS.topLeft,
      KINDS.bottomRight,
    ]);
    const expected = [placed(10, 20), placed(200, 100), placed(30, 40), placed(50, 60)];
    expect(tokens.map(({ place }) => place)).toEqual(expected);
  });

  it('closes points without a box with a padding token', () => {
    const tokens = tokensOf({ points: [point(10, 20)] }, frame);
    expect(tokens.map(({ kind }) => kind)).toEqual([KINDS.positive, KINDS.padding]);
    expect(tokensOf({ maskLogits: float32([4, 4]) }, frame)).toEqual([]);
  });

  it('cuts a box off at the borders', () => {
    const box = tokensOf({ box: [-50, 90, 20, 300] }, frame);
    expect(box).toEqual(tokensOf({ box: [0, 90, 20, 100] }, frame));
  });
});

it('promptInputs lays prompts out one after the other', () => {
  const maskLogits = float32([4, 4], new Float32Array(16).fill(2));
  const prompts = [
    { points: [point(1, 2)], maskLogits },
    { points: [point(3, 4)], maskLogits },
  ];
  const { places, kinds, masks } = promptInputs(prompts, frame);
  expect([places!.shape, kinds!.shape, masks!.shape]).toEqual([
    [2, 2, 2],
    [2, 2],
    [2, 1, 4, 4],
  ]);
  expect([...(places!.data as Float32Array).subarray(4, 6)]).toEqual(placed(3, 4).map(Math.fround));
  expect([...(masks!.data as Float32Array)]).toEqual(new Array(32).fill(2));
  expect(promptInputs([{ box: [1, 2, 3, 4] }], frame)).not.toHaveProperty('masks');
});
