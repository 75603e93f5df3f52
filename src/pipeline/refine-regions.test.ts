import { describe, expect, it } from 'vitest';
import type { Prompt, Sam } from '../models/sam/sam.ts';
import type { Box, Mask, RgbImage, Size } from '../tensor/image.ts';
import { float32 } from '../tensor/tensor.ts';
import type { SceneReader } from './ground-scene.ts';
import { describeMask } from './mask.ts';
import { resolveOptions } from './presets.ts';
import { refineRegions } from './refine-regions.ts';
import { resolveSceneOptions } from './scene-options.ts';
import type { Region } from './scene-regions.ts';
import { ImageMemory } from './watch.ts';

const SCENE: Size = { widthPx: 1200, heightPx: 900 };
const OBJECT: Box = [612, 333, 654, 399];

const inside = ([x1, y1, x2, y2]: Box, x: number, y: number) =>
  x >= x1 && x < x2 && y >= y1 && y < y2;

/** White in the object, black around it, no picture in `hole`; windows are read at any size, nearest. */
function sceneOf(object: Box, hole: Box = [0, 0, 0, 0]): SceneReader {
  return {
    ...SCENE,
    read: async (window, out) => {
      const pixels = Array.from({ length: out.widthPx * out.heightPx }, (_, i) => [
        window.x + (((i % out.widthPx) + 0.5) * window.widthPx) / out.widthPx,
        window.y + ((Math.floor(i / out.widthPx) + 0.5) * window.heightPx) / out.heightPx,
      ]) as [number, number][];
      const data = Uint8Array.from(
        pixels.flatMap(([x, y]) => Array(3).fill(inside(object, x, y) ? 255 : 0)),
      );
      const valid = Uint8Array.from(pixels, ([x, y]) => (inside(hole, x, y) ? 0 : 1));
      return { image: { ...out, data }, valid: { ...out, data: valid } };
    },
  };
}

/** A SAM that draws what is white, whatever it is asked; it keeps what it saw and was told. */
function seeingWhite() {
  const asked: { image: RgbImage; prompt: Prompt }[] = [];
  const sam: Partial<Sam> = {
    lowResSide: 64,
    embedImage: async (image) => ({ features: float32([1, 1, 1, 1]), image, resized: image }),
    segment: async ({ image }, prompts) =>
      prompts.map((prompt) => {
        asked.push({ image: image as RgbImage, prompt });
        const { widthPx, heightPx, data } = image as RgbImage;
        const white = Uint8Array.from({ length: widthPx * heightPx }, (_, i) =>
          data[3 * i]! > 127 ? 1 : 0,
        );
        const mask: Mask = { widthPx, heightPx, data: white };
        return { mask, predictedIou: 0.8, best: 0, candidates: [] };
      }),
  };
  return { models: { sam: sam as Sam, memory: new ImageMemory() }, asked };
}

/** A region that fills `box`. */
function regionOf([x1, y1, x2, y2]: Box): Region {
  const size = { widthPx: x2 - x1, heightPx: y2 - y1 };
  const { mask, areaPx } = describeMask({
    ...size,
    data: new Uint8Array(size.widthPx * size.heightPx).fill(1),
  });
  return { window: { x: x1, y: y1, ...size }, mask, areaPx, box: [x1, y1, x2, y2], score: 0.6 };
}

const map = float32([4, 4], new Float32Array(16).fill(0.5));
const maps = { relevance: map, attention: null, evolved: map };
const options = (tilePx: number) => ({
  ...resolveOptions({ refine: 'box' }),
  ...resolveSceneOptions({ tilePx }),
});

const rough = regionOf([600, 320, 680, 400]); // longer side 80: SAM sees 240 px around it, from 520, 240

describe('refineRegions', () => {
  it.each([
    [256, 240], // as it is
    [80, 80], // a third of it: the object lies on every third pixel, too
  ])(
    'at tiles of %d px: the edges of the object, at their place in the scene',
    async (tilePx, seenPx) => {
      const { models, asked } = seeingWhite();
      const object: Box = [601, 333, 661, 399]; // 81 and 93 px from the window's corner
      const scene = sceneOf(object);
      const found = { scene, maps, regions: [rough] };
      const [refined] = await refineRegions(models, found, options(tilePx), {});
      expect(refined).toMatchObject({ box: object, areaPx: 60 * 66, score: 0.6 });
      const [x1, y1, x2, y2] = object;
      expect(refined!.window).toEqual({ x: x1, y: y1, widthPx: x2 - x1, heightPx: y2 - y1 });
      expect(refined!.refinement).toMatchObject({
        by: 'box',
        predictedIou: 0.8,
        before: { box: rough.box },
      });
      const [{ image, prompt }] = asked as [(typeof asked)[0]];
      expect([image.widthPx, image.heightPx]).toEqual([seenPx, seenPx]);
      const scale = seenPx / 240;
      expect(prompt.box).toEqual([80, 80, 160, 160].map((edge) => expect.closeTo(edge * scale, 6)));
    },
  );

  it('looks no closer than a quarter of a tile, and stays inside the scene', async () => {
    const { models, asked } = seeingWhite();
    const object: Box = [0, 880, 12, 900];
    const found = { scene: sceneOf(object), maps, regions: [regionOf([0, 884, 16, 900])] };
    const [refined] = await refineRegions(models, found, options(1024), {});
    expect(asked[0]!.image.widthPx).toBe(256);
    expect(refined!.box).toEqual(object);
  });

  it('draws nothing where there is no picture, and leaves out what SAM draws nothing of', async () => {
    const { models } = seeingWhite();
    const regions = [rough, regionOf([100, 100, 140, 140])];
    const holed = { scene: sceneOf(OBJECT, [0, 0, 630, 900]), maps, regions };
    const refined = await refineRegions(models, holed, options(256), {});
    expect(refined.map(({ box }) => box)).toEqual([[630, 333, 654, 399]]);
  });

  it('is asked for, or leaves regions as they are', async () => {
    const { models, asked } = seeingWhite();
    const found = { scene: sceneOf(OBJECT), maps, regions: [rough] };
    const o = { ...options(256), refine: 'none' as const };
    expect(await refineRegions(models, found, o, {})).toEqual([rough]);
    expect(asked).toEqual([]);
  });
});
