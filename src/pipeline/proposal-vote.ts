/** DiffPNG's refinement: the union of those proposed masks that agree with what was found (METHOD §4). */
import type { Mask } from '../tensor/image.ts';
import { type CocoRle, decodeRle } from '../tensor/rle.ts';

/** |P∩M| over |P|, or over |M|, above which a proposal is voted in. */
const AGREEMENT = 0.6;

export interface Proposal {
  /** Of the picture's size. */
  readonly mask: CocoRle;
  readonly areaPx: number;
  readonly predictedIou: number;
}

/** The union of all proposals P with |P∩M|/|P| > 0.6 or |P∩M|/|M| > 0.6, and which these are. M must not be empty. */
export function vote<P extends Proposal>(
  mask: Mask,
  proposals: readonly P[],
): { union: Mask; voted: P[] } {
  const areaPx = mask.data.reduce((sum, pixel) => sum + pixel, 0);
  const data = new Uint8Array(mask.data.length);
  const voted = proposals.filter((proposal) => {
    const pixels = decodeRle(proposal.mask).data;
    let both = 0;
    for (let i = 0; i < pixels.length; i += 1) both += pixels[i]! & mask.data[i]!;
    const agrees = both > AGREEMENT * proposal.areaPx || both > AGREEMENT * areaPx;
    if (agrees) for (let i = 0; i < pixels.length; i += 1) data[i]! |= pixels[i]!;
    return agrees;
  });
  return { union: { ...mask, data }, voted };
}
