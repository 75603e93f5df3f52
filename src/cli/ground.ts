/** `zeroov ground`: an expression and a picture in, the object's outline and its record out. */
import { Command } from 'commander';
import { throwIfAborted, ZeroovError } from '../errors.ts';
import { type OpenedImage, openImage } from '../imagery/open.ts';
import { checkExpression, createGrounder, type Grounder } from '../pipeline/grounder.ts';
import { recordOf } from '../pipeline/record.ts';
import { whyNot } from '../runtime/providers.ts';
import type { Context } from './context.ts';
import { type CheckpointPair, demoSet } from './demo-set.ts';
import { type Answer, filesOf, namesOf } from './ground-files.ts';
import { addGroundFlags, type GroundFlags, methodOptionsOf } from './ground-flags.ts';
import { summaryOf } from './ground-summary.ts';
import { toJson } from './json.ts';
import { type OutputFolder, openOutputFolder } from './output-folder.ts';
import { flagOf } from './parse.ts';
import { stageBars } from './progress.ts';
import { offerIfMissing } from './pull.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const HELP = `
Several expressions share one look at the picture and go to OUT/1-…, OUT/2-…; one goes to OUT itself.
Not found is an answer: the exit status is 0 and "found" is false. Boxes are [x1, y1, x2, y2] in pixels,
far edge exclusive.

Examples:
  $ zeroov ground scene.png "the blue building"
  $ zeroov ground harbour.jpg "the white ship next to the pier" -o out \\
      --vlm Qwen/Qwen2.5-VL-7B-Instruct --diffusion CompVis/stable-diffusion-v1-4
  $ zeroov ground harbour.jpg "the crane" "the largest tank" -o out --preset no-focus --json
`;

export function groundCommand({ signal }: Context): Command {
  const command = new Command('ground')
    .description(
      'find what an expression says in a picture; write its mask, box, pictures and record',
    )
    .argument('<image>', 'PNG, JPEG, WebP or 8-bit TIFF')
    .argument('<expression...>', 'what to look for, in your own words')
    .addHelpText('after', HELP);
  return addGroundFlags(command).action(
    async (image: string, expressions: string[], _flags: unknown, self: Command) => {
      const flags = self.optsWithGlobals<GroundFlags>();
      try {
        await run({ image, expressions, flags, signal, terminal: openTerminal(flags) });
      } catch (error) {
        throw asFlagError(error);
      }
    },
  );
}

interface Job {
  readonly image: string;
  readonly expressions: readonly string[];
  readonly flags: GroundFlags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

/** What can be refused is refused before a network runs: text, picture, checkpoints, and where to write. */
async function run(job: Job): Promise<void> {
  const { expressions, flags, signal } = job;
  const maps = flags.saveMaps === true;
  const started = performance.now();
  const { opened, grounder } = await open(job);
  let output: OutputFolder | undefined;
  try {
    if (flags.output !== undefined) {
      output = await openOutputFolder(flags.output, namesOf(expressions, { maps }));
    }
    const openSeconds = (performance.now() - started) / 1000;
    const answers = await answerAll({ ...job, opened, grounder, openSeconds });
    if (output) {
      const files = await filesOf(answers, { image: opened.image, maps });
      throwIfAborted(signal);
      await output.commit(files);
    }
    report(answers, job);
  } catch (error) {
    await output?.abandon();
    throw error;
  } finally {
    await grounder.dispose();
  }
}

async function open(job: Job): Promise<{ opened: OpenedImage; grounder: Grounder }> {
  const { expressions, flags, signal, terminal } = job;
  for (const expression of expressions) checkExpression(expression);
  const opened = await openImage(job.image);
  const pair = checkpointsOf(flags, terminal);
  for (const id of [pair.vlm, pair.diffusion]) {
    if (id !== undefined) await offerIfMissing(terminal, { id, signal });
  }
  throwIfAborted(signal);
  const { provider, threads } = flags;
  assertMayStart(provider);
  return { opened, grounder: await createGrounder({ ...pair, provider, threads }) };
}

interface OpenJob extends Job {
  readonly opened: OpenedImage;
  readonly grounder: Grounder;
  readonly openSeconds: number;
}

async function answerAll(job: OpenJob): Promise<Answer[]> {
  const { opened, grounder, openSeconds, expressions, flags, signal, terminal } = job;
  const options = grounder.options(methodOptionsOf(flags));
  const bars = stageBars(terminal);
  try {
    const watch = { signal, onProgress: bars.show };
    const groundings = await grounder.groundAll(opened.image, expressions, {
      ...options,
      ...watch,
    });
    const { checkpoints, provider = 'none', threads } = grounder;
    const image = { ...opened.image, sha256: opened.sha256 };
    const about = { image, checkpoints, options, openSeconds, provider, threads };
    return groundings.map((grounding) => ({
      grounding,
      record: recordOf({ grounding, ...about }),
    }));
  } finally {
    bars.stop();
  }
}

function report(answers: readonly Answer[], { flags, terminal }: Job): void {
  const records = answers.map((answer) => answer.record);
  if (flags.json) {
    terminal.print(toJson(records.length === 1 ? records[0] : records));
    return;
  }
  for (const [i, { record }] of answers.entries()) {
    if (i > 0) terminal.print('');
    for (const line of summaryOf(record, { i, of: answers.length, flags, terminal })) {
      terminal.print(line);
    }
  }
}

/** The checkpoints that were named; the demo set where none was. @throws OPTION_INVALID where there is no demo set */
function checkpointsOf(flags: GroundFlags, terminal: Terminal): Partial<CheckpointPair> {
  const { vlm, diffusion } = flags;
  if (vlm !== undefined || diffusion !== undefined) return { vlm, diffusion };
  const demo = demoSet();
  if (!demo) {
    throw new ZeroovError('OPTION_INVALID', {
      option: '--vlm and --diffusion',
      expected:
        'checkpoints (folders or hub ids, e.g. Qwen/Qwen2.5-VL-7B-Instruct and CompVis/stable-diffusion-v1-4), since this copy has no demo set',
      got: 'none',
    });
  }
  terminal.note(
    'using the demo set, which knows synthetic scenes only; for real imagery give --vlm and --diffusion',
  );
  return demo;
}

/** Known beforehand, it is said in one sentence; a failed start prints what the native library has to say. */
function assertMayStart(provider: GroundFlags['provider']): void {
  const reason = provider && provider !== 'auto' && whyNot(provider);
  if (reason) throw new ZeroovError('PROVIDER_UNAVAILABLE', { provider, reason });
}

/** The library names its options in its own way; here they are flags. */
function asFlagError(error: unknown): unknown {
  if (!(error instanceof ZeroovError) || error.code !== 'OPTION_INVALID') return error;
  const { fields } = error as ZeroovError<'OPTION_INVALID'>;
  const option = flagOf(fields.option);
  return new ZeroovError('OPTION_INVALID', { ...fields, option }, { cause: error });
}
