/** What runs beside the method: progress, cancelling, and what is remembered of a picture between expressions. */
import type { RgbImage } from '../tensor/image.ts';

/** Parts of a grounding that take time, in the order they run. */
export type Stage =
  | 'vision'
  | 'answer'
  | 'latent'
  | 'structure'
  | 'refine'
  /** Over a scene's tiles: the look at the whole of it, the reading of tiles, and the focus on them. */
  | 'coarse'
  | 'tiles'
  | 'focus';

export interface Progress {
  readonly stage: Stage;
  /** Of `total`: pictures, tokens (at most), pictures, evaluations of the U-Net, expressions; tiles. One expression at a time. */
  readonly done: number;
  readonly total: number;
}

export interface Watch {
  /** Checked between steps: a step itself is not interrupted. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Results that depend on a picture alone, kept for as long as the caller keeps the picture. */
export class ImageMemory {
  private readonly images = new WeakMap<RgbImage, Map<string, Promise<unknown>>>();

  /** What `compute` gave for this picture and key the last time, or what it gives now. A failure is not kept. */
  recall<T>(image: RgbImage, key: string, compute: () => Promise<T>): Promise<T> {
    const known = this.images.get(image) ?? new Map<string, Promise<unknown>>();
    this.images.set(image, known);
    const found = known.get(key) as Promise<T> | undefined;
    if (found) return found;
    const made = compute();
    known.set(key, made);
    made.catch(() => known.delete(key));
    return made;
  }
}
