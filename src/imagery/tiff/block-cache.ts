import type { SampleArray } from '../picture-file.ts';

/** Tiles that overlap share blocks, and strips are as wide as the picture: what was decoded last is kept. */
const CACHE_BYTES = 128 * 2 ** 20;

/** The blocks decoded last, by whatever names them. */
export class BlockCache {
  private readonly blocks = new Map<string, SampleArray>();
  private bytes = 0;

  constructor(private readonly limit = CACHE_BYTES) {}

  async get(key: string, decode: () => Promise<SampleArray>): Promise<SampleArray> {
    const block = this.blocks.get(key) ?? (await decode());
    // Put at the end: the first one is the one not used for longest.
    if (!this.blocks.delete(key)) this.bytes += block.byteLength;
    this.blocks.set(key, block);
    for (const [oldest, { byteLength }] of this.blocks) {
      if (this.bytes <= this.limit || oldest === key) break;
      this.blocks.delete(oldest);
      this.bytes -= byteLength;
    }
    return block;
  }
}
