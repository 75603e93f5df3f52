import type { GeoTiffTags } from '../geo/place.ts';
import type { Size } from '../tensor/image.ts';
import type { Window } from './window.ts';

export type SampleType = 'uint8' | 'uint16' | 'int16' | 'float32';
export type SampleArray = Uint8Array | Uint16Array | Int16Array | Float32Array;

/** What a picture is, before a pixel of it is read. */
export interface PictureInfo extends Size {
  /** As stored, alpha included. */
  readonly bands: number;
  readonly sampleType: SampleType;
  /** Index of the band that is alpha. */
  readonly alpha: number | null;
  /** Its one band holds indices of colours: it is read as RGB, whatever bands are asked for. */
  readonly palette: boolean;
  /** The value that stands for "no data" in every band. NaN and infinity do so always. */
  readonly noData: number | null;
  readonly geoTags: GeoTiffTags | null;
}

/** Numbers of a window, [H, W] each, and which pixels have any: null where all do. */
export interface Pixels {
  readonly bands: readonly SampleArray[];
  readonly valid: Uint8Array | null;
}

/** The picture at one size, in blocks that are cheap to read as a whole. */
export interface Level extends Size {
  readonly blocks: number;
  /** The window of a block, cut to the picture; null where the block was never written. */
  blockAt(index: number): Window | null;
  /** The windows of all written blocks that have a part in `window`, cut to it and to the picture. */
  windowsIn(window: Window): Iterable<Window>;
  /** @throws IMAGE_DECODE, DECODE_OVERFLOW */
  read(window: Window, bands: readonly number[]): Promise<Pixels>;
}

/** A picture whose bytes were checked and whose pixels are decoded as they are asked for. */
export interface PictureFile {
  readonly info: PictureInfo;
  /** Full resolution first, then smaller ones. */
  readonly levels: readonly [Level, ...Level[]];
}
