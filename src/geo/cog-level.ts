import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Size } from '../tensor/image.ts';

const COPY_BYTES = 2 ** 22;
/** Before a tile its size, behind it its last bytes again: a reader can tell that it got the whole tile. */
const [LEADER_BYTES, TRAILER_BYTES] = [4, 4] as const;

/** Packed tiles of one level in reading order, in a file of their own until the sizes of all levels are known. */
export class CogLevel {
  /** Of each tile, without what stands before and behind it. */
  readonly byteCounts: number[] = [];
  /** Of each tile from the level's start. */
  readonly offsets: number[] = [];
  /** Of all tiles and what stands around them. */
  bytes = 0;
  private file: FileHandle | undefined;

  constructor(
    private readonly path: string,
    readonly size: Size,
  ) {}

  async append(tile: Uint8Array): Promise<void> {
    this.file ??= await open(this.path, 'w+');
    const framed = new Uint8Array(LEADER_BYTES + tile.length + TRAILER_BYTES);
    new DataView(framed.buffer).setUint32(0, tile.length, true);
    framed.set(tile, LEADER_BYTES);
    framed.set(tile.subarray(-TRAILER_BYTES), LEADER_BYTES + tile.length);
    await this.file.appendFile(framed);
    this.byteCounts.push(tile.length);
    this.offsets.push(this.bytes + LEADER_BYTES);
    this.bytes += framed.length;
  }

  /** Writes all tiles to where another file is written next. */
  async copyTo(target: FileHandle): Promise<void> {
    const buffer = new Uint8Array(COPY_BYTES);
    for (let at = 0; at < this.bytes; ) {
      const { bytesRead } = await this.file!.read(buffer, 0, COPY_BYTES, at);
      await target.appendFile(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  }

  async remove(): Promise<void> {
    await this.file?.close();
    if (this.file) await rm(this.path, { force: true });
  }
}
