/** `zeroov demo`: a scene with exact truth, three expressions, and a page to look at. */
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { readJson } from '../checkpoint/json-file.ts';
import { ZeroovError } from '../errors.ts';
import { countPixels } from '../evaluation/metrics/score-sample.ts';
import type { Grounding } from '../pipeline/ground.ts';
import { createGrounder, type Grounder } from '../pipeline/grounder.ts';
import { VERSION } from '../pipeline/version.ts';
import type { Expression } from '../synthetic/expressions.ts';
import { makeScene, type Scene } from '../synthetic/scene.ts';
import { STAGES, type StageName } from '../synthetic/stages.ts';
import type { Mask } from '../tensor/image.ts';
import type { Context } from './context.ts';
import { type DemoCase, demoPage } from './demo-page.ts';
import { drawStages } from './demo-pictures.ts';
import { DEMO_FOLDER, demoSet } from './demo-set.ts';
import { withOutput } from './output-folder.ts';
import { whole } from './parse.ts';
import { stageBars } from './progress.ts';
import { type GlobalOptions, openTerminal, type Terminal } from './terminal.ts';

const HELP = `
Makes a synthetic scene, grounds three expressions in it and compares with the exact truth. No network.

Examples:
  $ zeroov demo
  $ zeroov demo --seed 12 -o look.html
`;
const NOTICE =
  'These small checkpoints were trained on synthetic scenes like this one and know nothing else.';
const COMMANDS = [
  'Qwen/Qwen2.5-VL-3B-Instruct',
  'CompVis/stable-diffusion-v1-4',
  'facebook/sam-vit-huge',
].map((id) => `zeroov models pull ${id}`);
/** Seeds that no training saw start here. */
const FIRST_SEED = 950_000_000;
const CASES = 3;

interface Flags extends GlobalOptions {
  readonly output?: string;
  readonly seed?: number;
}

export function demoCommand({ signal }: Context): Command {
  return new Command('demo')
    .description('ground three expressions in a synthetic scene and write a page with every step')
    .option('-o, --output <file>', 'the page (default: demo.html)')
    .option('--seed <n>', 'another scene', whole('--seed', { min: 0, max: 1_000_000 }))
    .addHelpText('after', HELP)
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await run({ flags, signal, terminal: openTerminal(flags) });
    });
}

interface Job {
  readonly flags: Flags;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

async function run(job: Job): Promise<void> {
  const { flags, terminal } = job;
  const { output = 'demo.html', seed = 0 } = flags;
  const pair = demoSet();
  if (!pair) {
    const hint = 'run the demo in a clone of the repository, or from the published package';
    const file = 'checkpoints/demo';
    throw new ZeroovError('CHECKPOINT_FILE_MISSING', { file, checkpoint: 'of the demo', hint });
  }
  terminal.print(terminal.style('yellow', `${NOTICE} For real imagery: ${COMMANDS.join(' && ')}`));
  const scene = makeScene({ ...(await sceneOptions()), seed: FIRST_SEED + seed });
  const chosen = chooseExpressions(scene);
  const grounder = await createGrounder(pair);
  const page = { path: dirname(output), names: [basename(output)] };
  try {
    await withOutput(page, async (folder) => {
      const cases = await groundAll(grounder, { ...job, scene, chosen });
      for (const shown of cases) terminal.print(lineOf(shown));
      const where = `${grounder.provider}, ${grounder.threads} threads`;
      const footer = `zeroov ${VERSION}, node ${process.version}, ${where}, zeroov demo --seed ${seed}`;
      const bytes = demoPage({ notice: NOTICE, commands: COMMANDS, cases, footer });
      await folder!.commit([{ name: basename(output), bytes }]);
    });
    terminal.print(`wrote ${output}`);
  } finally {
    await grounder.dispose();
  }
}

const sceneSchema = z.strictObject({
  stage: z.enum(Object.keys(STAGES) as [StageName, ...StageName[]]),
  sizePx: z.int().min(32).max(4096),
});

/** The scenes that the demo set was trained for, as it says itself in `scenes.json`. */
async function sceneOptions(): Promise<z.infer<typeof sceneSchema>> {
  const file = join(DEMO_FOLDER, 'scenes.json');
  return readJson({ file, schema: sceneSchema });
}

/** One expression of each kind, about different objects as far as there are; then what is left. */
function chooseExpressions({ expressions }: Scene): Expression[] {
  const chosen: Expression[] = [];
  const rules: ((e: Expression) => boolean)[] = [
    (e) => chosen.every((c) => c.kind !== e.kind && c.targetId !== e.targetId),
    (e) => chosen.every((c) => c.kind !== e.kind),
    () => true,
  ];
  for (const fits of rules) {
    for (const expression of expressions) {
      if (chosen.length === CASES) return chosen;
      if (expression.targetId === null || chosen.includes(expression)) continue;
      if (fits(expression)) chosen.push(expression);
    }
  }
  return chosen;
}

interface SceneJob extends Job {
  readonly scene: Scene;
  readonly chosen: readonly Expression[];
}

async function groundAll(grounder: Grounder, job: SceneJob): Promise<DemoCase[]> {
  const { scene, chosen, terminal, signal } = job;
  const bars = stageBars(terminal);
  const texts = chosen.map((expression) => expression.text);
  const given = { refine: 'box', signal, onProgress: bars.show } as const;
  const groundings = await grounder.groundAll(scene.image, texts, given).finally(bars.stop);
  const cases: DemoCase[] = [];
  for (const [i, grounding] of groundings.entries()) {
    cases.push(await caseOf(grounding, { scene, expression: chosen[i]! }));
  }
  return cases;
}

async function caseOf(
  grounding: Grounding,
  { scene, expression }: { scene: Scene; expression: Expression },
): Promise<DemoCase> {
  const { image, objects } = scene;
  const { widthPx, heightPx } = image;
  const { mask: data } = objects.find((object) => object.id === expression.targetId)!;
  const truth = { widthPx, heightPx, data };
  const { refinement, seconds } = grounding;
  return {
    expression: expression.text,
    kind: expression.kind,
    found: grounding.found,
    iou: iouOf(grounding.mask, truth),
    iouBefore: iouOf(refinement?.before.mask ?? grounding.mask, truth),
    seconds: Object.values(seconds).reduce((sum, part) => sum + part, 0),
    answer: grounding.answer?.text ?? '',
    pictures: await drawStages(grounding, { image, truth }),
  };
}

function iouOf(mask: Mask, truth: Mask): number {
  const { intersection, union } = countPixels({ predicted: mask, truth, ...truth });
  return intersection / (union || 1);
}

function lineOf({ expression, kind, found, iou, iouBefore, seconds }: DemoCase): string {
  const verdict = found ? 'found    ' : 'not found';
  const ious = `IoU ${iouBefore.toFixed(2)}, refined ${iou.toFixed(2)}`;
  return `${verdict}  ${ious}  ${seconds.toFixed(1).padStart(5)} s  ${kind.padEnd(11)}  "${expression}"`;
}
