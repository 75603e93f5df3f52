/** How a command speaks: data on stdout, everything else on stderr. */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { ZeroovError } from '../errors.ts';

/** The options every command has. */
export interface GlobalOptions {
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
  /** Commands that have it print one JSON document and nothing else. */
  readonly json?: boolean;
}

export interface Terminal {
  /** Whether bars are drawn: on a terminal that a person watches. */
  readonly bars: boolean;
  /** Whether a question may be asked. */
  readonly interactive: boolean;
  /** Data, a line, to stdout. */
  print(line: string): void;
  /** Something worth knowing, to stderr; not with `-q`. */
  note(line: string): void;
  /** To stderr, with `-v` only. */
  detail(line: string): void;
  /** `text` in a style where stdout shows colours. */
  style(style: 'bold' | 'dim' | 'green' | 'yellow', text: string): string;
  /** Asks for yes or no on the terminal. @throws CANCELLED */
  confirm(question: string, signal?: AbortSignal): Promise<boolean>;
}

export function openTerminal(options: GlobalOptions): Terminal {
  const { quiet = false, verbose = false, json = false } = options;
  const colours = showsColours(options, process.stdout);
  const watched = process.stderr.isTTY === true && !process.env['CI'] && !quiet;
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  return {
    bars: watched,
    interactive: watched && process.stdin.isTTY === true && !json,
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => (quiet ? undefined : say(line)),
    detail: (line) => (verbose ? say(line) : undefined),
    style: (style, text) => (colours ? styleText(style, text) : text),
    confirm,
  };
}

/** `--no-color`, then NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal. */
export function showsColours(
  { color = true }: GlobalOptions,
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (!color || env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0';
  return stream.isTTY === true;
}

async function confirm(question: string, signal?: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const asked = signal ? lines.question(question, { signal }) : lines.question(question);
    return /^y(es)?$/i.test((await asked).trim());
  } catch (cause) {
    throw new ZeroovError('CANCELLED', {}, { cause });
  } finally {
    lines.close();
  }
}
