import type { Box } from '../tensor/image.ts';
import { categorySpec } from './categories.ts';
import { absentClaims, type Claim, type ClaimScene, claimsAbout, type Position } from './claims.ts';
import type { Random } from './random.ts';
import type { Kind } from './stages.ts';

/** A referring expression: true of exactly the target, or of nothing (`absent`: target and box null). */
export interface Expression {
  readonly text: string;
  readonly kind: Kind;
  readonly targetId: number | null;
  /** The target's box, xyxy px, far edge exclusive. */
  readonly box: Box | null;
}

/** At most so many expressions of one kind about one object. */
const PER_KIND = 2;
const ABSENT_PER_SCENE = 2;

/** Words every object of a scene in the ways the stage's kinds allow, by chance among what is true and unique. */
export function sayExpressions(scene: ClaimScene & { random: Random }): Expression[] {
  const { objects, kinds, random } = scene;
  const said: Expression[] = [];
  for (const target of objects) {
    const claims = random.shuffle(claimsAbout(target, scene));
    for (const kind of kinds) {
      for (const claim of claims.filter((c) => c.kind === kind).slice(0, PER_KIND)) {
        said.push({ text: word(claim, random), kind, targetId: target.id, box: target.box });
      }
    }
  }
  if (kinds.includes('absent')) {
    for (const claim of random.shuffle(absentClaims(objects)).slice(0, ABSENT_PER_SCENE)) {
      said.push({ text: word(claim, random), kind: 'absent', targetId: null, box: null });
    }
  }
  return said;
}

const SIZE_WORDS = { small: ['small', 'smallest', 'little'], large: ['large', 'largest', 'big'] };
const ORDINAL_WORDS = ['first', 'second', 'third'] as const;
const END_WORDS = { left: 'leftmost', right: 'rightmost', top: 'topmost', bottom: 'bottommost' };
const RELATION_WORDS = {
  'left of': ['to the left of', 'left of', 'on the left of'],
  'right of': ['to the right of', 'right of', 'on the right of'],
  above: ['above'],
  below: ['below', 'under'],
  'nearest to': ['nearest to', 'closest to'],
  between: ['between'],
} as const;

/** One wording of a claim, in RRSIS-D's manner: articles, capitals and full stops come and go. */
export function word(claim: Claim, random: Random): string {
  const bare = claim.byFunction ? wordFunction(claim, random) : wordPhrase(claim, random);
  const started = random.chance(0.3) ? bare[0]!.toUpperCase() + bare.slice(1) : bare;
  return random.chance(0.2) ? `${started}.` : started;
}

function wordFunction(claim: Claim, random: Random): string {
  return random.pick(categorySpec(claim.category!).functions);
}

function wordPhrase(claim: Claim, random: Random): string {
  const noun = claim.category
    ? nameOf(claim.category, random)
    : random.pick(['object', 'thing'] as const);
  const after = claim.colour !== null && random.chance(0.2);
  const article = random.pick(['the', 'the', 'a', ''] as const);
  const words = [
    claim.size ? random.pick(SIZE_WORDS[claim.size]) : '',
    claim.colour && !after ? claim.colour : '',
    noun,
    claim.colour && after ? `${random.pick(['that is', 'in'] as const)} ${claim.colour}` : '',
  ];
  const { ordinal, relation } = claim;
  if (ordinal) return wordOrdinal({ noun, ordinal, random });
  if (claim.position) words.push(wordPosition(claim.position, random));
  if (relation) {
    const anchors = relation.anchors.map((name) => `the ${nameOf(name, random)}`);
    words.push(random.pick(RELATION_WORDS[relation.name]), anchors.join(' and '));
  }
  return withArticle(article, words.filter((part) => part !== '').join(' '));
}

/** "an airplane", and "the largest ship": there is one largest. */
function withArticle(article: 'the' | 'a' | '', phrase: string): string {
  if (article === '') return phrase;
  if (article === 'the' || /^(smallest|largest) /.test(phrase)) return `the ${phrase}`;
  return /^[aeiou]/.test(phrase) ? `an ${phrase}` : `a ${phrase}`;
}

/** The canonical name twice as often as all the others together. */
function nameOf(category: NonNullable<Claim['category']>, random: Random): string {
  const { names } = categorySpec(category);
  return random.chance(0.65) ? names[0] : random.pick(names);
}

function wordOrdinal(about: {
  noun: string;
  ordinal: NonNullable<Claim['ordinal']>;
  random: Random;
}): string {
  const { nth, from } = about.ordinal;
  if (nth === 1 && about.random.chance(0.6)) return `the ${END_WORDS[from]} ${about.noun}`;
  return `the ${ORDINAL_WORDS[nth - 1]} ${about.noun} from the ${from}`;
}

function wordPosition(position: Position, random: Random): string {
  const of = random.pick(['', ' of the image', ''] as const);
  if (position === 'center') return `in the ${random.pick(['center', 'middle'] as const)}${of}`;
  if (position === 'left' || position === 'right') {
    return `on the ${position}${random.pick(['', ' side'] as const)}${of}`;
  }
  if (position === 'top' || position === 'bottom') return `at the ${position}${of}`;
  return `${random.pick(['on', 'in'] as const)} the ${position}${of}`;
}
