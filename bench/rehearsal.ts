/**
 * Does the real thing fit, and how long does it take? Random checkpoints with the PUBLISHED dimensions (Qwen2.5-VL-3B in
 * BF16, Stable Diffusion v1.4 in F16; about 10 GB, written once) ground an 800 × 800 picture on the CPU.
 *
 *   npx tsx bench/rehearsal.ts [--dir FOLDER] [--steps 20] [--tokens 16] [--threads N] [--only vlm|diffusion]
 *
 * The weights are random, so the answer means nothing; times, memory and that it finishes are what is measured.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openQwen25Vl } from '../src/models/qwen2-5-vl/qwen2-5-vl.ts';
import { openStableDiffusion } from '../src/models/stable-diffusion/stable-diffusion.ts';
import { focus, recordFor } from '../src/pipeline/focus.ts';
import { decide } from '../src/pipeline/ground.ts';
import { overview } from '../src/pipeline/overview.ts';
import { resolveOptions } from '../src/pipeline/presets.ts';
import { startRuntime } from '../src/runtime/runtime.ts';
import type { RgbImage } from '../src/tensor/image.ts';
import {
  PUBLISHED_GENERATION,
  PUBLISHED_PREPROCESSOR,
  PUBLISHED_QWEN,
  publishedQwenTensors,
} from './published-qwen2-5-vl.ts';
import { PUBLISHED_SD, publishedSdTensors } from './published-sd.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { machine, median, memory, timed, watchMemory } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    dir: { type: 'string', default: join(tmpdir(), 'zeroov-rehearsal') },
    steps: { type: 'string', default: '20' },
    tokens: { type: 'string', default: '16' },
    threads: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
  },
});
const expression = 'the large round storage tank at the top';
const o = resolveOptions({ steps: Number(flags.steps), maxNewTokens: Number(flags.tokens) });
const fixture = (path: string) =>
  readFileSync(new URL(`../tests/fixtures/${path}`, import.meta.url), 'utf8');
const writeJson = (path: string, value: unknown) => writeFileSync(path, JSON.stringify(value));
const print = (name: string, value: string) => console.log(`${name.padEnd(44)} ${value}`);
const seconds = (value: number) => `${value.toFixed(2)} s`;

/** 800 × 800 with some structure: a bright square on a gradient. */
function picture(): RgbImage {
  const [widthPx, heightPx] = [800, 800];
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % widthPx, Math.floor(i / 3 / widthPx)];
    return x > 300 && x < 420 && y > 260 && y < 400 ? 230 : (x + y * 2 + (i % 3) * 40) >> 4;
  });
  return { widthPx, heightPx, data };
}

/** The special tokens' ids are those of the small tokenizer that stands in for the published one. */
async function writeVlm(): Promise<string> {
  const config = PUBLISHED_QWEN['3B'];
  const small = JSON.parse(fixture('vlm-a/vlm/config.json'));
  const ids = Object.entries(small).filter(([key]) => key.endsWith('token_id'));
  const folder = join(flags.dir, 'qwen2-5-vl-3b');
  await writeRandomCheckpoint({
    folder,
    shapes: publishedQwenTensors(config),
    dtype: 'BF16',
    name: 'model',
    files: {
      'config.json': { ...config, ...Object.fromEntries(ids) },
      'preprocessor_config.json': PUBLISHED_PREPROCESSOR,
      'generation_config.json': {
        ...PUBLISHED_GENERATION,
        ...JSON.parse(fixture('vlm-a/vlm/generation_config.json')),
      },
      'tokenizer.json': fixture('vlm-a/vlm/tokenizer.json'),
      'tokenizer_config.json': fixture('vlm-a/vlm/tokenizer_config.json'),
      'chat_template.json': fixture('vlm-a/vlm/chat_template.json'),
    },
  });
  return folder;
}

async function rehearseVlm(image: RgbImage) {
  const folder = await writeVlm();
  const runtime = startRuntime({ provider: 'cpu', threads: Number(flags.threads) });
  const open = await timed(() => openQwen25Vl({ folder, runtime }));
  const vlm = open.value;
  print('VLM: headers, configs and graphs', seconds(open.seconds));
  const watch = watchMemory();
  print('vision tower: load', seconds((await timed(() => vlm.vision.load())).seconds));
  const embedded = await timed(() => vlm.embedImage(image));
  const { height, width } = embedded.value.grid;
  print('vision tower: run', `${seconds(embedded.seconds)} (${height} × ${width} image tokens)`);
  await vlm.vision.release();
  print('vision tower: peak own memory', `${watch.stop().toFixed(1)} GB`);

  const second = watchMemory();
  print('language model: load', seconds((await timed(() => vlm.language.load())).seconds));
  const times: number[] = [performance.now()];
  const onProgress = () => void times.push(performance.now());
  const tokens = embedded.value;
  const reading = await overview(vlm, { tokens, expression }, o, { onProgress });
  const steps = times.slice(1).map((time, i) => (time - times[i]!) / 1000);
  print('language model: prefill', seconds(steps[0]!));
  print('language model: a token (median)', seconds(median(steps.slice(1))));
  await vlm.language.release();
  print('language model: peak own memory', `${second.stop().toFixed(1)} GB`);
  await runtime.close();
  return reading.relevance;
}

async function writeDiffusion(): Promise<string> {
  const root = join(flags.dir, 'stable-diffusion-v1-4');
  mkdirSync(root, { recursive: true });
  const shapes = publishedSdTensors();
  for (const part of ['text_encoder', 'vae', 'unet'] as const) {
    await writeRandomCheckpoint({
      folder: join(root, part),
      shapes: shapes[part],
      dtype: 'F16',
      name: part === 'text_encoder' ? 'model' : 'diffusion_pytorch_model',
      files: { 'config.json': PUBLISHED_SD[part] },
    });
  }
  writeJson(join(root, 'model_index.json'), PUBLISHED_SD.model_index);
  mkdirSync(join(root, 'scheduler'), { recursive: true });
  writeJson(join(root, 'scheduler', 'scheduler_config.json'), PUBLISHED_SD.scheduler);
  const tokenizer = new URL('../tests/fixtures/sd-a/sd/tokenizer', import.meta.url);
  cpSync(tokenizer, join(root, 'tokenizer'), { recursive: true });
  return root;
}

async function rehearseDiffusion(image: RgbImage) {
  const folder = await writeDiffusion();
  const runtime = startRuntime({ provider: 'cpu', threads: Number(flags.threads) });
  const diffusion = await openStableDiffusion({ folder, label: folder, runtime });
  const watch = watchMemory();
  const text = await timed(() => diffusion.encodeText(expression));
  await diffusion.release('textEncoder');
  print('text encoder: load and run', seconds(text.seconds));
  const latent = await timed(() => diffusion.encodeImage(image));
  await diffusion.release('vae');
  print('VAE encoder: load and run', seconds(latent.seconds));
  const times: number[] = [performance.now()];
  const onProgress = () => void times.push(performance.now());
  const inputs = { latent: latent.value, text: text.value };
  const asked = { ...o, record: recordFor(o) };
  const { scales } = await focus(diffusion, inputs, asked, { onProgress });
  const steps = times.slice(1).map((time, i) => (time - times[i]!) / 1000);
  print('U-Net: load and first step', seconds(steps[0]!));
  print('U-Net: a step, maps recorded (median)', seconds(median(steps.slice(1))));
  await diffusion.release();
  print('diffusion: peak own memory', `${watch.stop().toFixed(1)} GB`);
  await runtime.close();
  return scales;
}

console.log(`${machine()}; ${flags.threads} threads, random weights of published size`);
const image = picture();
const start = performance.now();
const relevance = flags.only === 'diffusion' ? null : await rehearseVlm(image);
const scales = flags.only === 'vlm' ? null : await rehearseDiffusion(image);
if (relevance && scales) {
  const { found, areaPx } = decide({ relevance, scales }, image, o);
  print('grounded (random weights: it means nothing)', `found ${found}, ${areaPx} px`);
}
print('all of it', seconds((performance.now() - start) / 1000));
print('peak resident memory, mapped files included', `${memory().peak.toFixed(1)} GB`);
