/** The tags that are read, by their names in TIFF 6.0, GeoTIFF 1.1 and libtiff. Any other is not looked at. */
export const TAG = {
  NewSubfileType: 254,
  ImageWidth: 256,
  ImageLength: 257,
  BitsPerSample: 258,
  Compression: 259,
  PhotometricInterpretation: 262,
  FillOrder: 266,
  StripOffsets: 273,
  SamplesPerPixel: 277,
  RowsPerStrip: 278,
  StripByteCounts: 279,
  PlanarConfiguration: 284,
  Predictor: 317,
  ColorMap: 320,
  TileWidth: 322,
  TileLength: 323,
  TileOffsets: 324,
  TileByteCounts: 325,
  SubIFDs: 330,
  ExtraSamples: 338,
  SampleFormat: 339,
  JPEGTables: 347,
  ModelPixelScale: 33550,
  ModelTiepoint: 33922,
  ModelTransformation: 34264,
  GeoKeyDirectory: 34735,
  GeoDoubleParams: 34736,
  GeoAsciiParams: 34737,
  GdalNoData: 42113,
  LercParameters: 50674,
} as const;

export type TagName = keyof typeof TAG;

export const TAG_NAMES: ReadonlyMap<number, TagName> = new Map(
  Object.entries(TAG).map(([name, number]) => [number, name as TagName]),
);

/** Numbers of a tag in host order; bytes and text stay bytes. */
export type TagValue = Float64Array | Uint8Array;
export type Tags = ReadonlyMap<TagName, TagValue>;

/** The first number of a tag, or what TIFF says where it is absent. */
export function numberOf(tags: Tags, name: TagName, absent: number): number {
  return tags.get(name)?.[0] ?? absent;
}

/** The text of a tag up to its NUL; undefined where it is absent. */
export function textOf(tags: Tags, name: TagName): string | undefined {
  const bytes = tags.get(name);
  return bytes && Buffer.from(bytes).toString('latin1').split('\0', 1)[0];
}
