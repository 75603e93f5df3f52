/**
 * Writes shards of synthetic scenes for the trainers, outside the repository:
 *
 *     npx tsx training/make-shards.ts --out ../training-data --stage b --count 8000 --seed 0 --size 96
 *
 * A shard is NAME.rgb.npy [scenes, H, W, 3] uint8, NAME.owner.npy [scenes, H, W] uint8 (0 = ground, i + 1 = object i) and
 * NAME.jsonl (one line a scene: objects and expressions). A shard that is already whole is left as it is.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeScene, type Scene } from '../src/synthetic/scene.ts';
import type { StageName } from '../src/synthetic/stages.ts';

const SHARD = 1000;

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '../training-data' },
    stage: { type: 'string', default: 'b' },
    count: { type: 'string', default: '8000' },
    seed: { type: 'string', default: '0' },
    size: { type: 'string', default: '96' },
  },
});
const stage = values.stage as StageName;
const sizePx = Number(values.size);
mkdirSync(values.out, { recursive: true });

for (
  let first = Number(values.seed);
  first < Number(values.seed) + Number(values.count);
  first += SHARD
) {
  const name = join(values.out, `${stage}-${sizePx}-${String(first).padStart(9, '0')}`);
  if (existsSync(`${name}.jsonl`)) continue;
  writeShard(name, first);
  console.log(name);
}

function writeShard(name: string, firstSeed: number): void {
  const pixels = sizePx * sizePx;
  const rgb = new Uint8Array(SHARD * pixels * 3);
  const owner = new Uint8Array(SHARD * pixels);
  const lines: string[] = [];
  for (let i = 0; i < SHARD; i += 1) {
    const scene = makeScene({ seed: firstSeed + i, sizePx, stage });
    rgb.set(scene.image.data, i * pixels * 3);
    for (const object of scene.objects) {
      object.mask.forEach((value, p) => {
        if (value === 1) owner[i * pixels + p] = object.id + 1;
      });
    }
    lines.push(JSON.stringify(facts(scene)));
  }
  writeFileSync(`${name}.rgb.npy`, npy(rgb, [SHARD, sizePx, sizePx, 3]));
  writeFileSync(`${name}.owner.npy`, npy(owner, [SHARD, sizePx, sizePx]));
  writeFileSync(`${name}.jsonl.part`, `${lines.join('\n')}\n`);
  renameSync(`${name}.jsonl.part`, `${name}.jsonl`);
}

function facts(scene: Scene): object {
  return {
    seed: scene.seed,
    objects: scene.objects.map(({ category, colour, sizeClass, box }) => ({
      category,
      colour,
      sizeClass,
      box,
    })),
    expressions: scene.expressions.map(({ text, kind, targetId }) => [text, kind, targetId]),
  };
}

/** A NumPy 1.0 file of bytes. */
function npy(data: Uint8Array, shape: readonly number[]): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11, ' ');
  const head = new Uint8Array(10 + padded.length + 1);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(head.buffer).setUint16(8, padded.length + 1, true);
  head.set(new TextEncoder().encode(`${padded}\n`), 10);
  const out = new Uint8Array(head.length + data.length);
  out.set(head);
  out.set(data, head.length);
  return out;
}
