import { ZeroovError } from '../errors.ts';
import { flagOf } from './parse.ts';

/** The library names its options in its own way; on the command line they are flags. */
export function asFlagError(error: unknown): unknown {
  if (!(error instanceof ZeroovError) || error.code !== 'OPTION_INVALID') return error;
  const { fields } = error as ZeroovError<'OPTION_INVALID'>;
  const option = flagOf(fields.option);
  return new ZeroovError('OPTION_INVALID', { ...fields, option }, { cause: error });
}
