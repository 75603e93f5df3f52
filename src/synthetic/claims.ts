import type { Box } from '../tensor/image.ts';
import { CATEGORY_NAMES, type CategoryName } from './categories.ts';
import { COLOUR_NAMES, type ColourName } from './colours.ts';
import type { SceneObject } from './scene.ts';
import type { Kind } from './stages.ts';

/** What an expression asserts, before it is worded. A null part is not said; category null is "object". */
export interface Claim {
  readonly kind: Kind;
  readonly category: CategoryName | null;
  readonly colour: ColourName | null;
  readonly size: 'small' | 'large' | null;
  readonly position: Position | null;
  readonly ordinal: { nth: 1 | 2 | 3; from: Side } | null;
  readonly relation: { name: Relation; anchors: readonly CategoryName[] } | null;
  /** Worded by what the category is for, not by its name. */
  readonly byFunction: boolean;
}

export const SIDES = ['left', 'right', 'top', 'bottom'] as const;
export type Side = (typeof SIDES)[number];
export const POSITIONS = [
  ...SIDES,
  'center',
  'upper left',
  'upper right',
  'lower left',
  'lower right',
] as const;
export type Position = (typeof POSITIONS)[number];
export const RELATIONS = [
  'left of',
  'right of',
  'above',
  'below',
  'nearest to',
  'between',
] as const;
export type Relation = (typeof RELATIONS)[number];

/** An object as claims see it: centre 0..1 of the image's side, area in pixels. */
interface Seen {
  readonly object: SceneObject;
  readonly x: number;
  readonly y: number;
}

/** How far a thing must be inside a vague word's meaning to be called so, and outside it not to be. */
type Reading = 'strict' | 'loose';

const EMPTY: Omit<Claim, 'kind'> = {
  category: null,
  colour: null,
  size: null,
  position: null,
  ordinal: null,
  relation: null,
  byFunction: false,
};

/** Every claim of the wanted kinds that holds strictly for `target` and not even loosely for another object. */
export function claimsAbout(target: SceneObject, scene: ClaimScene): Claim[] {
  const seen = scene.objects.map((object) => ({
    object,
    x: object.centre[0] / scene.sizePx,
    y: object.centre[1] / scene.sizePx,
  }));
  return candidates(target, scene)
    .filter((claim) => scene.kinds.includes(claim.kind))
    .filter((claim) => isOnly(claim, seen, target));
}

export interface ClaimScene {
  readonly objects: readonly SceneObject[];
  readonly sizePx: number;
  readonly kinds: readonly Kind[];
}

function isOnly(claim: Claim, seen: readonly Seen[], target: SceneObject): boolean {
  const strict = denoted(claim, seen, 'strict');
  const loose = denoted(claim, seen, 'loose');
  return strict.length === 1 && strict[0]?.object === target && loose.length === 1;
}

function candidates(target: SceneObject, scene: ClaimScene): Claim[] {
  const { category, colour } = target;
  const has = (kind: Kind): boolean => scene.kinds.includes(kind);
  const claims: Claim[] = [
    { ...EMPTY, kind: 'category', category },
    { ...EMPTY, kind: 'function', category, byFunction: true },
    { ...EMPTY, kind: 'colour', category, colour },
    { ...EMPTY, kind: 'colour', colour },
  ];
  for (const size of ['small', 'large'] as const) {
    if (!has('size')) break;
    claims.push({ ...EMPTY, kind: 'size', category, size });
    claims.push({ ...EMPTY, kind: 'combination', category, colour, size });
  }
  for (const position of has('position') ? POSITIONS : []) {
    claims.push({ ...EMPTY, kind: 'position', category, position });
    claims.push({ ...EMPTY, kind: 'combination', category, colour, position });
  }
  if (has('ordinal')) claims.push(...ordinals(category));
  if (has('relation')) claims.push(...relations(target, scene.objects));
  return claims;
}

function ordinals(category: CategoryName): Claim[] {
  return SIDES.flatMap((from) =>
    ([1, 2, 3] as const).map((nth) => ({
      ...EMPTY,
      kind: 'ordinal' as const,
      category,
      ordinal: { nth, from },
    })),
  );
}

/** Relations to objects whose category stands once in the scene. */
function relations(target: SceneObject, objects: readonly SceneObject[]): Claim[] {
  const { category, colour } = target;
  const once = objects
    .map((o) => o.category)
    .filter((name, _, all) => name !== category && all.filter((n) => n === name).length === 1);
  const pairs = once.flatMap((a, i) => once.slice(i + 1).map((b) => [a, b] as const));
  const said = RELATIONS.flatMap((name) =>
    (name === 'between' ? pairs : once.map((a) => [a] as const)).map((anchors) => ({
      name,
      anchors,
    })),
  );
  return said.flatMap((relation) => [
    { ...EMPTY, kind: 'relation' as const, category, relation },
    { ...EMPTY, kind: 'combination' as const, category, colour, relation },
  ]);
}

/** The objects that a claim holds for. */
function denoted(claim: Claim, seen: readonly Seen[], reading: Reading): readonly Seen[] {
  let found: readonly Seen[] = seen.filter(
    ({ object }) =>
      (claim.category === null || object.category === claim.category) &&
      (claim.colour === null || object.colour === claim.colour),
  );
  const { position, ordinal, relation } = claim;
  if (claim.size) found = bySize(found, claim.size);
  if (position) found = found.filter((s) => isAt(s, position, reading));
  if (ordinal) found = byOrder(found, ordinal);
  if (relation) found = byRelation(found, { relation, seen, reading });
  return found;
}

/** The one at the end of the sizes, when it is 1.5 times apart from the next; nothing otherwise. */
function bySize(found: readonly Seen[], size: 'small' | 'large'): readonly Seen[] {
  const sign = size === 'small' ? 1 : -1;
  const [first, second] = found.toSorted((a, b) => sign * (a.object.areaPx - b.object.areaPx));
  if (!first || !second) return [];
  const [less, more] = size === 'small' ? [first, second] : [second, first];
  return more.object.areaPx >= 1.5 * less.object.areaPx ? [first] : [];
}

function isAt({ x, y }: Seen, position: Position, reading: Reading): boolean {
  const edge = reading === 'strict' ? 0.38 : 0.52;
  const middle = reading === 'strict' ? 0.13 : 0.27;
  if (position === 'center') return Math.abs(x - 0.5) < middle && Math.abs(y - 0.5) < middle;
  const words = position.split(' ');
  return words.every((word) => {
    if (word === 'left') return x < edge;
    if (word === 'right') return x > 1 - edge;
    if (word === 'top' || word === 'upper') return y < edge;
    return y > 1 - edge;
  });
}

/** The nth from a side, of two or more that stand at least 0.06 apart along that axis. */
function byOrder(found: readonly Seen[], ordinal: { nth: number; from: Side }): readonly Seen[] {
  const vertical = ordinal.from === 'top' || ordinal.from === 'bottom';
  const sign = ordinal.from === 'left' || ordinal.from === 'top' ? 1 : -1;
  const along = (s: Seen): number => sign * (vertical ? s.y : s.x);
  const sorted = found.toSorted((a, b) => along(a) - along(b));
  const apart = sorted.every((s, i) => i === 0 || along(s) - along(sorted[i - 1]!) >= 0.06);
  const nth = sorted[ordinal.nth - 1];
  return sorted.length >= Math.max(2, ordinal.nth) && apart && nth ? [nth] : [];
}

interface Related {
  readonly relation: NonNullable<Claim['relation']>;
  readonly seen: readonly Seen[];
  readonly reading: Reading;
}

function byRelation(found: readonly Seen[], { relation, seen, reading }: Related): readonly Seen[] {
  if (found.length < 2) return [];
  const anchors = relation.anchors.map((name) => seen.find((s) => s.object.category === name)!);
  const [a, b] = anchors;
  const { name } = relation;
  if (!a) return [];
  if (name === 'nearest to') return nearest(found, a);
  if (name === 'between') return b ? found.filter((s) => isBetween(s, [a, b], reading)) : [];
  return found.filter((s) => isBeside(s, { anchor: a, name, reading }));
}

/** The nearest one, when the next is 1.3 times as far away, centre from centre, and farther from edge to edge. */
function nearest(found: readonly Seen[], anchor: Seen): readonly Seen[] {
  const far = (s: Seen): number => Math.hypot(s.x - anchor.x, s.y - anchor.y);
  const [first, second] = found.toSorted((p, q) => far(p) - far(q));
  if (!first || !second || far(second) < 1.3 * far(first)) return [];
  const gap = ({ object }: Seen) => gapOf(object.box, anchor.object.box);
  return found.every((s) => s === first || gap(s) > gap(first)) ? [first] : [];
}

/** Between the edges of two boxes, px; 0 where they meet. */
function gapOf(a: Box, b: Box): number {
  const along = (i: 0 | 1) => Math.max(0, a[i] - b[i + 2]!, b[i] - a[i + 2]!);
  return Math.hypot(along(0), along(1));
}

function isBetween(s: Seen, [a, b]: readonly [Seen, Seen], reading: Reading): boolean {
  const [ex, ey] = [b.x - a.x, b.y - a.y];
  const length = Math.hypot(ex, ey);
  const t = ((s.x - a.x) * ex + (s.y - a.y) * ey) / (length * length);
  const aside = Math.abs((s.x - a.x) * ey - (s.y - a.y) * ex) / length;
  return reading === 'strict'
    ? t > 0.25 && t < 0.75 && aside < 0.1
    : t > 0.05 && t < 0.95 && aside < 0.2;
}

function isBeside(
  s: Seen,
  to: { anchor: Seen; name: 'left of' | 'right of' | 'above' | 'below'; reading: Reading },
): boolean {
  const [dx, dy] = [s.x - to.anchor.x, s.y - to.anchor.y];
  const [along, across] = {
    'left of': [-dx, dy],
    'right of': [dx, dy],
    above: [-dy, dx],
    below: [dy, dx],
  }[to.name] as [number, number];
  return to.reading === 'strict'
    ? along > 0.08 && Math.abs(across) < along * 0.8
    : along > 0 && Math.abs(across) < along * 1.4;
}

/** A category, or a category in a colour, that the scene does not show. */
export function absentClaims(objects: readonly SceneObject[]): Claim[] {
  const missing = CATEGORY_NAMES.filter((name) => objects.every((o) => o.category !== name));
  const recoloured = objects.flatMap(({ category }) =>
    COLOUR_NAMES.filter((c) => objects.every((o) => o.category !== category || o.colour !== c)).map(
      (colour) => ({ ...EMPTY, kind: 'absent' as const, category, colour }),
    ),
  );
  return [
    ...missing.map((category) => ({ ...EMPTY, kind: 'absent' as const, category })),
    ...recoloured,
  ];
}
