/**
 * How large is the evidence of a sample, how long does it take to keep, and what does rounding it to half floats do to a mask?
 * The demo set on scenes of one object; masks from what is stored against masks from what the networks gave.
 *
 *   npx tsx bench/evidence.ts [--scenes 10] [--stage a]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FIRST_SEED, heldOutScenes } from '../src/evaluation/held-out-scenes.ts';
import { scoreSample } from '../src/evaluation/metrics/score-sample.ts';
import { decodeEvidence, encodeEvidence } from '../src/evaluation/run/evidence-codec.ts';
import { decide } from '../src/pipeline/ground.ts';
import { createGrounder } from '../src/pipeline/grounder.ts';
import { INTERACTIONS } from '../src/pipeline/presets.ts';
import { rleOf } from '../src/pipeline/record-parts.ts';
import type { StageName } from '../src/synthetic/stages.ts';
import { machine, median, timed } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    scenes: { type: 'string', default: '10' },
    stage: { type: 'string', default: 'a' },
  },
});
const demo = (name: string) =>
  fileURLToPath(new URL(`../checkpoints/demo/${name}`, import.meta.url));
const { samples } = heldOutScenes({
  scenes: Number(flags.scenes),
  stage: flags.stage as StageName,
  sizePx: 256,
  seed: FIRST_SEED,
});
const grounder = await createGrounder({
  vlm: demo('vlm'),
  diffusion: demo('sd'),
  keepLoaded: true,
});

const columns = new Map<string, number[]>();
const note = (name: string, value: number) => {
  columns.set(name, [...(columns.get(name) ?? []), value]);
};
const pictures = new Set<string>();
for (const sample of samples) {
  if (pictures.has(sample.image)) continue;
  pictures.add(sample.image);
  const image = await sample.readImage!();
  const o = grounder.options();
  const seen = await grounder.gather(image, sample.expression, o, [o]);
  const parts = { id: '', size: image, truth: { box: null, mask: null }, evidence: [seen] };
  const { value: encoded, seconds: encode } = await timed(async () => encodeEvidence(parts));
  const { value: packed, seconds: pack } = await timed(async () => gzipSync(encoded, { level: 1 }));
  const { value: stored, seconds: decode } = await timed(async () =>
    decodeEvidence(gunzipSync(packed)),
  );
  note('MB', encoded.length / 1e6);
  note('MB, compressed', packed.length / 1e6);
  note('ms to encode', 1000 * encode);
  note('ms to compress', 1000 * pack);
  note('ms to read', 1000 * decode);
  for (const interaction of INTERACTIONS) {
    const [mask, truth] = [stored!.evidence[0]!, seen].map(
      (evidence) => decide(evidence, image, { ...o, interaction }).mask,
    );
    const { native } = scoreSample({ box: null, mask: rleOf(mask!) }, { box: null, mask: truth! })
      .mask!;
    note(`IoU, ${interaction}`, native.union === 0 ? 1 : native.intersection / native.union);
  }
}
await grounder.dispose();

console.log(machine());
console.log(`${pictures.size} scenes of stage ${flags.stage}`);
console.log(`${''.padEnd(24)} median      least`);
for (const [name, values] of columns) {
  const [middle, least] = [median(values), Math.min(...values)];
  console.log(`${name.padEnd(24)} ${middle.toPrecision(4).padEnd(11)} ${least.toPrecision(4)}`);
}
