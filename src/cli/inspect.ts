/** `zeroov inspect`: what a checkpoint is, and its networks as ONNX files. */

import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Checkpoint, openCheckpoint } from '../checkpoint/checkpoint.ts';
import { locateCheckpoint } from '../checkpoint/locate.ts';
import { writing } from '../checkpoint/writing.ts';
import { humanBytes, ZeroovError } from '../errors.ts';
import type { BuiltGraph } from '../graph/graph.ts';
import { readQwenConfig } from '../models/qwen2-5-vl/config.ts';
import { buildLanguage } from '../models/qwen2-5-vl/language.ts';
import { buildVision } from '../models/qwen2-5-vl/vision.ts';
import { readSamConfig } from '../models/sam/config.ts';
import { buildImageEncoder } from '../models/sam/image-encoder.ts';
import { buildMaskDecoder, type MaskPrompts } from '../models/sam/mask-decoder.ts';
import { imageSidePx, readConfig } from '../models/stable-diffusion/config.ts';
import { buildTextEncoder } from '../models/stable-diffusion/text-encoder.ts';
import { buildUnet } from '../models/stable-diffusion/unet.ts';
import { buildVaeEncoder } from '../models/stable-diffusion/vae-encoder.ts';
import { WORKING_GRID } from '../pipeline/focus.ts';
import { kindOf } from './checkpoint-kind.ts';
import { toJson } from './json.ts';
import { numbers, oneOf } from './parse.ts';
import { type GlobalOptions, openTerminal, type Terminal } from './terminal.ts';

const GRAPHS = [
  'vision',
  'language',
  'text-encoder',
  'vae-encoder',
  'unet',
  'image-encoder',
  'mask-decoder',
  'mask-decoder-with-masks',
] as const;
type GraphName = (typeof GRAPHS)[number];

/** An opened checkpoint: its kind, its configuration, its weights by folder, and how to build its networks. */
interface Inspected {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: readonly Checkpoint[];
  readonly graphs: Partial<Record<GraphName, (resolutions?: readonly number[]) => BuiltGraph>>;
}

const HELP = `
A saved graph holds no weights: they stay in the checkpoint's own files, which ONNX calls external
data. Programs look for them in the folder that the graph lies in: that of the checkpoint's weights,
which is printed.

Examples:
  $ zeroov inspect CompVis/stable-diffusion-v1-4
  $ zeroov inspect ./Qwen2.5-VL-3B-Instruct --graph vision -o ./Qwen2.5-VL-3B-Instruct/vision.onnx
  $ zeroov inspect ./stable-diffusion-v1-4 --graph unet --resolutions 32,64 -o unet.onnx
`;

interface Flags extends GlobalOptions {
  readonly graph?: GraphName;
  readonly resolutions?: number[];
  readonly output?: string;
}

export function inspectCommand(): Command {
  return new Command('inspect')
    .description('say what a checkpoint is; save one of its networks as ONNX')
    .argument('<checkpoint>', 'folder or hub id')
    .option('--graph <name>', `network to save: ${GRAPHS.join(', ')}`, oneOf('--graph', GRAPHS))
    .option(
      '--resolutions <list>',
      'of unet: record these self-attention maps',
      numbers('--resolutions'),
    )
    .option('-o, --output <file>', 'where to save the graph')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (checkpoint: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const terminal = openTerminal(flags);
      const { folder, label } = await locateCheckpoint(checkpoint);
      const inspected = await inspect(folder, label);
      if (flags.graph) await saveGraph(inspected, { ...flags, graph: flags.graph, terminal });
      else describe(summaryOf(inspected, label), { json: flags.json === true, terminal });
    });
}

/** What the configuration does not name a kind of is looked at as a VLM, whose reader says what it is not. */
async function inspect(folder: string, label: string): Promise<Inspected> {
  if (existsSync(join(folder, 'model_index.json'))) return inspectDiffusion(folder, label);
  return (await kindOf(folder)) === 'SAM' ? inspectSam(folder, label) : inspectVlm(folder, label);
}

async function inspectVlm(folder: string, label: string): Promise<Inspected> {
  const config = await readQwenConfig(folder);
  const weights = await openCheckpoint(folder, { label });
  return {
    kind: 'Qwen2.5-VL',
    config: { ...config },
    weights: [weights],
    graphs: {
      vision: () => buildVision(config.vision, weights),
      language: () => buildLanguage(config.text, weights),
    },
  };
}

async function inspectDiffusion(folder: string, label: string): Promise<Inspected> {
  const config = await readConfig(folder);
  const open = (part: string) => openCheckpoint(join(folder, part), { label: `${label}/${part}` });
  const [text, vae, unet] = await Promise.all([open('text_encoder'), open('vae'), open('unet')]);
  const sidePx = imageSidePx(config);
  const recording = (resolutions: readonly number[]) =>
    ({ resolutions, merge: 'pooled', workingGrid: WORKING_GRID, cross: false }) as const;
  return {
    kind: 'Stable Diffusion v1',
    config: shapesOf(config),
    weights: [text, vae, unet],
    graphs: {
      'text-encoder': () => buildTextEncoder(config.textEncoder, text),
      'vae-encoder': () => buildVaeEncoder({ config: config.vae, sidePx }, vae),
      unet: (resolutions) =>
        buildUnet({ config: config.unet, record: resolutions && recording(resolutions) }, unet),
    },
  };
}

async function inspectSam(folder: string, label: string): Promise<Inspected> {
  const config = await readSamConfig(folder);
  const weights = await openCheckpoint(folder, { label });
  const decoder = (prompts: MaskPrompts) => () => buildMaskDecoder({ config, prompts }, weights);
  return {
    kind: 'SAM',
    config: { ...config },
    weights: [weights],
    graphs: {
      'image-encoder': () => buildImageEncoder(config.imageEncoder, weights),
      'mask-decoder': decoder('without masks'),
      'mask-decoder-with-masks': decoder('with masks'),
    },
  };
}

/** What is told of a configuration of diffusers, which has dozens of keys that v1 leaves at one value. */
const SHAPES = [
  'sample_size',
  'block_out_channels',
  'layers_per_block',
  'cross_attention_dim',
  'attention_head_dim',
  'norm_num_groups',
  'scaling_factor',
  'hidden_size',
  'num_hidden_layers',
  'num_attention_heads',
  'vocab_size',
  'hidden_act',
  'num_train_timesteps',
  'beta_start',
  'beta_end',
  'beta_schedule',
];

function shapesOf(config: object): Record<string, unknown> {
  const told = ([key]: [string, unknown]) => SHAPES.includes(key);
  const parts = Object.entries(config as Readonly<Record<string, object>>);
  return Object.fromEntries(
    parts.map(([part, values]) => [part, Object.fromEntries(Object.entries(values).filter(told))]),
  );
}

interface Saving extends Flags {
  readonly graph: GraphName;
  readonly terminal: Terminal;
}

async function saveGraph({ kind, graphs }: Inspected, saving: Saving): Promise<void> {
  const { graph: name, resolutions, output, terminal, json } = saving;
  const build = graphs[name];
  if (!build) {
    const expected = `a network of ${kind}: ${Object.keys(graphs).join(' or ')}`;
    throw new ZeroovError('OPTION_INVALID', { option: '--graph', expected, got: name });
  }
  if (output === undefined) {
    const expected = 'a file to save the graph in';
    throw new ZeroovError('OPTION_INVALID', { option: '--output', expected, got: 'none' });
  }
  const graph = build(resolutions);
  await saveFile(output, graph.bytes);
  const weights = graph.folder ?? dirname(resolve(output));
  if (json) {
    const { inputs, outputs } = graph;
    const saved = { file: output, bytes: graph.bytes.length, weights, inputs, outputs };
    return terminal.print(toJson(saved));
  }
  terminal.print(`${output}  ${humanBytes(graph.bytes.length)}, ${graph.weights.size} weights`);
  if (dirname(resolve(output)) !== weights) {
    terminal.note(`to load it, place it beside its weights in ${weights}`);
  }
}

/** Whole or not at all. */
async function saveFile(path: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${path}.${process.pid}.tmp`;
  await writing(path, async () => {
    try {
      await writeFile(fresh, bytes, { flush: true });
      await rename(fresh, path);
    } finally {
      await rm(fresh, { force: true });
    }
  });
}

interface Summary {
  readonly checkpoint: string;
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: number;
  readonly bytes: number;
  /** Bytes by dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly graphs: readonly string[];
}

function summaryOf({ kind, config, weights, graphs }: Inspected, label: string): Summary {
  const tensors = weights.flatMap((part) => [...part.names()].map((name) => part.get(name)));
  const dtypes: Record<string, number> = {};
  for (const { dtype, length } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + length;
  return {
    checkpoint: label,
    kind,
    config,
    tensors: tensors.length,
    bytes: tensors.reduce((sum, tensor) => sum + tensor.length, 0),
    dtypes,
    files: weights.flatMap((part) => part.files.map(({ path, size }) => ({ path, bytes: size }))),
    graphs: Object.keys(graphs),
  };
}

function describe(summary: Summary, { json, terminal }: { json: boolean; terminal: Terminal }) {
  if (json) return terminal.print(toJson(summary));
  const { checkpoint, kind, config, tensors, bytes, dtypes, files, graphs } = summary;
  terminal.print(`${terminal.style('bold', checkpoint)}: ${kind}`);
  for (const [part, values] of Object.entries(config)) {
    terminal.print(`  ${part}: ${sayValues(values)}`);
  }
  const kinds = Object.entries(dtypes).map(([dtype, size]) => `${dtype} ${humanBytes(size)}`);
  terminal.print(`  ${tensors} tensors, ${humanBytes(bytes)} (${kinds.join(', ')})`);
  for (const { path, bytes: size } of files) terminal.print(`  ${path}  ${humanBytes(size)}`);
  terminal.print(`  graphs: ${graphs.join(', ')}`);
}

/** `{hidden: 64, layers: 2}` → "hidden 64, layers 2". */
function sayValues(values: unknown): string {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    return JSON.stringify(values);
  }
  return Object.entries(values)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key} ${JSON.stringify(value)}`)
    .join(', ');
}
