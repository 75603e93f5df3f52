import type { ColourName } from './colours.ts';

/** What a category is called, looks like and needs. Data only: the shapes are in `objects.ts`. */
export interface CategorySpec {
  /** Names an expression may use; the first is the canonical one. */
  readonly names: readonly [string, ...string[]];
  /** Function-like paraphrases that fit no other category. */
  readonly functions: readonly [string, ...string[]];
  readonly colours: readonly [ColourName, ...ColourName[]];
  readonly habitat: 'land' | 'water' | 'crossing';
}

export const CATEGORIES = {
  'storage tank': {
    names: ['storage tank', 'oil tank', 'tank'],
    functions: ['where the oil is stored', 'the container that holds fuel'],
    colours: ['white', 'gray', 'red', 'blue', 'green', 'yellow'],
    habitat: 'land',
  },
  building: {
    names: ['building', 'house'],
    functions: ['where people live', 'the place with a roof'],
    colours: ['red', 'gray', 'white', 'blue', 'orange', 'black'],
    habitat: 'land',
  },
  ship: {
    names: ['ship', 'boat'],
    functions: ['the thing that sails on the water', 'what carries cargo over the sea'],
    colours: ['white', 'red', 'blue', 'black', 'yellow', 'gray'],
    habitat: 'water',
  },
  airplane: {
    names: ['airplane', 'plane'],
    functions: ['the thing that flies', 'where the planes park'],
    colours: ['white', 'gray', 'blue', 'red', 'yellow'],
    habitat: 'land',
  },
  vehicle: {
    names: ['vehicle', 'car'],
    functions: ['the thing that drives on roads', 'what a driver steers'],
    colours: ['red', 'blue', 'white', 'black', 'yellow', 'green'],
    habitat: 'land',
  },
  'tennis court': {
    names: ['tennis court'],
    functions: ['where tennis is played', 'the place for a match with rackets'],
    colours: ['green', 'blue', 'red', 'orange'],
    habitat: 'land',
  },
  'baseball field': {
    names: ['baseball field', 'baseball diamond'],
    functions: ['where baseball is played', 'the place where a pitcher throws'],
    colours: ['green', 'orange', 'yellow'],
    habitat: 'land',
  },
  'swimming pool': {
    names: ['swimming pool', 'pool'],
    functions: ['where people swim', 'the place to take a bath'],
    colours: ['blue', 'green'],
    habitat: 'land',
  },
  'track field': {
    names: ['ground track field', 'track field', 'running track'],
    functions: ['where athletes run', 'the place for running laps'],
    colours: ['red', 'blue', 'orange', 'gray'],
    habitat: 'land',
  },
  bridge: {
    names: ['bridge'],
    functions: ['what crosses the river', 'the way over the river'],
    colours: ['gray', 'red', 'white', 'black', 'yellow'],
    habitat: 'crossing',
  },
  windmill: {
    names: ['windmill', 'wind turbine'],
    functions: ['what turns wind into power', 'the thing with rotating blades'],
    colours: ['white', 'red', 'black', 'yellow'],
    habitat: 'land',
  },
  'tree group': {
    names: ['tree group', 'group of trees'],
    functions: ['where birds nest', 'the place with shade and leaves'],
    colours: ['green', 'orange', 'yellow'],
    habitat: 'land',
  },
  'solar field': {
    names: ['solar field', 'solar farm'],
    functions: ['what turns sunlight into power', 'where panels face the sun'],
    colours: ['blue', 'black'],
    habitat: 'land',
  },
} as const satisfies Record<string, CategorySpec>;

export type CategoryName = keyof typeof CATEGORIES;
export const CATEGORY_NAMES = Object.keys(CATEGORIES) as CategoryName[];

/** The row of a category, widened so that its lists can be searched. */
export function categorySpec(name: CategoryName): CategorySpec {
  return CATEGORIES[name];
}
