/** `zeroov models`: what is in the cache, and getting what is not. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { hubCache } from '../checkpoint/hub-cache.ts';
import { locateCheckpoint } from '../checkpoint/locate.ts';
import { humanBytes, ZeroovError } from '../errors.ts';
import { type CheckpointKind, kindOf } from './checkpoint-kind.ts';
import type { Context } from './context.ts';
import { toJson } from './json.ts';
import { pull } from './pull.ts';
import { type GlobalOptions, openTerminal } from './terminal.ts';

const PULL_HELP = `
Downloads only the files zeroov reads, into the hub cache that Python's huggingface_hub uses too. A download that was
cut goes on where it stopped. HF_ENDPOINT, HF_TOKEN, HF_HOME and HF_HUB_OFFLINE are heeded.

Examples:
  $ zeroov models pull Qwen/Qwen2.5-VL-3B-Instruct
  $ zeroov models pull CompVis/stable-diffusion-v1-4 --variant fp16 --yes
  $ zeroov models pull org/name --revision 1a2b3c
`;

export function modelsCommand(context: Context): Command {
  return new Command('models')
    .description('get published checkpoints, and list those that are here')
    .addCommand(pullCommand(context))
    .addCommand(listCommand());
}

interface PullFlags extends GlobalOptions {
  readonly revision?: string;
  readonly variant?: string;
  readonly yes?: boolean;
}

function pullCommand({ signal }: Context): Command {
  return new Command('pull')
    .description('download a checkpoint into the hub cache; prints its folder')
    .argument('<id>', 'org/name or org/name@revision')
    .option('--revision <name>', 'branch, tag or commit (default: main)')
    .option('--variant <name>', 'weights of this variant, e.g. fp16')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print {id, folder} as JSON')
    .addHelpText('after', PULL_HELP)
    .action(async (id: string, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<PullFlags>();
      const terminal = openTerminal(flags);
      const asked = flags.revision === undefined ? id : `${id}@${flags.revision}`;
      const { variant, yes = false, json } = flags;
      const folder = await pull(terminal, {
        id: asked,
        variant,
        yes: yes || Boolean(json),
        signal,
      });
      terminal.print(json ? toJson({ id: asked, folder }) : folder);
    });
}

interface Listed {
  readonly id: string;
  readonly kind: CheckpointKind;
  readonly bytes: number;
  readonly folder: string;
}

function listCommand(): Command {
  return new Command('list')
    .description('list the checkpoints in the cache that zeroov can use')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  $ zeroov models list\n  $ zeroov models list --json\n')
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<GlobalOptions>();
      const terminal = openTerminal(flags);
      const models = await listModels();
      if (flags.json) return terminal.print(toJson(models));
      const width = Math.max(0, ...models.map((model) => model.id.length));
      for (const { id, kind, bytes } of models) {
        terminal.print(`${id.padEnd(width)}  ${humanBytes(bytes).padStart(8)}  ${kind}`);
      }
      if (models.length === 0)
        terminal.note(`no checkpoint that zeroov can use in ${hubCache(process.env)}`);
    });
}

/** The models of the cache whose `main` is there and of a kind that zeroov runs. */
async function listModels(): Promise<Listed[]> {
  const cache = hubCache(process.env);
  const names = await readdir(cache).catch(() => []);
  const models: Listed[] = [];
  for (const name of names.filter((name) => name.startsWith('models--')).sort()) {
    const id = name.slice('models--'.length).replace('--', '/');
    const folder = await folderOf(id);
    const kind = folder && (await kindOf(folder));
    if (folder && kind) models.push({ id, kind, bytes: await bytesIn(folder), folder });
  }
  return models;
}

async function folderOf(id: string): Promise<string | null> {
  try {
    return (await locateCheckpoint(id)).folder;
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}

/** Bytes of the files of a snapshot; links count as what they lead to. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  let total = 0;
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile()) total += found.size;
  }
  return total;
}
