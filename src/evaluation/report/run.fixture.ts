/** A finished run to report on: scenes with exact truth, and answers that are the truth, moved. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../tests/support/temporary-folder.ts';
import { describeMask } from '../../pipeline/mask.ts';
import { PAPER } from '../../pipeline/presets.ts';
import { rleOf } from '../../pipeline/record-parts.ts';
import type { Mask } from '../../tensor/image.ts';
import { float32 } from '../../tensor/tensor.ts';
import type { AblationDocument } from '../ablation/ablation-document.ts';
import { heldOutScenes } from '../held-out-scenes.ts';
import { NOTHING, scoreSample } from '../metrics/score-sample.ts';
import { writeOutcome } from '../outcome.ts';
import { RRSIS_D, SOURCE, STAGES } from '../paper.ts';
import { encodeEvidence } from '../run/evidence-codec.ts';
import { type Manifest, manifestOf } from '../run/manifest.ts';
import { evidenceFile, writeEvidence } from '../run/stage-cache.ts';
import type { Dataset, Sample, SampleRecord } from '../sample.ts';
import type { SweepResult } from './sweep-result.ts';

export interface MadeRun {
  readonly folder: string;
  readonly dataset: Dataset;
  readonly manifest: Manifest;
}

const SCENES = { scenes: 4, seed: 970_000_000, stage: 'd', sizePx: 160 } as const;
const IDENTITY = { weights: [{ bytes: 4_000_000, sha256: 'a'.repeat(64) }], settings: 'b' };

/** @param change what is different about single samples, by their place */
export async function makeRun(
  change: (record: SampleRecord, i: number) => SampleRecord = (record) => record,
): Promise<MadeRun> {
  const dataset = heldOutScenes(SCENES);
  const folder = temporaryFolder();
  const records: SampleRecord[] = [];
  for (const [i, sample] of dataset.samples.entries()) {
    records.push(change(await recordOf(sample, i), i));
  }
  const { name, split, has } = dataset;
  const subject = { dataset: name, split, preset: 'rsvg-zeroov', has };
  await writeOutcome(folder, { subject, records });
  writeFileSync(join(folder, 'sweep.json'), JSON.stringify(makeSweep(records.length)));
  writeFileSync(join(folder, 'ablation.json'), JSON.stringify(makeAblation(records.length)));
  return { folder, dataset, manifest: makeManifest(dataset) };
}

/** What networks might have said of the samples at `positions`: all attention on one corner, all cells alike. */
export async function keepEvidence({ folder, dataset }: MadeRun, positions: readonly number[]) {
  const alike = float32([1024, 1024], new Float32Array(1024 ** 2).fill(1 / 1024));
  const relevance = float32(
    [8, 8],
    Float32Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0)),
  );
  for (const position of positions) {
    const { id } = dataset.samples[position]!;
    const encoded = encodeEvidence({
      id,
      size: { widthPx: SCENES.sizePx, heightPx: SCENES.sizePx },
      truth: { box: null, mask: null },
      evidence: [
        {
          answer: null,
          relevance,
          cross: null,
          scales: new Map(PAPER.resolutions.map((side) => [side, alike])),
        },
      ],
    });
    await writeEvidence(evidenceFile(folder, position), encoded);
  }
}

/** Every fifth fails, every fifth finds nothing; the others are up to 24 px off. */
async function recordOf(sample: Sample, i: number): Promise<SampleRecord> {
  const { id, expression, image, category, kind } = sample;
  const about = { id, expression, image, category, kind };
  const truth = await sample.readTruth();
  const mask = moved(truth.mask!, (i * 7) % 25);
  const { found, box } = describeMask(mask);
  const error = { code: 'IMAGE_DECODE', message: `${image} is damaged` };
  const failed = i % 5 === 3;
  const nothing = failed || !found || i % 5 === 4;
  const answer = nothing ? NOTHING : { box, mask: rleOf(mask) };
  return {
    ...about,
    status: failed ? 'failed' : nothing ? 'not-found' : 'ok',
    ...(failed ? { error } : {}),
    prediction: { id, ...answer },
    scores: scoreSample(answer, truth),
  };
}

/** To the right, over the edge. */
function moved({ widthPx, heightPx, data }: Mask, byPx: number): Mask {
  const shifted = data.map((_, i) => (i % widthPx < byPx ? 0 : data[i - byPx]!));
  return { widthPx, heightPx, data: shifted };
}

function makeSweep(n: number): SweepResult {
  const settings = [3, 7].flatMap((seeds) =>
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6].flatMap((tau) =>
      [0.2, 0.3, 0.4, 0.5].map((alpha) => {
        const mIoU = 60 - 80 * Math.abs(tau - 0.4) - 40 * Math.abs(alpha - 0.3) - seeds / 3;
        const scores = { pr50: mIoU / 2, mIoU };
        return {
          order: 'O-F-E',
          interaction: 'cosine',
          seeds,
          tau,
          alpha,
          box: scores,
          mask: scores,
        };
      }),
    ),
  );
  const paper = settings.findIndex((s) => s.seeds === 7 && s.tau === 0.3 && s.alpha === 0.4);
  return { version: 1, n, settings, own: paper, paper };
}

/** One row is measured and quoted, one only quoted. */
function makeAblation(n: number): AblationDocument {
  const figures = { pr50: 61.25, mIoU: 52.5, oIoU: 50 };
  const rows = [
    { label: 'full method', measured: { box: figures, mask: figures }, missing: null },
    { label: 'without VLM', measured: null, missing: 'not recorded: cross-attention' },
  ] as const;
  const quoted = (label: keyof typeof STAGES) => STAGES[label];
  return {
    version: 1,
    source: SOURCE,
    measuredOn: { dataset: 'synthetic', split: 'test', n, preset: 'rsvg-zeroov' },
    tables: [
      {
        title: 'stages',
        quotedOn: RRSIS_D,
        rows: rows.map((row) => ({ ...row, quoted: quoted(row.label) })),
      },
    ],
  };
}

function makeManifest(dataset: Dataset): Manifest {
  return manifestOf({
    zeroov: '0.0.0',
    dataset,
    selection: { limit: null, sample: null },
    positions: dataset.samples.map((_, i) => i),
    variants: { 'rsvg-zeroov': PAPER },
    ablation: false,
    checkpoints: {
      vlm: { label: '/somewhere/checkpoints/demo/vlm', ...IDENTITY },
      diffusion: { label: '/somewhere/checkpoints/demo/sd', ...IDENTITY },
      sam: null,
    },
    about: {
      root: dataset.root,
      scenes: SCENES,
      node: 'v22.0.0',
      platform: 'linux-x64',
      threads: 2,
    },
  });
}
