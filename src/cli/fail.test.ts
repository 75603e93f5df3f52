import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { ZeroovError } from '../errors.ts';
import { failureOf } from './fail.ts';

const quiet = { stack: false };

describe('failureOf', () => {
  it('says an error of the table in one sentence with its code and status', () => {
    const error = new ZeroovError('EXPRESSION_EMPTY', {});
    expect(failureOf(error, quiet)).toEqual({
      exit: 2,
      lines: [`zeroov: ${error.message} [EXPRESSION_EMPTY]`],
      object: error.toJSON(),
    });
  });

  it('calls everything else a bug, with its stack on request only', () => {
    const error = new TypeError('x is not a function\nand more');
    const failure = failureOf(error, quiet)!;
    expect(failure.exit).toBe(70);
    expect(failure.lines).toEqual([
      expect.stringMatching(
        /^zeroov: a bug of zeroov: TypeError: x is not a function; .*\[INTERNAL\]$/,
      ),
    ]);
    expect(failure.object).toMatchObject({ code: 'INTERNAL', class: 'InternalError' });
    expect(failureOf(error, { stack: true })!.lines.join('\n')).toContain('fail.test.ts');
  });

  it('brings what commander says to one line, and exits with 2', () => {
    const message = "error: unknown option '--tua'\n(Did you mean --tau?)";
    const failure = failureOf(new CommanderError(1, 'commander.unknownOption', message), quiet);
    expect(failure).toMatchObject({
      exit: 2,
      lines: ['zeroov: unknown option \'--tua\' (Did you mean --tau?); see "zeroov help" [USAGE]'],
    });
  });

  it('is nothing for help and version', () => {
    expect(failureOf(new CommanderError(0, 'commander.version', '0.1.0'), quiet)).toBeNull();
  });
});
