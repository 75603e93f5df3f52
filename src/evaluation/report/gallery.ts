/** The examples of a report with their pictures. */
import type { Dataset, Sample } from '../sample.ts';
import { type DrawnExample, drawExample } from './draw-example.ts';
import type { Example, Examples } from './examples.ts';

export interface GalleryItem extends Example {
  /** Null where there is no dataset at hand, or the picture cannot be read. */
  readonly drawn: DrawnExample | null;
}
export type Gallery = Readonly<Record<keyof Examples, readonly GalleryItem[]>>;

/** @param dataset null: nothing is drawn */
export async function drawGallery(
  { best, worst, missed }: Examples,
  dataset: Dataset | null,
): Promise<Gallery> {
  const wanted = new Set([...best, ...worst, ...missed].map(({ record }) => record.id));
  const samples = new Map<string, Sample>();
  for (const sample of dataset?.samples ?? []) {
    if (wanted.has(sample.id)) samples.set(sample.id, sample);
  }
  const draw = async (examples: readonly Example[]): Promise<GalleryItem[]> => {
    const items: GalleryItem[] = [];
    for (const example of examples) {
      const { id, prediction } = example.record;
      const sample = samples.get(id);
      const drawn = dataset && sample ? await drawExample(prediction, { sample, dataset }) : null;
      items.push({ ...example, drawn });
    }
    return items;
  };
  return { best: await draw(best), worst: await draw(worst), missed: await draw(missed) };
}
