/** The flags of `zeroov ground` for scenes: which bands are seen, where and how to search, what to write. */
import { type Command, Option } from 'commander';
import { ZeroovError } from '../errors.ts';
import { parseBands } from '../imagery/bands.ts';
import { parseStretch, type Stretch } from '../imagery/stretch.ts';
import { type SceneOptions, SEARCHES } from '../pipeline/scene-options.ts';
import { number, numbers, oneOf, whole } from './parse.ts';

export const GEO_FORMATS = ['geojson', 'gpkg', 'cog', 'stac', 'pgw'] as const;
export type GeoFormat = (typeof GEO_FORMATS)[number];

/** How a picture is read. */
export interface PictureFlags {
  readonly bands?: number[];
  readonly stretch?: Stretch;
  readonly nodata?: number;
  readonly epsg?: number;
}

/** What is written of what was found, where the picture has a place. */
export interface PlaceFlags {
  readonly all?: boolean;
  readonly simplify?: number;
  readonly minArea?: number;
  readonly format?: readonly GeoFormat[];
}

export interface SceneFlags extends PictureFlags, PlaceFlags {
  /** See the scene as one picture, however large it is. */
  readonly whole?: boolean;
  readonly tile?: number;
  readonly overlap?: number;
  readonly scales?: number[];
  readonly search?: SceneOptions['search'];
  readonly shrink?: number;
  /** Four numbers in pixels, or the path of a GeoJSON file. */
  readonly within?: string;
  /** Go on with a search that was cut off. */
  readonly resume?: boolean;
}

export function addSceneFlags(command: Command): Command {
  const option = adder(command);
  command.optionsGroup('Scenes (GeoTIFF, COG, pictures larger than one tile):');
  addPictureFlags(command);
  command.option('--whole', 'see the scene as one picture, however large it is');
  option('--tile <px>', 'side of what the networks see at once (default: 1024)', number('--tile'));
  option(
    '--overlap <share>',
    'of a tile with the next, 0..0.9 (default: 0.25)',
    number('--overlap'),
  );
  option(
    '--scales <list>',
    'pixels seen for one of the scene, e.g. 1,0.25 (default: 1)',
    numbers('--scales'),
  );
  option(
    '--search <name>',
    `which tiles are looked at (default: coarse-to-fine)\n${SEARCHES.join(', ')}`,
    oneOf('--search', SEARCHES),
  );
  option(
    '--shrink <times>',
    'how much smaller the first look of coarse-to-fine may see the scene, e.g. 8 (default: 2)',
    number('--shrink'),
  );
  command.option(
    '--within <area>',
    'search there only: x1,y1,x2,y2 in pixels, or a polygon.geojson',
  );
  command.option('--resume', 'go on with the search over tiles that -o holds');
  command.option('--all', 'every separate region as a feature of its own, not only the best');
  return addPlaceFlags(command);
}

export function addPictureFlags(command: Command): Command {
  const option = adder(command);
  option(
    '--bands <list>',
    'red, green and blue, or one, from 1: 4,3,2 (default: the first)',
    parseBands,
  );
  option(
    '--stretch <low,high>',
    'percentiles that become black and white, or none (default: 2,98 unless 8-bit)',
    parseStretch,
  );
  option(
    '--nodata <value>',
    'pixels with this in all bands shown are no picture, e.g. a black fill: 0 (default: as the file says)',
    number('--nodata'),
  );
  option(
    '--epsg <code>',
    'coordinate system of a world file, or of a GeoTIFF that names none',
    whole('--epsg', { min: 1024, max: 32_766 }),
  );
  return command;
}

export function addPlaceFlags(command: Command): Command {
  const option = adder(command);
  option(
    '--simplify <metres>',
    'fewer corners, none further off than this',
    number('--simplify', { min: 0 }),
  );
  option('--min-area <m2>', 'leave out smaller regions', number('--min-area', { min: 0 }));
  option(
    '--format <list>',
    `beside the pictures (default: geojson,pgw where there is a place)\n${GEO_FORMATS.join(', ')}`,
    formats,
  );
  return command;
}

const adder =
  (command: Command) => (flags: string, help: string, parse: (text: string) => unknown) =>
    command.addOption(new Option(flags, help).argParser(parse));

function formats(text: string): GeoFormat[] {
  return [...new Set(text.split(',').map(oneOf('--format', GEO_FORMATS)))];
}

/** What a search over tiles is to be given: only the flags that were set. */
export function sceneOptionsOf({
  tile,
  overlap,
  scales,
  search,
  shrink,
}: SceneFlags): Partial<SceneOptions> {
  return { tilePx: tile, overlap, scales, search, shrink };
}

/** What needs a place on the Earth cannot be had without one. @throws OPTION_INVALID */
export function assertPlaced(flags: PlaceFlags & PictureFlags, problem: string): void {
  const { simplify, minArea, format, epsg } = flags;
  const needs = {
    '--simplify': simplify,
    '--min-area': minArea,
    '--format': format,
    '--epsg': epsg,
  };
  for (const [option, given] of Object.entries(needs)) {
    if (given === undefined) continue;
    const expected = 'a picture with a place on the Earth';
    throw new ZeroovError('OPTION_INVALID', { option, expected, got: problem });
  }
}
