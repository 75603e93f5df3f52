/** What a command says when it cannot do its work, and the status it exits with. */
import { CommanderError } from 'commander';
import { ZeroovError } from '../errors.ts';
import { flagOf } from './parse.ts';

export interface Failure {
  readonly exit: number;
  /** For stderr. */
  readonly lines: readonly string[];
  /** The error object that `--json` prints on stdout. */
  readonly object: Record<string, unknown>;
}

/**
 * One sentence and its code for an error of the table; anything else is a bug of ours. Null for what is no failure
 * (`--help`, `--version`).
 */
export function failureOf(error: unknown, { stack }: { stack: boolean }): Failure | null {
  if (error instanceof CommanderError && error.exitCode === 0) return null;
  const known = inFlags(asZeroovError(error));
  const lines = [`zeroov: ${known.message} [${known.code}]`];
  const shown = known.cause instanceof Error ? known.cause : known;
  if (stack && shown.stack) lines.push(shown.stack);
  return { exit: known.exit, lines, object: known.toJSON() };
}

function asZeroovError(error: unknown): ZeroovError {
  if (error instanceof ZeroovError) return error;
  if (error instanceof CommanderError) {
    return new ZeroovError('USAGE', { reason: usageReason(error) }, { cause: error });
  }
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new ZeroovError('INTERNAL', { reason: reason.split('\n', 1)[0]! }, { cause: error });
}

/** The library names its options in its own way; on the command line they are flags. */
function inFlags(error: ZeroovError): ZeroovError {
  if (error.code !== 'OPTION_INVALID') return error;
  const { fields } = error as ZeroovError<'OPTION_INVALID'>;
  const option = flagOf(fields.option);
  return new ZeroovError('OPTION_INVALID', { ...fields, option }, { cause: error.cause });
}

/** Commander's sentence on one line: "unknown option '--tua' (Did you mean --tau?)". */
function usageReason({ message, code }: CommanderError): string {
  if (code === 'commander.help') return 'no command given';
  return message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
}
