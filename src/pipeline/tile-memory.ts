/** What the networks said of a scene's tiles, until all were asked: in memory, or wherever a `TileMemory` keeps it. */
import type { ValidPlaces } from './validity.ts';

/** Said of one tile. */
export interface TileSaying {
  readonly height: number;
  readonly width: number;
  /** Maps of the tile, each [height · width]: one a VLM layer, or the one interaction. */
  readonly layers: readonly Float64Array[];
  readonly valid: ValidPlaces;
}

/** Keys tell stage and tile apart; null is said of a tile without any picture. */
export interface TileMemory {
  recall(key: string): Promise<TileSaying | null | undefined>;
  keep(key: string, saying: TileSaying | null): Promise<void>;
}

/** Some 40 kB a tile of 36 × 36 cells and four layers. */
export function rememberTiles(): TileMemory {
  const said = new Map<string, TileSaying | null>();
  return {
    recall: async (key) => said.get(key),
    keep: async (key, saying) => {
      said.set(key, saying);
    },
  };
}
