/** The examples of a report with their pictures. */
import type { Dataset, Sample } from '../sample.ts';
import { type DrawnExample, drawExample } from './draw-example.ts';
import type { Example, Examples } from './examples.ts';
import { type EvidenceSource, stageMapsOf } from './stage-maps.ts';

export interface GalleryItem extends Example {
  /** Null where there is no dataset at hand, or the picture cannot be read. */
  readonly drawn: DrawnExample | null;
}
export type Gallery = Readonly<Record<keyof Examples, readonly GalleryItem[]>>;

export interface GallerySources {
  /** Null: nothing is drawn. */
  readonly dataset: Dataset | null;
  /** Null: what the stages saw is not known. */
  readonly evidence: EvidenceSource | null;
}

export async function drawGallery(
  { best, worst, missed }: Examples,
  { dataset, evidence }: GallerySources,
): Promise<Gallery> {
  const wanted = new Set([...best, ...worst, ...missed].map(({ record }) => record.id));
  const samples = new Map<string, { readonly sample: Sample; readonly position: number }>();
  for (const [position, sample] of dataset?.samples.entries() ?? []) {
    if (wanted.has(sample.id)) samples.set(sample.id, { sample, position });
  }
  const draw = async (examples: readonly Example[]): Promise<GalleryItem[]> => {
    const items: GalleryItem[] = [];
    for (const example of examples) {
      const { id, prediction } = example.record;
      const found = samples.get(id);
      const maps = found && evidence ? await stageMapsOf({ id, ...found }, evidence) : [];
      const drawn =
        dataset && found
          ? await drawExample(prediction, { sample: found.sample, dataset, maps })
          : null;
      items.push({ ...example, drawn });
    }
    return items;
  };
  return { best: await draw(best), worst: await draw(worst), missed: await draw(missed) };
}
