/**
 * Chooses what goes into the demo VLM's zeroov.json, on validation scenes (seeds from 960 000 000; never those that are
 * reported): the networks run once an expression, then every setting is tried on what they said.
 *
 *     npx tsx training/choose-options.ts --stage b --expressions 60 --layers 3,4
 *
 * Prints the best settings by the mask's mean IoU, and the best of each set of layers, resolutions and interaction.
 */
import { parseArgs } from 'node:util';
import { demoSet } from '../src/cli/demo-set.ts';
import { heldOutScenes } from '../src/evaluation/held-out-scenes.ts';
import { rescore } from '../src/evaluation/sweep/rescore.ts';
import { createGrounder } from '../src/index.ts';
import { weighLayers } from '../src/pipeline/overview.ts';
import { INTERACTIONS, type MethodOptions } from '../src/pipeline/presets.ts';
import type { StageName } from '../src/synthetic/stages.ts';
import { encodeRle } from '../src/tensor/rle.ts';
import { float32 } from '../src/tensor/tensor.ts';

const { values: flags } = parseArgs({
  options: {
    stage: { type: 'string', default: 'b' },
    expressions: { type: 'string', default: '60' },
    seed: { type: 'string', default: '960000000' },
    layers: { type: 'string', default: '3,4' },
    interactions: { type: 'string', default: INTERACTIONS.join() },
    shown: { type: 'string', default: '12' },
  },
});

const interactions = INTERACTIONS.filter((name) => flags.interactions.split(',').includes(name));
const SIZE = { widthPx: 256, heightPx: 256 };
const RESOLUTIONS = [[16], [32], [16, 32]];
const SEEDS = [3, 7];
const TAUS = [0.2, 0.3, 0.4, 0.5];
const ALPHAS = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];

const layers = flags.layers.split(',').map(Number);
/** Each layer alone, and all with equal weights. */
const WEIGHTS = [
  ...layers.map((_, i) => layers.map((__, k) => (k === i ? 1 : 0))),
  layers.map(() => 1 / layers.length),
].slice(layers.length === 1 ? 1 : 0);

const grounder = await createGrounder({ ...demoSet()!, provider: 'cpu', keepLoaded: true });
const base = grounder.options({ layers, layerWeights: layers.map(() => 1 / layers.length) });

/** Every setting that reads the same relevance. */
const settings: MethodOptions[] = SEEDS.flatMap((seeds) =>
  TAUS.flatMap((tau) =>
    ALPHAS.flatMap((alpha) => [
      { ...base, order: 'O' as const, seeds, tau, alpha },
      { ...base, order: 'O-E' as const, seeds, tau, alpha },
      ...RESOLUTIONS.flatMap((resolutions) =>
        interactions.map((interaction) => ({
          ...base,
          order: 'O-F-E' as const,
          resolutions,
          interaction,
          seeds,
          tau,
          alpha,
        })),
      ),
    ]),
  ),
);

const dataset = heldOutScenes({
  scenes: 1000,
  stage: flags.stage as StageName,
  sizePx: SIZE.widthPx,
  seed: Number(flags.seed),
});
/** A few expressions of each scene, so that many scenes are among them. */
const samples = dataset.samples
  .filter(({ id, kind }) => /-[036]$/.test(id) && kind !== 'absent')
  .slice(0, Number(flags.expressions));

const sums = WEIGHTS.map(() => settings.map(() => 0));
for (const [n, sample] of samples.entries()) {
  const image = await sample.readImage!();
  const { mask, box } = await sample.readTruth();
  const evidence = await grounder.gather(image, sample.expression, base, [
    { ...base, order: 'O-F-E', resolutions: [16, 32] },
  ]);
  const shape = [SIZE.heightPx, SIZE.widthPx];
  const truth = { box, mask: encodeRle({ dtype: 'bool', shape, data: mask!.data }) };
  for (const [w, weights] of WEIGHTS.entries()) {
    const relevance = float32(evidence.relevance!.shape, weighLayers(evidence.layers!, weights));
    const scored = rescore({ size: SIZE, truth }, { ...evidence, relevance }, settings);
    for (const [i, { mask: counts }] of scored.entries()) {
      sums[w]![i]! += counts && counts.union > 0 ? counts.intersection / counts.union : 0;
    }
  }
  process.stderr.write(`\r${n + 1} of ${samples.length}`);
}
await grounder.dispose();

const rows = WEIGHTS.flatMap((weights, w) =>
  settings.map((o, i) => ({ weights, o, miou: (100 * sums[w]![i]!) / samples.length })),
).sort((a, b) => b.miou - a.miou);

const group = ({ weights, o }: (typeof rows)[number]): string =>
  [weights.join(), o.order, o.order === 'O-F-E' ? `${o.resolutions} ${o.interaction}` : ''].join(
    ' ',
  );
const print = (title: string, chosen: typeof rows): void => {
  console.log(`\n${title}`);
  for (const { weights, o, miou } of chosen) {
    const { order, resolutions, interaction, seeds, tau, alpha } = o;
    console.log(
      `${miou.toFixed(1)}  weights ${weights.join()}  ${order}  ${resolutions.join('+')}  ${interaction}  K ${seeds}  τ ${tau}  α ${alpha}`,
    );
  }
};
console.log(
  `\nstage ${flags.stage}, layers ${flags.layers}, ${samples.length} expressions, mask mIoU (%)`,
);
print('best', rows.slice(0, Number(flags.shown)));
const seen = new Set<string>();
print(
  'best of each',
  rows.filter((row) => !seen.has(group(row)) && seen.add(group(row))),
);
