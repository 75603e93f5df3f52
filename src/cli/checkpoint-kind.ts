/** What kind of checkpoint a folder holds, told by its configuration. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../checkpoint/json-file.ts';
import { ZeroovError } from '../errors.ts';

export type CheckpointKind = 'Qwen2.5-VL' | 'Stable Diffusion v1' | 'SAM';

const config = z.looseObject({ model_type: z.string().optional() });
const pipeline = z.looseObject({ _class_name: z.string() });

const KIND_OF_TYPE = new Map<string | undefined, CheckpointKind>([
  ['qwen2_5_vl', 'Qwen2.5-VL'],
  ['sam', 'SAM'],
]);

/** Null for a folder that is of no kind zeroov runs. */
export async function kindOf(folder: string): Promise<CheckpointKind | null> {
  try {
    const index = join(folder, 'model_index.json');
    if (existsSync(index)) {
      const { _class_name: name } = await readJson({ file: index, schema: pipeline });
      return name === 'StableDiffusionPipeline' ? 'Stable Diffusion v1' : null;
    }
    const { model_type: type } = await readJson({
      file: join(folder, 'config.json'),
      schema: config,
    });
    return KIND_OF_TYPE.get(type) ?? null;
  } catch (error) {
    if (error instanceof ZeroovError) return null;
    throw error;
  }
}
