/** `zeroov compare`: whether one run is better than another, or only looks so. */
import { Command } from 'commander';
import { compareRuns, type RunComparison } from '../evaluation/compare-runs.ts';
import type { TargetComparison } from '../evaluation/metrics/compare.ts';
import { toJson } from './json.ts';
import { type GlobalOptions, openTerminal } from './terminal.ts';

const HELP = `
RUN is a folder that "zeroov evaluate -o" wrote, or RUN/PRESET where it tried several. Both must be over the same samples; one that
failed counts as nothing found. Intervals: paired bootstrap over samples. p: McNemar's test of the samples that pass IoU 0.5 in one
run only; below 0.05, the difference in Pr@0.5 is hardly chance.

Examples:
  $ zeroov compare run run/no-evolve
  $ zeroov compare run theirs --json
`;

export function compareCommand(): Command {
  return new Command('compare')
    .description('compare two runs over the same samples, with intervals and a test')
    .argument('<run-a>', 'folder of a run')
    .argument('<run-b>', 'folder of another')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', HELP)
    .action(async (a: string, b: string, _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<GlobalOptions>();
      const terminal = openTerminal(flags);
      const compared = await compareRuns(a, b);
      if (flags.json) terminal.print(toJson(compared));
      else for (const line of linesOf(compared, [a, b])) terminal.print(line);
    });
}

function linesOf(compared: RunComparison, [a, b]: readonly [string, string]): string[] {
  const { dataset, split, n } = compared.a;
  const named = (preset: string | null) => preset ?? 'predictions of another program';
  return [
    `${dataset} ${split}, ${n} samples, profile ${compared.profile}, in percent`,
    `A  ${a} (${named(compared.a.preset)})`,
    `B  ${b} (${named(compared.b.preset)})`,
    ...targetLines('boxes', compared.box),
    ...targetLines('masks', compared.mask),
  ];
}

function targetLines(title: string, compared: TargetComparison | null): string[] {
  if (!compared) return [];
  const rows = (['mIoU', 'Pr@0.5', 'oIoU'] as const).map((name) => {
    const { a, b, difference, interval } = compared[name];
    const numbers = [say(a), say(b), saySigned(difference)].map((text) => text.padStart(9));
    return `${name.padEnd(7)}${numbers.join('')}   [${interval.map(saySigned).join(', ')}]`;
  });
  const { onlyFirst, onlySecond, exact, midP } = compared.mcnemar;
  return [
    '',
    `${title.padEnd(7)}${['A', 'B', 'B − A'].map((text) => text.padStart(9)).join('')}   95 % interval`,
    ...rows,
    `IoU 0.5 is passed by A alone ${onlyFirst} times, by B alone ${onlySecond}: McNemar p ${sayP(exact)} (exact), ${sayP(midP)} (mid-p)`,
  ];
}

function say(value: number): string {
  return value.toFixed(2);
}

function saySigned(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

function sayP(p: number): string {
  return p < 0.0001 ? '< 0.0001' : p.toFixed(4);
}
