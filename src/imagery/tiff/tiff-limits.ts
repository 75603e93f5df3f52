/** What a TIFF may ask of us before a pixel of it is decoded. Every limit can be set; each is tested at its edge. */
export interface TiffLimits {
  /** Directories: pages, overviews, masks. A pyramid of a 10⁶ px side has 20 levels, twice that with masks. */
  readonly directories: number;
  /** Entries of one directory. The longest lists of known tags have about 100. */
  readonly tags: number;
  /** Bytes of all tags that are read. A million tiles take 12 MB in offsets and byte counts. */
  readonly tagBytes: number;
  /** More are read by nobody's eyes; hyperspectral pictures have bands to be picked first. */
  readonly bands: number;
  /** Of the picture, pixels. */
  readonly sidePx: number;
  /** Of the picture; windows of it are read, never the whole. 60 000 × 60 000 fits. */
  readonly pixels: number;
  /** Of one tile, pixels. */
  readonly tileSidePx: number;
  /** Of one strip or tile when decoded: this is what is held at once. */
  readonly blockBytes: number;
}

export const TIFF_LIMITS: TiffLimits = {
  directories: 64,
  tags: 512,
  tagBytes: 16 * 2 ** 20,
  bands: 32,
  sidePx: 1_000_000,
  pixels: 4_000_000_000,
  tileSidePx: 8192,
  blockBytes: 64 * 2 ** 20,
};
