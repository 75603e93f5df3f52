/** TIFFs written tag by tag, also such as no program would write. */
import { TAG, type TagName } from './tags.ts';

/** Text is ASCII, bytes are UNDEFINED, whole numbers LONG (offsets of BigTIFF LONG8), others DOUBLE. */
export type TagContent = readonly number[] | string | Uint8Array;

export interface PageContent {
  readonly tags: Partial<Record<TagName, TagContent>>;
  /** Written to the file; their offsets and lengths become the tags of strips or, with TileWidth, of tiles. */
  readonly blocks?: readonly Uint8Array[];
  /** Where its list goes on: another page, by index, or nowhere. Default: the next one. */
  readonly next?: number | null;
  /** Pages that are its sub-directories, by index. */
  readonly children?: readonly number[];
  /** Left out of the default list. */
  readonly isChild?: true;
}

export interface TiffContent {
  readonly pages: readonly PageContent[];
  readonly big?: boolean;
  readonly littleEndian?: boolean;
}

/** Tags of a picture of one band of bytes in one strip. */
export function greyTags(widthPx: number, heightPx: number): PageContent['tags'] {
  return {
    ImageWidth: [widthPx],
    ImageLength: [heightPx],
    BitsPerSample: [8],
    Compression: [1],
    PhotometricInterpretation: [1],
    SamplesPerPixel: [1],
    RowsPerStrip: [heightPx],
  };
}

/** A grey picture with all pixels different in a row; `tags` are put over the usual ones. */
export function greyPage(
  { widthPx = 4, heightPx = 3 } = {},
  tags: PageContent['tags'] = {},
): PageContent {
  const pixels = Uint8Array.from({ length: widthPx * heightPx }, (_, i) => i);
  return { tags: { ...greyTags(widthPx, heightPx), ...tags }, blocks: [pixels] };
}

export function tiffFile({ pages, big = false, littleEndian = true }: TiffContent): Buffer {
  const parts: Buffer[] = [];
  let length = big ? 16 : 8;
  const append = (bytes: Uint8Array): number => {
    const at = length;
    parts.push(Buffer.from(bytes));
    length += bytes.length;
    return at;
  };
  const number = (value: number, bytes: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i += 1) {
      const place = littleEndian ? i : bytes - 1 - i;
      buffer[place] = Math.floor(value / 2 ** (8 * i)) % 256;
    }
    return buffer;
  };
  const wide = big ? 8 : 4;
  const located = pages.map((page) => withBlocks(page, append));
  // Where directories are has to be known before they can name each other.
  const entries = located.map(
    ({ tags, children }) => Object.keys(tags).length + (children ? 1 : 0),
  );
  const sizes = entries.map((count) => (big ? 8 + count * 20 + 8 : 2 + count * 12 + 4));
  const offsets = sizes.map((_, i) => length + sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const values: Buffer[] = [];
  let valuesAt = length + sizes.reduce((a, b) => a + b, 0);
  const entry = (tag: number, content: TagContent): Buffer => {
    const { type, bytes, count } = encode(content, { big, number, littleEndian });
    const inline = bytes.length <= wide;
    const field = inline
      ? Buffer.concat([bytes, Buffer.alloc(wide - bytes.length)])
      : number(valuesAt, wide);
    if (!inline) {
      values.push(bytes);
      valuesAt += bytes.length;
    }
    return Buffer.concat([number(tag, 2), number(type, 2), number(count, wide), field]);
  };
  const list = pages.map((_, i) => i).filter((i) => !pages[i]!.isChild);
  const directories = located.map(({ tags, children }, i) => {
    const all = Object.entries(tags).map(
      ([name, content]) => [TAG[name as TagName], content] as const,
    );
    if (children) all.push([TAG.SubIFDs, children.map((child) => offsets[child]!)]);
    all.sort(([a], [b]) => a - b);
    const { next = list[list.indexOf(i) + 1] ?? null } = pages[i]!;
    const follows = number(next === null || pages[i]!.isChild ? 0 : offsets[next]!, wide);
    const body = all.map(([tag, content]) => entry(tag, content));
    return Buffer.concat([number(all.length, big ? 8 : 2), ...body, follows]);
  });
  const version = big ? [number(43, 2), number(8, 2), number(0, 2)] : [number(42, 2)];
  const first = number(offsets[list[0]!]!, wide);
  const header = [Buffer.from(littleEndian ? 'II' : 'MM'), ...version, first];
  return Buffer.concat([...header, ...parts, ...directories, ...values]);
}

function withBlocks(
  { tags, blocks, children }: PageContent,
  append: (bytes: Uint8Array) => number,
): Pick<PageContent, 'tags' | 'children'> {
  if (!blocks) return { tags, children };
  const [offsets, counts] = tags.TileWidth
    ? (['TileOffsets', 'TileByteCounts'] as const)
    : (['StripOffsets', 'StripByteCounts'] as const);
  const at = blocks.map(append);
  const located = { [offsets]: at, [counts]: blocks.map((block) => block.length) };
  return { tags: { ...located, ...tags }, children };
}

function encode(
  content: TagContent,
  {
    big,
    number,
    littleEndian,
  }: {
    big: boolean;
    number: (value: number, bytes: number) => Buffer;
    littleEndian: boolean;
  },
): { type: number; count: number; bytes: Buffer } {
  if (typeof content === 'string') {
    return { type: 2, count: content.length + 1, bytes: Buffer.from(`${content}\0`, 'latin1') };
  }
  if (content instanceof Uint8Array) {
    return { type: 7, count: content.length, bytes: Buffer.from(content) };
  }
  const count = content.length;
  if (content.every((value) => Number.isInteger(value) && value >= 0)) {
    const [type, bytes] = big && content.some((value) => value >= 2 ** 32) ? [16, 8] : [4, 4];
    return { type, count, bytes: Buffer.concat(content.map((value) => number(value, bytes))) };
  }
  const doubles = Buffer.alloc(8 * count);
  for (const [i, value] of content.entries()) {
    if (littleEndian) doubles.writeDoubleLE(value, 8 * i);
    else doubles.writeDoubleBE(value, 8 * i);
  }
  return { type: 12, count, bytes: doubles };
}
