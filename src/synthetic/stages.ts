/** What an expression tells its object apart by. */
export const KINDS = [
  'category',
  'colour',
  'size',
  'position',
  'ordinal',
  'relation',
  'function',
  'combination',
  'absent',
] as const;
export type Kind = (typeof KINDS)[number];

/** How full a scene is and what may be said of it. */
export interface Stage {
  readonly objects: readonly [least: number, most: number];
  /** Probability that the next object repeats the category of one that stands already. */
  readonly repeat: number;
  /** Half extents of objects, units of the image's side, by size class. */
  readonly radius: Readonly<Record<'small' | 'medium' | 'large', readonly [number, number]>>;
  readonly kinds: readonly Kind[];
}

const WIDE = { small: [0.075, 0.095], medium: [0.12, 0.14], large: [0.17, 0.21] } as const;
const ROOMY = { small: [0.1, 0.12], medium: [0.145, 0.17], large: [0.2, 0.24] } as const;

/** The curriculum: (a) one object, (b) two or three, (c) three to eight with position, (d) everything. */
export const STAGES = {
  a: { objects: [1, 1], repeat: 0, radius: ROOMY, kinds: ['category', 'colour', 'function'] },
  b: { objects: [2, 3], repeat: 0.35, radius: ROOMY, kinds: ['category', 'colour', 'function'] },
  c: {
    objects: [3, 8],
    repeat: 0.4,
    radius: WIDE,
    kinds: ['category', 'colour', 'function', 'position', 'combination'],
  },
  d: { objects: [3, 8], repeat: 0.5, radius: WIDE, kinds: KINDS },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof STAGES;
