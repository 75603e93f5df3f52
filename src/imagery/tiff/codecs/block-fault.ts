/** What is wrong with a block; who asked for it knows the file and makes it a row of the error table. */
export class BlockFault extends Error {
  override readonly name = 'BlockFault';

  constructor(
    readonly kind: 'overflow' | 'damaged',
    reason: string,
  ) {
    super(reason);
  }
}

/** It holds more than the page says. Nothing beyond that was unpacked. */
export const overflow = () => new BlockFault('overflow', 'it holds more than the page says');
export const damaged = (reason: string) => new BlockFault('damaged', reason);
