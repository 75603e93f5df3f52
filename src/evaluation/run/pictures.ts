/** The pictures of a dataset: the last one is kept, since expressions about one picture follow each other. */
import { ZeroovError } from '../../errors.ts';
import { openImage } from '../../imagery/open.ts';
import type { RgbImage } from '../../tensor/image.ts';
import { locateImage } from '../locate-image.ts';
import type { Dataset, Sample } from '../sample.ts';
import { hashFile } from './hash-file.ts';

export interface Picture {
  readonly image: RgbImage;
  /** Of the file's bytes; null for a picture made in memory. */
  readonly sha256: string | null;
}

export class Pictures {
  private last: { readonly name: string; readonly picture: Picture } | undefined;

  constructor(private readonly dataset: Pick<Dataset, 'root'>) {}

  /** The same image object for as long as samples of one picture follow each other: networks remember it by that. */
  async open(sample: Sample): Promise<Picture> {
    if (this.last?.name === sample.image) return this.last.picture;
    const picture = sample.readImage
      ? { image: await sample.readImage(), sha256: null }
      : await openImage(await locateImage(this.dataset, sample));
    this.last = { name: sample.image, picture };
    return picture;
  }

  /** What the journal says of the picture as it is now, readable or not. */
  async identify(sample: Sample): Promise<string | null> {
    if (sample.readImage) return null;
    try {
      return await hashFile(await locateImage(this.dataset, sample));
    } catch (error) {
      if (error instanceof ZeroovError) return null; // opening it as a picture says why
      throw error;
    }
  }
}
