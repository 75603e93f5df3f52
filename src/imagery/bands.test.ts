import { describe, expect, it } from 'vitest';
import { chooseBands, parseBands } from './bands.ts';

describe('parseBands', () => {
  it('reads one band or three, counted from 1', () => {
    expect(parseBands('4,3, 2')).toEqual([4, 3, 2]);
    expect(parseBands('1')).toEqual([1]);
  });

  it.each(['', '1,2', '1,2,3,4', '0', '-1', '1.5', 'red', '1,,2'])('refuses "%s"', (text) => {
    const refused = {
      code: 'OPTION_INVALID',
      fields: expect.objectContaining({ option: '--bands', got: text }),
    };
    expect(() => parseBands(text)).toThrow(expect.objectContaining(refused));
  });
});

describe('chooseBands', () => {
  const picture = { bands: 5, alpha: null, palette: false };

  it('takes those asked for, as indices, in their order', () => {
    expect(chooseBands(picture, [4, 3, 2])).toEqual([3, 2, 1]);
  });

  it('takes the first three that are not alpha, else the first', () => {
    expect(chooseBands(picture)).toEqual([0, 1, 2]);
    expect(chooseBands({ ...picture, alpha: 1 })).toEqual([0, 2, 3]);
    expect(chooseBands({ bands: 2, alpha: 1, palette: false })).toEqual([0]);
    expect(chooseBands({ bands: 3, alpha: 2, palette: false })).toEqual([0]);
  });

  it('refuses bands that the picture has not', () => {
    const sentence = expect.objectContaining({ message: expect.stringMatching(/bands 1 to 5/) });
    expect(() => chooseBands(picture, [1, 2, 6])).toThrow(sentence);
  });
});
