/** The frozen networks as they look at one tile of a scene after the other. */
import { ZeroovError } from '../errors.ts';
import type { RgbImage } from '../tensor/image.ts';
import { recordFor } from './focus.ts';
import { focusAll, type Models, readAll, required } from './gather.ts';
import type { Looker } from './ground-scene.ts';
import type { MethodOptions } from './presets.ts';

export interface LookOptions {
  readonly models: Models;
  readonly o: MethodOptions;
  readonly signal: AbortSignal | undefined;
}

/**
 * Networks stay in memory from tile to tile and go after the last one of their stage.
 * @throws OPTION_INVALID for what the models or the method over tiles cannot do
 */
export function lookFor(expression: string, { models, o, signal }: LookOptions): Looker {
  if (o.order === 'direct-box' || o.order === 'F-E') {
    const expected = 'an order that begins with a relevance map, over tiles';
    throw new ZeroovError('OPTION_INVALID', { option: 'order', expected, got: o.order });
  }
  const by = `order "${o.order}"`;
  const vlm = required(models.vlm, { option: 'vlm', by });
  vlm.assertLayers(o.layers ?? []);
  const focuses = o.order.includes('F');
  if (o.refine !== 'none') required(models.sam, { option: 'sam', by: `refinement "${o.refine}"` });
  const record = recordFor(o);
  const diffusion = focuses ? required(models.diffusion, { option: 'diffusion', by }) : null;
  diffusion?.assertRecordable(record);
  const kept = { ...models, keepLoaded: true };
  const asked = (image: RgbImage) => ({ image, expressions: [expression] });
  return {
    read: async (image) => {
      const [reading] = await readAll(kept, asked(image), o, { signal });
      const [height, width] = reading!.relevance.shape as readonly [h: number, w: number];
      return { layers: reading!.layers, height, width };
    },
    focus: async (image) => {
      const [focused] = await focusAll(kept, asked(image), { ...o, record }, { signal });
      return focused!.scales;
    },
    release: async (stage) => {
      if (models.keepLoaded) return;
      await (stage === 'read' ? vlm.release() : diffusion?.release());
    },
  };
}
