/**
 * What does a small trained set find in synthetic scenes it has not seen? Boxes and masks against exact truth, for the
 * variants of the method, from one run of the networks a scene.
 *
 *   npx tsx bench/demo-set.ts [--vlm DIR --diffusion DIR] [--stage a] [--scenes 60] [--seed 970000000] [--size 256]
 *     [--layers 0,1,2,4] [--layer-weights …] [--resolutions 16,32] [--alpha 0.4] [--tau 0.3]
 *
 * Seeds from 900 000 000 are held out from training; 960 000 000 … choose options, 970 000 000 … are for reporting.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Evidence } from '../src/pipeline/gather.ts';
import { decide } from '../src/pipeline/ground.ts';
import { createGrounder } from '../src/pipeline/grounder.ts';
import type { Finding } from '../src/pipeline/mask.ts';
import { type GroundOptions, INTERACTIONS, resolveOptions } from '../src/pipeline/presets.ts';
import { makeScene, type SceneObject } from '../src/synthetic/scene.ts';
import { STAGES, type StageName } from '../src/synthetic/stages.ts';
import type { Box } from '../src/tensor/image.ts';
import { argmax } from '../src/tensor/reduce.ts';
import { machine, median } from './report.ts';

const demo = (name: string) =>
  fileURLToPath(new URL(`../checkpoints/demo/${name}`, import.meta.url));
const list = (text: string | undefined) => text?.split(',').map(Number);
const { values: flags } = parseArgs({
  options: {
    vlm: { type: 'string', default: demo('vlm') },
    diffusion: { type: 'string', default: demo('sd') },
    stage: { type: 'string', default: 'a' },
    scenes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '970000000' },
    size: { type: 'string', default: '256' },
    resolutions: { type: 'string' },
    layers: { type: 'string' },
    'layer-weights': { type: 'string' },
    alpha: { type: 'string' },
    tau: { type: 'string' },
  },
});

const given: GroundOptions = {
  layers: list(flags.layers),
  layerWeights: list(flags['layer-weights']),
  alpha: flags.alpha === undefined ? undefined : Number(flags.alpha),
  tau: flags.tau === undefined ? undefined : Number(flags.tau),
  resolutions: list(flags.resolutions),
};

/** Intersection over union of two sets of pixels, H·W of 0/1. */
function maskIou(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (const [i, pixel] of a.entries()) {
    both += pixel && b[i] ? 1 : 0;
    either += pixel || b[i] ? 1 : 0;
  }
  return either === 0 ? 0 : both / either;
}

/** Of boxes with continuous edges; nothing found is 0. */
function boxIou(a: Box | null, b: Box): number {
  if (!a) return 0;
  const side = (k: 0 | 1) => Math.max(0, Math.min(a[k + 2]!, b[k + 2]!) - Math.max(a[k]!, b[k]!));
  const area = (x: Box) => (x[2] - x[0]) * (x[3] - x[1]);
  const both = side(0) * side(1);
  return both / (area(a) + area(b) - both);
}

/** By row of the table: the IoUs of every expression. */
const rows = new Map<string, { box: number[]; mask: number[] }>();
function note(row: string, finding: Finding, truth: SceneObject): void {
  const entry = rows.get(row) ?? { box: [], mask: [] };
  entry.box.push(boxIou(finding.box, truth.box));
  entry.mask.push(maskIou(finding.mask.data, truth.mask));
  rows.set(row, entry);
}

/** Whether the relevance map's largest cell lies in the object: its centre, on the mask. */
function peakInside({ relevance }: Evidence, truth: SceneObject, sizePx: number): boolean {
  const { shape, data } = relevance!;
  const [height, width] = shape as readonly [h: number, w: number];
  const at = argmax(data);
  const x = Math.floor((((at % width) + 0.5) * sizePx) / width);
  const y = Math.floor(((Math.floor(at / width) + 0.5) * sizePx) / height);
  return truth.mask[y * sizePx + x] === 1;
}

const grounder = await createGrounder({
  vlm: flags.vlm,
  diffusion: flags.diffusion,
  provider: 'cpu',
  keepLoaded: true,
});
const sizePx = Number(flags.size);
const size = { widthPx: sizePx, heightPx: sizePx };
const base = grounder.options(given);
const seconds: number[] = [];
let [peaks, count] = [0, 0];
for (let i = 0; i < Number(flags.scenes); i += 1) {
  const stage = flags.stage as StageName;
  const scene = makeScene({ seed: Number(flags.seed) + i, sizePx, stage });
  for (const object of scene.objects) {
    const said = scene.expressions.find((e) => e.targetId === object.id);
    if (!said) continue;
    const start = performance.now();
    const evidence = await grounder.gather(scene.image, said.text, given, [base]);
    seconds.push((performance.now() - start) / 1000);
    count += 1;
    peaks += peakInside(evidence, object, sizePx) ? 1 : 0;
    const variant = (row: string, options: GroundOptions) =>
      note(row, decide(evidence, size, resolveOptions({ ...base, ...options })), object);
    variant('direct box', { order: 'direct-box' });
    variant('overview only', { order: 'O' });
    variant('without Focus', { order: 'O-E' });
    variant('without Evolve', { order: 'O-F' });
    variant('O-E-F', { order: 'O-E-F' });
    for (const interaction of INTERACTIONS) variant(`O-F-E, ${interaction}`, { interaction });
  }
}
await grounder.dispose();

const percent = (value: number) => (100 * value).toFixed(1).padStart(6);
const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
const passing = (values: readonly number[]) => mean(values.map((x) => (x >= 0.5 ? 1 : 0)));
console.log(machine());
console.log(
  `stage ${flags.stage} (${STAGES[flags.stage as StageName].objects.join(' to ')} objects), ${count} expressions, scenes from seed ${flags.seed}, ${sizePx} px, ${median(seconds).toFixed(2)} s each (median)`,
);
console.log(`argmax of the relevance map in the object: ${percent(peaks / count)} %`);
console.log('                          box Pr@0.5   mIoU   mask Pr@0.5   mIoU   (%)');
for (const [row, { box, mask }] of rows) {
  console.log(
    `${row.padEnd(24)} ${percent(passing(box))}     ${percent(mean(box))}      ${percent(passing(mask))}   ${percent(mean(mask))}`,
  );
}
