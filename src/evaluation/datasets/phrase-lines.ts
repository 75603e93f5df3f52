/** The `output_phrase_*.txt` of RISBench and RefSegRS: a name, a space, an expression that may hold more spaces. */
import { linesOf, type Place } from './parse-annotations.ts';

export interface PhraseLine extends Place {
  readonly name: string;
  readonly expression: string;
}

export function phraseLines(text: string, file: string): PhraseLine[] {
  return linesOf(text).map(({ line, number }) => {
    const [, name, expression] = /^(\S+)\s*(.*)$/s.exec(line.trim())!;
    return { file, where: `line ${number}`, name: name!, expression: expression! };
  });
}
