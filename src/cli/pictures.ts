/** The pictures of a grounding: what it looked at, stage by stage, and what it found. */
import { drawOverlay } from '../imagery/draw-overlay.ts';
import { drawPanel, type PanelTile } from '../imagery/draw-panel.ts';
import type { GroundMarks } from '../imagery/ground-marks.ts';
import type { Grounding } from '../pipeline/ground.ts';
import type { Finding } from '../pipeline/mask.ts';
import type { Refinement } from '../pipeline/refine.ts';
import type { RgbImage, Size } from '../tensor/image.ts';

/** What the pictures show of a grounding. */
export type Shown = Pick<
  Grounding,
  'expression' | 'maps' | 'mask' | 'box' | 'found' | 'score' | 'refinement'
>;

export interface Ground {
  /** Where the picture has a place: what its scale bar and north arrow say. */
  readonly ground?: GroundMarks | undefined;
}

interface Panelled extends Ground {
  readonly image: RgbImage;
  /** Of what the image shows, where that is larger. */
  readonly size?: Size;
  readonly caption?: string;
}

/** input | relevance | attention | evolved | mask, without those that the order leaves out. PNG bytes. */
export function panelOf(
  { expression, maps, refinement, ...found }: Shown,
  { image, size = image, caption, ground }: Panelled,
): Promise<Uint8Array> {
  const stages = [
    { title: 'relevance', note: 'where the VLM looks', map: maps.overview },
    { title: 'attention', note: 'with the structure of the picture', map: maps.attention },
    { title: 'evolved', note: 'grown from the seeds', map: maps.evolved },
  ];
  const tiles: PanelTile[] = [
    { kind: 'image', title: 'input', note: `${size.widthPx} × ${size.heightPx} px` },
    ...stages.flatMap(({ map, ...text }) => (map ? [{ kind: 'map' as const, map, ...text }] : [])),
    maskTile('mask', refinement?.before ?? found),
    ...(refinement ? [maskTile('refined', { ...found, note: sayRefined(refinement) })] : []),
  ];
  return drawPanel({ image, heading: `“${expression}”`, caption, tiles, ground });
}

type MaskTile = Extract<PanelTile, { kind: 'mask' }>;

function maskTile(
  title: string,
  { found, score, ...tile }: Omit<MaskTile, 'kind' | 'title'> & Pick<Finding, 'found' | 'score'>,
): MaskTile {
  const { mask, box, note = sayFound(found, score) } = tile;
  return { kind: 'mask', title, note, mask, box };
}

/** The picture with mask, box and label. PNG bytes. */
export function overlayOf(
  {
    expression,
    mask,
    box,
    found,
    score,
  }: Pick<Shown, 'expression' | 'mask' | 'box' | 'found' | 'score'>,
  { image, ground }: Ground & { readonly image: RgbImage },
): Promise<Uint8Array> {
  const label = found
    ? `${expression}${score === null ? '' : ` ${score.toFixed(2)}`}`
    : `not found: ${expression}`;
  return drawOverlay({ image, mask, box, label, ground });
}

function sayRefined({ by, predictedIou }: Refinement): string {
  return `SAM from ${by}, its estimate ${predictedIou?.toFixed(2) ?? 'none'}`;
}

function sayFound(found: boolean, score: number | null): string {
  if (!found) return 'not found';
  return score === null ? 'found' : `score ${score.toFixed(2)}`;
}
