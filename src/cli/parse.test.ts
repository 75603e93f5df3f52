import { describe, expect, it } from 'vitest';
import { flagOf, number, numbers, oneOf, whole } from './parse.ts';

const refusal = (option: string) =>
  expect.objectContaining({ code: 'OPTION_INVALID', fields: expect.objectContaining({ option }) });

describe('parsers', () => {
  it('read numbers', () => {
    expect(number('--tau')('0.3')).toBe(0.3);
    expect(number('--tau')('-1e-2')).toBe(-0.01);
    expect(numbers('--layers')('16,17, 18')).toEqual([16, 17, 18]);
    expect(whole('--threads', { min: 1, max: 8 })('8')).toBe(8);
    expect(oneOf('--merge', ['pooled', 'flattened'])('pooled')).toBe('pooled');
  });

  it.each(['', ' ', 'x', '1x', 'NaN', 'Infinity', '1,2'])('refuse %j as a number', (text) => {
    expect(() => number('--tau')(text)).toThrow(refusal('--tau'));
  });

  it.each(['-0.001', 'NaN', ''])('refuse %j as a number from 0 on', (text) => {
    expect(() => number('--min-area', { min: 0 })(text)).toThrow(refusal('--min-area'));
    expect(number('--min-area', { min: 0 })('0')).toBe(0);
  });

  it.each(['', '1,,2', '1,x', ','])('refuse %j as numbers', (text) => {
    expect(() => numbers('--layers')(text)).toThrow(refusal('--layers'));
  });

  it.each(['0', '9', '1.5', '1e1', '0x1', ''])('refuse %j as a whole number of 1..8', (text) => {
    expect(() => whole('--threads', { min: 1, max: 8 })(text)).toThrow(refusal('--threads'));
  });

  it('refuse what is not on a list', () => {
    expect(() => oneOf('--merge', ['pooled'])('Pooled')).toThrow(refusal('--merge'));
  });
});

describe('flagOf', () => {
  it.each([
    ['tau', '--tau'],
    ['layerWeights', '--layer-weights'],
    ['layerWeights.0', '--layer-weights'],
    ['tilePx', '--tile'],
    ['maxPixels', '--max-pixels'],
    ['maxNewTokens', '--max-new-tokens'],
    ['the model id', 'the model id'],
    ['HF_ENDPOINT', 'HF_ENDPOINT'],
    ['--count', '--count'],
  ])('%s → %s', (option, flag) => {
    expect(flagOf(option)).toBe(flag);
  });
});
