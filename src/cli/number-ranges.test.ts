import { describe, expect, it } from 'vitest';
import { numberRanges } from './number-ranges.ts';

const parse = numberRanges('--tau');

describe('ranges of numbers', () => {
  it('have both ends, in numbers as a person would write them', () => {
    expect(parse('0.1:0.4:0.1')).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(parse('0.1:0.6:0.05')).toHaveLength(11);
    expect(parse('1:8:3,20,4')).toEqual([1, 4, 7, 20]);
    expect(parse('5')).toEqual([5]);
  });

  it.each(['', '1:2', '1:2:0', '2:1:0.1', '1:2:3:4', 'a', '0.1,', '0:1:1e-9', '1:Infinity:1'])(
    'refuse %j',
    (text) => {
      expect(() => parse(text)).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          message: expect.stringContaining('--tau'),
        }),
      );
    },
  );
});
