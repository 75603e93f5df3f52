/** Tiles against the whole, with networks that see brightness: what they "attend" to is known pixel by pixel. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZeroovError } from '../errors.ts';
import type { Mask, RgbImage, Size } from '../tensor/image.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { decide } from './ground.ts';
import { groundScene, type Looker, type SceneReader } from './ground-scene.ts';
import { relevanceOnGrid, weighLayers } from './overview.ts';
import { type MethodOptions, resolveOptions } from './presets.ts';
import { SceneGrid } from './scene-grid.ts';
import { SCENE_DEFAULTS, type SceneOptions } from './scene-options.ts';
import { partOf, regionOfWhole } from './scene-part.ts';
import { regionsOf } from './scene-regions.ts';
import { rememberTiles } from './tile-memory.ts';
import { planTiles } from './tiles.ts';

const CELLS = 16;
const IDENTITY = float32([1024, 1024], new Float32Array(1024 * 1024));
for (let i = 0; i < 1024; i += 1) IDENTITY.data[i * 1025] = 1;

/** Attention = mean brightness of 16 × 16 parts; structure = every cell attends to itself. */
const looker: Looker = {
  read: async (image) => ({ layers: [brightness(image)], height: CELLS, width: CELLS }),
  focus: async () => new Map([[32, IDENTITY]]),
  release: async () => undefined,
};

function brightness({ widthPx, heightPx, data }: RgbImage): Float64Array {
  const sums = new Float64Array(CELLS * CELLS);
  const counts = new Float64Array(CELLS * CELLS);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const cell = Math.floor((y * CELLS) / heightPx) * CELLS + Math.floor((x * CELLS) / widthPx);
      sums[cell]! += data[3 * (y * widthPx + x)]!;
      counts[cell]! += 1;
    }
  }
  return sums.map((sum, i) => sum / counts[i]!);
}

/** A row of attention: each block's cells (x1, y1 to x2, y2, both inside) draw its share, every other cell 0.0002. */
function readingOf(blocks: readonly (readonly [number, number, number, number, number])[]) {
  const layer = new Float64Array(CELLS * CELLS).fill(0.0002);
  for (const [x1, y1, x2, y2, share] of blocks) {
    for (let y = y1; y <= y2; y += 1) layer.fill(share, y * CELLS + x1, y * CELLS + x2 + 1);
  }
  return { layers: [layer], height: CELLS, width: CELLS };
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly side: number;
  readonly value: number;
  readonly valid?: boolean;
}

/** A grey scene with square spots; windows are read at any size, nearest. */
function sceneWith(size: Size, spots: readonly Spot[]): SceneReader {
  const at = (x: number, y: number) =>
    spots.find((s) => x >= s.x && y >= s.y && x < s.x + s.side && y < s.y + s.side);
  return {
    ...size,
    read: async (window, out) => {
      const data = new Uint8Array(3 * out.widthPx * out.heightPx);
      const valid = new Uint8Array(out.widthPx * out.heightPx);
      for (let i = 0; i < valid.length; i += 1) {
        const x = window.x + (((i % out.widthPx) + 0.5) * window.widthPx) / out.widthPx;
        const y = window.y + ((Math.floor(i / out.widthPx) + 0.5) * window.heightPx) / out.heightPx;
        const spot = at(x, y);
        data.fill(spot?.value ?? 20, 3 * i, 3 * i + 3);
        valid[i] = spot?.valid === false ? 0 : 1;
      }
      const mask: Mask = { ...out, data: valid };
      return { image: { ...out, data }, valid: mask };
    },
  };
}

const options = (more: Partial<SceneOptions> & Partial<MethodOptions> = {}) => ({
  ...resolveOptions({ interaction: 'multiplicative', resolutions: [32], layerWeights: [1] }),
  ...SCENE_DEFAULTS,
  tilePx: 64,
  search: 'exhaustive' as const,
  ...more,
});

describe('groundScene', () => {
  it('gives for a scene of one tile what grounding the picture gives', async () => {
    const size = { widthPx: 64, heightPx: 48 };
    const scene = sceneWith(size, [{ x: 20, y: 10, side: 14, value: 250 }]);
    const o = options();
    const { regions } = await groundScene(looker, scene, o);
    const { image } = await scene.read({ x: 0, y: 0, ...size }, size);
    const relevance = float32([CELLS, CELLS], weighLayers([brightness(image)], [1]));
    const whole = decide({ relevance, scales: new Map([[32, IDENTITY]]) }, size, o);
    expect(regions).toHaveLength(1);
    expect(regions[0]!.box).toEqual(whole.box);
    expect(regions[0]!.areaPx).toBe(whole.areaPx);
    expect(regions[0]!.score).toBeCloseTo(whole.score!, 5);
  });

  it('finds an object across a seam as one, where it is', async () => {
    const size = { widthPx: 208, heightPx: 64 }; // windows at 0, 48, 96, 144
    const scene = sceneWith(size, [{ x: 100, y: 20, side: 24, value: 250 }]);
    const { regions } = await groundScene(looker, scene, options());
    expect(regions).toHaveLength(1);
    const cell = 64 / CELLS; // edges are known to a cell of the networks
    for (const [i, edge] of [100, 20, 124, 44].entries()) {
      expect(Math.abs(regions[0]!.box[i]! - edge)).toBeLessThanOrEqual(cell);
    }
  });

  it('lets no tile win by its own best cell when the scene has a better one', async () => {
    const size = { widthPx: 208, heightPx: 208 };
    const faint = [0, 1, 2, 3].map((i) => ({ x: 8 + 52 * i, y: 8, side: 12, value: 60 }));
    const scene = sceneWith(size, [...faint, { x: 150, y: 150, side: 16, value: 250 }]);
    const { regions } = await groundScene(looker, scene, options());
    expect(regions.map(({ box }) => box[0] >= 140 && box[1] >= 140)).toEqual([true]);
  });

  it('counts a tile by the attention its picture draws, not by its sharpest cell', async () => {
    const scene = sceneWith({ widthPx: 128, heightPx: 64 }, [
      { x: 64, y: 0, side: 64, value: 200 },
    ]);
    const absent = readingOf([[5, 5, 5, 5, 0.35]]); // 0.35 + 255 · 0.0002: mass 0.40
    const present = readingOf([[4, 4, 7, 7, 0.042]]); // 16 · 0.042 + 240 · 0.0002: mass 0.72
    const read: Looker['read'] = async ({ data }) => (data[0]! < 100 ? absent : present);
    const o = options({ order: 'O-E', overlap: 0 });
    const { regions, maps } = await groundScene({ ...looker, read }, scene, o);
    expect(regions).toHaveLength(1);
    const cell = 64 / CELLS;
    for (const [i, edge] of [64 + 4 * cell, 4 * cell, 64 + 8 * cell, 8 * cell].entries()) {
      expect(Math.abs(regions[0]!.box[i]! - edge)).toBeLessThanOrEqual(cell);
    }
    // A cell of the scene lies a quarter of the network's off the peak, each way: bilinear, 0.75² of it and floor around it.
    const peak = 0.75 ** 2 * 0.401 * (1 - 0.0002 / 0.35);
    const best = 0.72 * (1 - 0.0002 / 0.042);
    const left = maps.relevance.data.filter((_, i) => i % 64 < 32);
    expect(Math.max(...left)).toBeCloseTo(peak / best, 4);
  });

  it('counts no attention to what is no picture', async () => {
    const scene = sceneWith({ widthPx: 128, heightPx: 64 }, [
      { x: 0, y: 0, side: 32, value: 255, valid: false },
      { x: 64, y: 0, side: 64, value: 200 },
    ]);
    const empty = readingOf([
      [0, 0, 7, 7, 0.01], // 0.64 of the row, beside the picture
      [12, 12, 12, 12, 0.1],
    ]);
    const present = readingOf([[4, 4, 7, 7, 0.03]]);
    const read: Looker['read'] = async ({ data }) => (data.at(-1)! < 100 ? empty : present);
    const { regions } = await groundScene(
      { ...looker, read },
      scene,
      options({ order: 'O-E', overlap: 0 }),
    );
    expect(regions.map(({ box }) => box[0] >= 64)).toEqual([true]);
  });

  it('has for any reading of a single tile the relevance of the picture', async () => {
    const size = { widthPx: 64, heightPx: 64 };
    const share = fc.double({ min: 0, max: 1 / CELLS ** 2, noNaN: true });
    const layer = fc.array(share, { minLength: CELLS ** 2, maxLength: CELLS ** 2 });
    const profile = fc.constantFrom('paper' as const, 'release' as const);
    await fc.assert(
      fc.asyncProperty(layer, layer, profile, async (first, second, which) => {
        const layers = [Float64Array.from(first), Float64Array.from(second)];
        const read = async () => ({ layers, height: CELLS, width: CELLS });
        const o = options({ order: 'O', profile: which, layerWeights: [0.3, 0.7] });
        const { maps } = await groundScene({ ...looker, read }, sceneWith(size, []), o);
        const relevance = float32([CELLS, CELLS], weighLayers(layers, o.layerWeights));
        const c = relevanceOnGrid(relevance, { grid: 32, profile: which });
        const apart = c.data.map((value, i) => Math.abs(value - maps.relevance.data[i]!));
        expect(Math.max(...apart)).toBeLessThan(1e-5);
      }),
      { numRuns: 30 },
    );
  });

  it('neither finds what is no data nor measures against it', async () => {
    const size = { widthPx: 112, heightPx: 112 };
    const bright = { x: 0, y: 0, side: 56, value: 255, valid: false };
    const scene = sceneWith(size, [bright, { x: 80, y: 80, side: 16, value: 120 }]);
    const { regions } = await groundScene(looker, scene, options());
    expect(regions).toHaveLength(1);
    expect(Math.min(...regions[0]!.box.slice(0, 2))).toBeGreaterThan(70);
  });

  it('leaves every pixel without data out, also beside what is found', async () => {
    const size = { widthPx: 112, heightPx: 64 };
    const hole = { x: 60, y: 20, side: 9, value: 250, valid: false };
    const scene = sceneWith(size, [hole, { x: 48, y: 16, side: 24, value: 250 }]);
    const { regions } = await groundScene(looker, scene, options());
    const { window, mask, areaPx } = regions[0]!;
    let [inHole, around] = [0, 0];
    for (let y = 16; y < 40; y += 1) {
      for (let x = 48; x < 72; x += 1) {
        const pixel = mask.data[(y - window.y) * window.widthPx + x - window.x]!;
        if (x >= 60 && x < 69 && y >= 20 && y < 29) inHole += pixel;
        else around += pixel;
      }
    }
    expect(inHole).toBe(0);
    expect(around).toBeGreaterThan(300);
    expect(areaPx).toBe(mask.data.reduce((sum, pixel) => sum + pixel, 0));
  });

  it('goes on with what was remembered: asked once a tile, and nothing changes', async () => {
    const scene = sceneWith({ widthPx: 208, heightPx: 112 }, [
      { x: 100, y: 20, side: 24, value: 250 },
      { x: 0, y: 0, side: 40, value: 255, valid: false },
    ]);
    const undisturbed = await groundScene(looker, scene, options());
    let left = 3;
    const counting = (asked: string[]): Looker => ({
      ...looker,
      read: async (image) => {
        asked.push('read');
        if (left === 0) throw new ZeroovError('CANCELLED', {});
        left -= 1;
        return looker.read(image);
      },
      focus: async (image) => {
        asked.push('focus');
        return looker.focus(image);
      },
    });
    const memory = rememberTiles();
    const [first, second]: string[][] = [[], []];
    const cut = groundScene(counting(first!), scene, options(), {}, memory);
    await expect(cut).rejects.toMatchObject({ code: 'CANCELLED' });
    left = Infinity;
    const resumed = await groundScene(counting(second!), scene, options(), {}, memory);
    expect(first).toHaveLength(4); // three tiles, and the one that failed
    const tiles = undisturbed.tiles.looked;
    expect(second!.filter((stage) => stage === 'read')).toHaveLength(tiles - 3);
    expect(second!.filter((stage) => stage === 'focus')).toHaveLength(tiles);
    expect(resumed).toEqual(undisturbed);
  });

  it('looks closely only where the coarse look pointed, and finds the same', async () => {
    const size = { widthPx: 400, heightPx: 400 };
    const scene = sceneWith(size, [{ x: 300, y: 60, side: 30, value: 250 }]);
    const everywhere = await groundScene(looker, scene, options());
    const pointed = await groundScene(looker, scene, options({ search: 'coarse-to-fine' }));
    expect(everywhere.tiles.looked).toBe(64); // windows every 48 px: 8 × 8
    expect(pointed.tiles.looked).toBeLessThan(10);
    expect(pointed.regions.map(({ box }) => box)).toEqual(everywhere.regions.map(({ box }) => box));
  });

  it.each([
    [1000, { looked: 1, shrink: 6.25 }], // 400 px seen in one tile of 64
    [4, { looked: 4, shrink: 4 }], // 100 px: windows of 64 at 0 and 36
    [1, { looked: 64, shrink: 1 }], // as an exhaustive search
  ])('looks from afar at no less than 1/%d of a tile’s detail', async (shrink, coarse) => {
    const scene = sceneWith({ widthPx: 400, heightPx: 400 }, [
      { x: 300, y: 60, side: 30, value: 250 },
    ]);
    const search = 'coarse-to-fine' as const;
    const { tiles } = await groundScene(looker, scene, options({ search, shrink }));
    expect(tiles.coarse).toEqual(coarse);
  });

  it('sees with a closer first look what is less than a cell of a far one', async () => {
    // 1600 px in one look: its pixels are read at 12.5, 37.5 … 1212.5, 1237.5, beside the bright spot.
    const scene = sceneWith({ widthPx: 1600, heightPx: 1600 }, [
      { x: 1214, y: 414, side: 12, value: 250 },
      { x: 200, y: 1200, side: 60, value: 45 },
    ]);
    const found = async (shrink: number) => {
      const o = options({ search: 'coarse-to-fine', shrink });
      const { regions } = await groundScene(looker, scene, o);
      return regions.some(({ box }) => box[0] > 1100);
    };
    expect([await found(1000), await found(4)]).toEqual([false, true]);
  });
});

describe('a coarse look that knows nothing', () => {
  it('leaves the search to all tiles', async () => {
    const size = { widthPx: 640, heightPx: 640 }; // a cell of the coarse look has 40 px: centres at 20, 60, 100 …
    const scene = sceneWith(size, [
      { x: 44, y: 44, side: 4, value: 250 },
      { x: 40, y: 40, side: 12, value: 20 },
      { x: 0, y: 0, side: 640, value: 0, valid: false },
    ]);
    const search = 'coarse-to-fine' as const;
    const { regions, tiles } = await groundScene(looker, scene, options({ search }));
    expect(tiles.looked).toBe(tiles.planned);
    expect(regions).toHaveLength(1);
    const cell = 64 / CELLS;
    for (const [i, edge] of [44, 44, 48, 48].entries()) {
      expect(Math.abs(regions[0]!.box[i]! - edge)).toBeLessThanOrEqual(cell);
    }
  });
});

describe('decide, where a part of a picture has no data', () => {
  it('finds nothing there, and measures nothing against it', async () => {
    const size = { widthPx: 64, heightPx: 64 };
    const spots = [
      { x: 0, y: 0, side: 32, value: 255, valid: false },
      { x: 44, y: 44, side: 12, value: 120 },
    ];
    const { image, valid } = await sceneWith(size, spots).read({ x: 0, y: 0, ...size }, size);
    const relevance = float32([CELLS, CELLS], weighLayers([brightness(image)], [1]));
    const seen = { relevance, scales: new Map([[32, IDENTITY]]) };
    const found = decide(seen, size, options(), { valid });
    expect(found.box!.slice(0, 2).every((edge) => edge >= 40)).toBe(true);
    expect(found.mask.data.some((pixel, i) => pixel && !valid.data[i])).toBe(false);
    expect(decide(seen, size, options()).box![0]).toBe(0); // without knowing, the brightest wins
  });
});

describe('regionsOf', () => {
  const scene = { widthPx: 40, heightPx: 20 };
  const map = (...rows: number[][]) =>
    float32([rows.length, rows[0]!.length], Float32Array.from(rows.flat()));

  it('parts what lies two cells apart, best first, and leaves out what stays below α', async () => {
    const found = await regionsOf(
      map([0.6, 0, 0, 0.9, 0.9, 0, 0, 0.3], [0.6, 0, 0, 0.9, 0.9, 0, 0, 0.3]),
      { scene, alpha: 0.5 },
    );
    expect(found).toHaveLength(2);
    expect(found.map(({ box }) => box[0] > 10)).toEqual([true, false]);
    expect(found[0]!.score).toBeGreaterThan(found[1]!.score);
  });

  it('keeps apart what lies in the bay of another', async () => {
    // An L of 12 × 12 cells, two wide, and a cell three away from both of its arms.
    const [cells, scene] = [14, { widthPx: 140, heightPx: 140 }];
    const data = Float32Array.from({ length: cells * cells }, (_, i) => {
      const [row, column] = [Math.floor(i / cells), i % cells];
      if (row === 6 && column === 7) return 0.9;
      return (column < 2 && row < 12) || (row >= 10 && row < 12 && column < 12) ? 1 : 0;
    });
    const found = await regionsOf(float32([cells, cells], data), { scene, alpha: 0.5 });
    expect(found.map(({ areaPx }) => areaPx)).toEqual([expect.any(Number), expect.any(Number)]);
    const [bent, blob] = found.toSorted((x, y) => y.areaPx - x.areaPx);
    const at = ({ window, mask }: (typeof found)[number], x: number, y: number) =>
      mask.data[(y - window.y) * mask.widthPx + (x - window.x)];
    expect([at(blob!, 75, 65), at(bent!, 75, 65), at(bent!, 5, 5)]).toEqual([1, 0, 1]);
  });

  it('refuses a region that is too large to be a mask in memory', async () => {
    const everywhere = map([1, 1], [1, 1]);
    const planet = { widthPx: 40_000, heightPx: 40_000 };
    const found = regionsOf(everywhere, { scene: planet, alpha: 0.5 });
    await expect(found).rejects.toMatchObject({ code: 'REGION_TOO_LARGE' });
  });
});

describe('partOf', () => {
  it('searches there only, and says where in the whole it is', async () => {
    const size = { widthPx: 240, heightPx: 120 };
    const spots = [
      { x: 20, y: 40, side: 20, value: 250 },
      { x: 180, y: 60, side: 20, value: 200 },
    ];
    const window = { x: 120, y: 20, widthPx: 112, heightPx: 90 };
    const part = partOf(sceneWith(size, spots), { window, contains: (x) => x > 130 });
    const { regions } = await groundScene(looker, part, options());
    const [x1, y1] = regionOfWhole(regions[0]!, window).box;
    expect(Math.abs(x1 - 180)).toBeLessThanOrEqual(4); // a cell of the networks
    expect(Math.abs(y1 - 60)).toBeLessThanOrEqual(4);
  });
});

describe('planTiles', () => {
  it('covers the scene with windows inside it that overlap enough', () => {
    const side = fc.integer({ min: 1, max: 5000 });
    const overlap = fc.double({ min: 0, max: 0.8, noNaN: true });
    const plan = {
      widthPx: side,
      heightPx: side,
      tilePx: fc.integer({ min: 16, max: 1024 }),
      overlap,
    };
    fc.assert(
      fc.property(fc.record(plan), ({ widthPx, heightPx, ...o }) => {
        const tiles = planTiles({ widthPx, heightPx }, { ...o, scale: 0.5 });
        const rows = tiles.filter(({ window }) => window.y === 0).map(({ window }) => window);
        expect(rows[0]!.x).toBe(0);
        expect(rows.at(-1)!.x + rows.at(-1)!.widthPx).toBe(widthPx);
        for (const [i, window] of rows.entries()) {
          if (i === 0) continue;
          const common = rows[i - 1]!.x + window.widthPx - window.x;
          expect(common).toBeGreaterThanOrEqual(o.overlap * window.widthPx - 1); // rounded
        }
        const last = tiles.at(-1)!.window;
        expect([last.x + last.widthPx, last.y + last.heightPx]).toEqual([widthPx, heightPx]);
      }),
    );
  });
});

describe('SceneGrid', () => {
  it('carries a slope over tiles without a step', () => {
    const scene = { widthPx: 160, heightPx: 64 };
    const tiles = planTiles(scene, { tilePx: 64, overlap: 0.25, scale: 1 });
    const grid = new SceneGrid(scene, { window: tiles[0]!.window, cells: 32 });
    for (const { window } of tiles) grid.add({ window, map: slope(window.x), isValid: () => true });
    const values = grid.values();
    // The value is the cell's centre in px; a tile keeps its outermost half cell (4 px) level, which weighs next to nothing.
    for (let cell = 2; cell < grid.width - 2; cell += 1) {
      expect(values[cell]!).toBeCloseTo((cell + 0.5) * 2, 0);
    }
  });
});

/** [8, 8] of 8 px cells: each the place of its centre. */
function slope(x: number): Float32Tensor {
  return float32(
    [8, 8],
    Float32Array.from({ length: 64 }, (_, i) => x + ((i % 8) + 0.5) * 8),
  );
}
