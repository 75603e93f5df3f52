/** What the program and the decoder child say to each other: plain data. */
import type { ErrorCode } from '../../errors.ts';
import type { RgbImage } from '../../tensor/image.ts';
import type { PictureInfo } from '../picture-file.ts';
import type { ImageFormat } from '../sniff-format.ts';
import type { TiffLimits } from '../tiff/tiff-limits.ts';
import type { WindowPixels, WindowRequest } from './read-window.ts';
import type { PictureBytes } from './whole-picture.ts';

/** Where a child finds the file it was started for: after the standard streams and the channel. */
export const SCENE_FD = 4;

/** The file whose descriptor the child was started with. */
export interface SceneSource {
  readonly path: string;
  readonly size: number;
  readonly format: ImageFormat;
  /** Whether the EXIF orientation of a PNG, JPEG or WebP is applied. */
  readonly upright: boolean;
  /** In place of the value that the file names, if it names one. */
  readonly noData?: number;
  /** Of a TIFF, where they are not the usual ones. */
  readonly limits?: Partial<TiffLimits>;
}

export type Request =
  | { readonly kind: 'picture'; readonly picture: PictureBytes }
  | { readonly kind: 'open'; readonly scene: SceneSource }
  | ({ readonly kind: 'window'; readonly scene: SceneSource } & WindowRequest)
  | { readonly kind: 'sample'; readonly scene: SceneSource; readonly bands: readonly number[] };

/** What a request is answered with. */
export interface Answers {
  readonly picture: RgbImage;
  readonly open: PictureInfo;
  readonly window: WindowPixels;
  readonly sample: Float32Array[];
}

/** A row of the error table and the values of its sentence. */
export interface Failure {
  readonly code: ErrorCode;
  readonly fields: object;
}

export type Reply =
  | { readonly kind: 'done'; readonly answer: Answers[keyof Answers] }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** A step of a long request is done. */
  | { readonly kind: 'alive' };
