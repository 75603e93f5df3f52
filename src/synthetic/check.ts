/**
 * The independent checker: reads an expression's TEXT back with a grammar of its own and looks for what it says in the
 * objects' MASKS. It shares no predicate with the code that made the expression; the thresholds of vague words lie
 * between that code's strict and loose ones.
 */
import { CATEGORY_NAMES, type CategoryName, categorySpec } from './categories.ts';
import { COLOUR_NAMES } from './colours.ts';
import type { Scene } from './scene.ts';

interface Fact {
  readonly id: number;
  readonly category: CategoryName;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  /** Of its box, as x and y. */
  readonly w: number;
  readonly h: number;
  readonly area: number;
}

const RELATION =
  /^(.+?) (?:(?:to the |on the )?(left|right) of|(above)|(below|under)|(nearest to|closest to)|(between)) the (.+)$/;
const POSITION =
  /^(.+?) (?:on|in|at) the (upper left|upper right|lower left|lower right|left|right|top|bottom|center|middle)(?: side)?$/;
const ORDINAL = /^(first|second|third) (.+) from the (left|right|top|bottom)$/;
const END = /^(left|right|top|bottom)most (.+)$/;

/** The ids of all objects that the text holds for; null when the text is not in the grammar. */
export function referents(text: string, scene: Scene): number[] | null {
  const facts = factsOf(scene);
  const found = resolve(text.toLowerCase().replace(/\.$/, ''), facts);
  return found ? found.map((f) => f.id) : null;
}

/** Centres and areas measured on the masks, centre in 0..1 of the side. */
function factsOf(scene: Scene): Fact[] {
  const { widthPx: w, heightPx: h } = scene.image;
  return scene.objects.map(({ id, category, colour, mask }) => {
    const xs: number[] = [];
    const ys: number[] = [];
    mask.forEach((value, i) => {
      if (value !== 1) return;
      xs.push(i % w);
      ys.push(Math.floor(i / w));
    });
    const extent = (values: number[], side: number) => {
      const first = values.reduce((a, b) => Math.min(a, b));
      const last = values.reduce((a, b) => Math.max(a, b)) + 1;
      return { middle: (first + last) / 2 / side, length: (last - first) / side };
    };
    const [across, down] = [extent(xs, w), extent(ys, h)];
    const place = { x: across.middle, y: down.middle, w: across.length, h: down.length };
    return { id, category, colour, ...place, area: xs.length };
  });
}

function resolve(text: string, facts: Fact[]): Fact[] | null {
  const useful = CATEGORY_NAMES.find((name) => categorySpec(name).functions.includes(text));
  if (useful) return facts.filter((f) => f.category === useful);
  const said = text.replace(/ of the image$/, '').replace(/^(the|an?) /, '');
  const end = END.exec(said);
  if (end) return inOrder(resolve(end[2]!, facts), 1, end[1]!);
  const order = ORDINAL.exec(said);
  if (order) {
    const nth = ['first', 'second', 'third'].indexOf(order[1]!) + 1;
    return inOrder(resolve(order[2]!, facts), nth, order[3]!);
  }
  const relation = RELATION.exec(said);
  if (relation && !/ of the image$/.test(text)) return related(relation, facts);
  const place = POSITION.exec(said);
  if (place) return resolve(place[1]!, facts)?.filter((f) => liesIn(f, place[2]!)) ?? null;
  return named(said, facts);
}

/** "[size] [colour] noun", "noun that is colour", "noun in colour". */
function named(said: string, facts: Fact[]): Fact[] | null {
  const size = /^(smallest|small|little|largest|large|big) (.+)$/.exec(said);
  if (size) {
    const found = named(size[2]!, facts);
    if (!found || found.length < 2) return found ? [] : null;
    const areas = found.map((f) => f.area);
    const wanted = /^(small|little)/.test(size[1]!) ? Math.min(...areas) : Math.max(...areas);
    return found.filter((f) => f.area === wanted);
  }
  const after = /^(.+) (?:that is|in) (\w+)$/.exec(said);
  const before = /^(\w+) (.+)$/.exec(said);
  for (const [noun, colour] of [
    [after?.[1], after?.[2]],
    [before?.[2], before?.[1]],
  ]) {
    if (!noun || !COLOUR_NAMES.some((c) => c === colour)) continue;
    return named(noun, facts)?.filter((f) => f.colour === colour) ?? null;
  }
  if (said === 'object' || said === 'thing') return facts;
  const category = CATEGORY_NAMES.find((name) => categorySpec(name).names.includes(said));
  return category ? facts.filter((f) => f.category === category) : null;
}

function inOrder(found: Fact[] | null, nth: number, from: string): Fact[] | null {
  if (!found) return null;
  const key = from === 'left' || from === 'right' ? 'x' : 'y';
  const sorted = found.toSorted((a, b) => a[key] - b[key]);
  if (from === 'right' || from === 'bottom') sorted.reverse();
  const nthFound = sorted[nth - 1];
  return nthFound ? sorted.filter((f) => f[key] === nthFound[key]) : [];
}

function liesIn({ x, y }: Fact, place: string): boolean {
  if (place === 'center' || place === 'middle') {
    return Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)) < 0.25;
  }
  const row = /upper|top/.test(place) ? y < 0.5 : /lower|bottom/.test(place) ? y > 0.5 : true;
  const column = place.endsWith('left') ? x < 0.5 : place.endsWith('right') ? x > 0.5 : true;
  return row && column;
}

function related(match: RegExpExecArray, facts: Fact[]): Fact[] | null {
  const [, subject, side, above, below, close] = match;
  const found = resolve(subject!, facts);
  const anchors = match[7]!.split(' and the ').map((noun) => named(noun, facts));
  if (!found || anchors.some((a) => a?.length !== 1)) return null;
  const [a, b] = anchors.map((list) => list![0]!);
  if (!a) return null;
  const others = found.filter((f) => f !== a && f !== b);
  if (close) {
    // From centre to centre or from edge to edge: whoever is nearest by either.
    const apart = (p: number, q: number, reach: number) => Math.max(0, Math.abs(p - q) - reach);
    const away = [(f: Fact) => Math.hypot(f.x - a.x, f.y - a.y)];
    away.push((f) =>
      Math.hypot(apart(f.x, a.x, (f.w + a.w) / 2), apart(f.y, a.y, (f.h + a.h) / 2)),
    );
    return others.filter((f) => away.some((of) => of(f) <= Math.min(...others.map(of)) + 1e-9));
  }
  if (b) return others.filter((f) => standsBetween(f, a, b));
  return others.filter((f) => {
    const angle = Math.atan2(f.y - a.y, f.x - a.x);
    const wanted =
      side === 'left'
        ? Math.PI
        : side === 'right'
          ? 0
          : above
            ? -Math.PI / 2
            : below
              ? Math.PI / 2
              : Number.NaN;
    return Math.cos(angle - wanted) >= Math.SQRT1_2;
  });
}

/** Inside the strip of half width 0.15 around the segment, off its outer sixths. */
function standsBetween(f: Fact, a: Fact, b: Fact): boolean {
  const turn = Math.atan2(b.y - a.y, b.x - a.x);
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const along = (f.x - a.x) * Math.cos(turn) + (f.y - a.y) * Math.sin(turn);
  const across = (f.y - a.y) * Math.cos(turn) - (f.x - a.x) * Math.sin(turn);
  return along > length / 6 && along < (length * 5) / 6 && Math.abs(across) < 0.15;
}
