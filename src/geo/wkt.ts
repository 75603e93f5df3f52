import type { Crs } from './crs.ts';

/** PROJ's parameters by name, numbers as text. */
type Parameters = ReadonlyMap<string, string>;

/** PROJ's name of a method → that of well-known text, and PROJ's parameter → that of well-known text. */
type Method = readonly [name: string, parameters: Readonly<Record<string, string>>];

const ORIGIN = { lat_0: 'latitude_of_origin', lon_0: 'central_meridian' } as const;
const SCALED = { ...ORIGIN, k_0: 'scale_factor' } as const;
const CENTRE = { lat_0: 'latitude_of_center', lon_0: 'longitude_of_center' } as const;
const PARALLELS = { lat_1: 'standard_parallel_1', lat_2: 'standard_parallel_2' } as const;

const METHODS: Readonly<Record<string, (has: (key: string) => boolean) => Method>> = {
  tmerc: () => ['Transverse_Mercator', SCALED],
  merc: (has) =>
    has('lat_ts')
      ? ['Mercator_2SP', { lat_ts: 'standard_parallel_1', lon_0: 'central_meridian' }]
      : ['Mercator_1SP', SCALED],
  lcc: (has) =>
    has('lat_2')
      ? ['Lambert_Conformal_Conic_2SP', { ...PARALLELS, ...ORIGIN }]
      : ['Lambert_Conformal_Conic_1SP', SCALED],
  laea: () => ['Lambert_Azimuthal_Equal_Area', CENTRE],
  aea: () => ['Albers_Conic_Equal_Area', { ...PARALLELS, ...CENTRE }],
  aeqd: () => ['Azimuthal_Equidistant', CENTRE],
  stere: (has) => [
    'Polar_Stereographic',
    has('lat_ts') ? { lat_ts: 'latitude_of_origin', lon_0: 'central_meridian' } : SCALED,
  ],
  sterea: () => ['Oblique_Stereographic', SCALED],
  eqc: () => ['Equirectangular', { lat_ts: 'standard_parallel_1', ...ORIGIN }],
  cass: () => ['Cassini_Soldner', ORIGIN],
  poly: () => ['Polyconic', ORIGIN],
  sinu: () => ['Sinusoidal', { lon_0: 'longitude_of_center' }],
  cea: () => [
    'Cylindrical_Equal_Area',
    { lat_ts: 'standard_parallel_1', lon_0: 'central_meridian' },
  ],
};

const DEGREE = 'UNIT["degree",0.0174532925199433]';

/**
 * A system as well-known text (OGC 01-009, as GDAL writes it); "undefined" where its method has no name there. A reader that
 * knows EPSG goes by the code.
 */
export function toWkt(crs: Crs): string {
  const proj = parametersOf(crs.definition);
  const authority = crs.epsg === null ? '' : `,AUTHORITY["EPSG","${crs.epsg}"]`;
  const earth = `DATUM["unknown",SPHEROID["unknown",${spheroid(proj)}]${toWgs84(proj)}]`;
  const meridian = `PRIMEM["meridian",${proj.get('pm') ?? 0}]`;
  const name = quoted(crs.name);
  if (crs.kind === 'geographic') {
    return `GEOGCS[${name},${earth},${meridian},${DEGREE}${authority}]`;
  }
  const method = METHODS[proj.get('proj')!]?.((key) => proj.has(key));
  if (!method) return 'undefined';
  const unit = crs.unitMetres!;
  return [
    `PROJCS[${name}`,
    `GEOGCS["unknown",${earth},${meridian},${DEGREE}]`,
    `PROJECTION["${method[0]}"]`,
    ...Object.entries(method[1]).map(([key, parameter]) => {
      const value = proj.get(key) ?? (key === 'k_0' ? '1' : '0');
      return `PARAMETER["${parameter}",${value}]`;
    }),
    ...falseOrigin(proj, unit),
    `UNIT["metres × ${unit}",${unit}]`,
    `AXIS["Easting",EAST],AXIS["Northing",NORTH]${authority}]`,
  ].join(',');
}

function parametersOf(definition: string): Parameters {
  const words = definition.split(' ').map((word) => word.slice(1).split('=') as [string, string?]);
  return new Map(words.map(([key, value]) => [key, value ?? '']));
}

/** Semi-major axis and inverse flattening, 0 for a sphere. */
function spheroid(proj: Parameters): string {
  const [a, b] = [Number(proj.get('a')), Number(proj.get('b'))];
  return `${a},${a === b ? 0 : a / (a - b)}`;
}

function toWgs84(proj: Parameters): string {
  const numbers = proj.get('towgs84')?.split(',');
  if (!numbers) return '';
  return `,TOWGS84[${[...numbers, 0, 0, 0, 0].slice(0, 7)}]`;
}

/** In the unit of the map; PROJ has metres. */
function falseOrigin(proj: Parameters, unit: number): string[] {
  const value = (key: string) => Number(proj.get(key) ?? 0) / unit;
  return [
    `PARAMETER["false_easting",${value('x_0')}]`,
    `PARAMETER["false_northing",${value('y_0')}]`,
  ];
}

const quoted = (name: string) => `"${name.replaceAll('"', "'")}"`;
