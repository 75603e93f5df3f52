/** Prompts, checked against the picture and said in the decoder's terms. */
import { ZeroovError } from '../../errors.ts';
import type { Box, Size } from '../../tensor/image.ts';
import { type Float32Tensor, float32, int64, type Tensor } from '../../tensor/tensor.ts';
import { KINDS } from './prompt-encoder.ts';

/** A place in the picture, in its pixels, continuous: the centre of the first pixel is (0.5, 0.5). Borders belong to it. */
export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  /** Whether the point lies on what is wanted, or beside it. */
  readonly positive: boolean;
}

/** What one mask is asked for with: at least one of the three. */
export interface Prompt {
  /** In pixels of the picture; what reaches beyond the picture is cut off. */
  readonly box?: Box;
  readonly points?: readonly PromptPoint[];
  /**
   * [L, L] logits, L = `sam.lowResSide`, above 0 inside: a rough mask in SAM's square, of which the picture fills the top left
   * (its long side all of it). A candidate's `lowRes` is one.
   */
  readonly maskLogits?: Float32Tensor;
}

/** Where a picture lies in SAM's square. */
export interface Frame {
  /** The picture's own size: the frame of prompts and masks. */
  readonly image: Size;
  /** Its size in the square, the long side filling it. */
  readonly resized: Size;
}

/** Sides of SAM's square: of the picture it reads, and of the masks it draws. */
export interface Sides {
  readonly imageSide: number;
  readonly lowResSide: number;
}

/**
 * Throws unless the prompt says something, and of this picture.
 *
 * @param number what messages call it, from 1
 * @throws PROMPT_INVALID for no prompt at all, what is not finite, a point outside the picture, a box without area in it,
 *   logits of another shape
 */
export function checkPrompt(
  { box, points = [], maskLogits }: Prompt,
  { image, lowResSide, number }: { image: Size; lowResSide: number; number: number },
): void {
  const { widthPx, heightPx } = image;
  const within = `within the picture's ${widthPx} × ${heightPx} px`;
  const refuse = (expected: string, got: string) =>
    new ZeroovError('PROMPT_INVALID', { prompt: number, expected, got });
  if (!box && points.length === 0 && !maskLogits) {
    throw refuse('a box, points or mask logits', 'none of them');
  }
  for (const { x, y } of points) {
    const inside = x >= 0 && x <= widthPx && y >= 0 && y <= heightPx;
    if (!inside) throw refuse(`points ${within}`, `${x},${y}`);
  }
  if (box && !hasArea(box, image)) {
    throw refuse(`a box x1,y1,x2,y2 with x1 < x2, y1 < y2 and area ${within}`, box.join(','));
  }
  if (maskLogits) {
    const { shape, data } = maskLogits;
    const fits = shape.length === 2 && shape.every((side) => side === lowResSide);
    const finite = data.every(Number.isFinite);
    const got = `[${shape.join(', ')}]${finite ? '' : ' with some that are not'}`;
    if (!fits || !finite) throw refuse(`finite mask logits [${lowResSide}, ${lowResSide}]`, got);
  }
}

function hasArea(box: Box, image: Size): boolean {
  const [x1, y1, x2, y2] = clip(box, image);
  return box.every(Number.isFinite) && x1 < x2 && y1 < y2;
}

/** The part of a box that lies in the picture. */
function clip([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): Box {
  const inside = (px: number, side: number) => Math.min(side, Math.max(0, px));
  return [inside(x1, widthPx), inside(y1, heightPx), inside(x2, widthPx), inside(y2, heightPx)];
}

/** A token of the decoder's input. */
interface Token {
  /** x, y in −1..1 over SAM's square. */
  readonly place: readonly [x: number, y: number];
  readonly kind: number;
}

/**
 * The tokens of a prompt: points, a padding token where there is no box, the box's corners.
 *
 * Coordinates are scaled to the square and shifted by half a pixel of it, as the reference does with the same numbers.
 * Reference: SamProcessor and SamPromptEncoder of transformers.
 */
export function tokensOf(
  { box, points = [] }: Prompt,
  { image, resized, imageSide }: Frame & Pick<Sides, 'imageSide'>,
): Token[] {
  const scaled = (px: number, from: number, to: number) =>
    (2 * (px * (to / from) + 0.5)) / imageSide - 1;
  const token = (x: number, y: number, kind: number): Token => ({
    place: [scaled(x, image.widthPx, resized.widthPx), scaled(y, image.heightPx, resized.heightPx)],
    kind,
  });
  const tokens = points.map(({ x, y, positive }) =>
    token(x, y, positive ? KINDS.positive : KINDS.negative),
  );
  if (box) {
    const [x1, y1, x2, y2] = clip(box, image);
    return [...tokens, token(x1, y1, KINDS.topLeft), token(x2, y2, KINDS.bottomRight)];
  }
  return points.length > 0 ? [...tokens, { place: [0, 0], kind: KINDS.padding }] : tokens;
}

/** Inputs of the decoder for prompts of as many tokens each, all with a rough mask or all without. */
export function promptInputs(
  prompts: readonly Prompt[],
  frame: Frame & Sides,
): Record<string, Tensor> {
  const rows = prompts.map((prompt) => tokensOf(prompt, frame));
  const [batch, count] = [rows.length, rows[0]!.length];
  const places = rows.flatMap((row) => row.flatMap(({ place }) => place));
  const kinds = rows.flatMap((row) => row.map(({ kind }) => kind));
  const inputs = {
    places: float32([batch, count, 2], Float32Array.from(places)),
    kinds: int64([batch, count], kinds),
  };
  if (!prompts[0]!.maskLogits) return inputs;
  const { lowResSide: side } = frame;
  const masks = float32([batch, 1, side, side]);
  for (const [i, { maskLogits }] of prompts.entries()) {
    masks.data.set(maskLogits!.data, i * side * side);
  }
  return { ...inputs, masks };
}
